/** `netlog scanners` and `netlog seek`: where the readers of a topic are, and how to move or delete one. */
import type { Offset, PendingMessage, Scanner, ScannerDescription } from "../../lib/client/index.ts";
import { type Command, EXIT, writeAll } from "../cli/command.ts";
import { UsageError } from "../cli/usage-error.ts";
import { type ClientCall, clientCommand, oneOperand } from "./call/client-command.ts";
import { type Optional, offsetFlag, textFlag } from "./call/flags.ts";
import { ageText, countText, NONE } from "./output/figures.ts";
import { styleFor } from "./output/style.ts";
import { type Column, tableText } from "./output/table.ts";

interface ScannersOptions {
  readonly pending: Optional<string>;
  readonly delete: Optional<string>;
}

interface SeekOptions {
  readonly id: Optional<string>;
  readonly to: Optional<Offset>;
}

export const scannersCommand: Command = clientCommand<ScannersOptions>({
  usage: "[flags] <topic>",
  details: [
    "NEXT is the offset of the message to be given next, LAG how many messages are from there on, PENDING how many are\n" +
      "given out and not acknowledged, OLDEST how long the oldest of those is out, AGAIN how often messages were given\n" +
      "out once more, DEAD how many went to the dead letter. `netlog scan` makes scanners, `netlog seek` moves them.",
    "With --pending a line for each message given out and not acknowledged. STATE is leased; delayed by a nack; due for\n" +
      "the next scan; or dying, on its way to the dead letter. DUE is when the lease or the delay ends.",
    "With --json each scanner or message is a line, in the server's words.",
  ],
  options: {
    pending: textFlag(
      "pending",
      "<id>",
      "List what the scanner of this id has given out",
      "the id of a scanner",
    ),
    delete: textFlag("delete", "<id>", "Delete the scanner of this id", "the id of a scanner"),
  },
  async run(call) {
    const { pending } = call.options;
    const topic = call.netlog.topic(oneOperand(call, "the topic"));
    if (pending !== null && call.options.delete !== null) throw new UsageError("take --pending or --delete");
    if (pending !== null) return await printPending(call, topic.scanner(pending));
    if (call.options.delete === null) return await printScanners(call, await topic.scanners());
    await topic.scanner(call.options.delete).delete();
    const json = JSON.stringify({ id: call.options.delete, deleted: true });
    call.stdout.write(`${call.options.json ? json : `deleted ${call.options.delete} of ${topic.name}`}\n`);
    return EXIT.ok;
  },
});

export const seekCommand: Command = clientCommand<SeekOptions>({
  usage: "--id <scanner> --to <offset> <topic>",
  details: [
    "Leases end; what was acknowledged from there on is forgotten, and what is before it counts as acknowledged.",
    "  netlog seek jobs --id workers --to beginning\n  netlog seek jobs --id workers --to 1h",
    "With --json the scanner is a line, in the server's words.",
  ],
  options: {
    id: textFlag("id", "<scanner>", "Which scanner", "the id of a scanner"),
    to: offsetFlag("to", "Where it goes on"),
  },
  async run(call) {
    const { id, to } = call.options;
    const topic = call.netlog.topic(oneOperand(call, "the topic"));
    if (id === null || to === null) throw new UsageError("seek needs --id <scanner> and --to <offset>");
    return await printScanners(call, [await topic.scanner(id).seek(to)]);
  },
});

const COLUMNS: readonly Column[] = [
  { title: "SCANNER" },
  { title: "ACK" },
  { title: "NEXT", isNumber: true },
  { title: "LAG", isNumber: true },
  { title: "PENDING", isNumber: true },
  { title: "OLDEST", isNumber: true },
  { title: "AGAIN", isNumber: true },
  { title: "DEAD", isNumber: true },
  { title: "LAST SCAN", isNumber: true },
];

async function printScanners(
  { options, stdout, environment }: ClientCall<object>,
  scanners: readonly ScannerDescription[],
): Promise<number> {
  const text = options.json
    ? scanners.map((scanner) => `${JSON.stringify(scanner)}\n`).join("")
    : tableText(COLUMNS, scanners.map(cellsOf), styleFor(stdout, environment));
  await writeAll(stdout, text);
  return EXIT.ok;
}

const PENDING_COLUMNS: readonly Column[] = [
  { title: "OFFSET", isNumber: true },
  { title: "DELIVERIES", isNumber: true },
  { title: "STATE" },
  { title: "DUE" },
];

/** All of them, which the server lists piece by piece. */
async function printPending(
  { options, stdout, environment }: ClientCall<object>,
  scanner: Scanner,
): Promise<number> {
  const all: PendingMessage[] = [];
  for (;;) {
    const some = await scanner.pending({ after: all.at(-1)?.offset });
    if (some.length === 0) break;
    all.push(...some);
  }
  const cells = all.map(({ offset, deliveries, state, due }) => [
    countText(offset),
    countText(deliveries),
    state,
    due ?? NONE,
  ]);
  const text = options.json
    ? all.map((message) => `${JSON.stringify(message)}\n`).join("")
    : tableText(PENDING_COLUMNS, cells, styleFor(stdout, environment));
  await writeAll(stdout, text);
  return EXIT.ok;
}

function cellsOf(scanner: ScannerDescription): string[] {
  const { id, ack, next, lag, pending, oldest_pending, redelivered, dead_lettered, last_scan } = scanner;
  return [
    id,
    ack,
    countText(next),
    countText(lag),
    countText(pending),
    oldest_pending ?? NONE,
    countText(redelivered),
    countText(dead_lettered),
    last_scan === null ? NONE : `${ageText(last_scan, Date.now())} ago`,
  ];
}
