/** `netlog scan`: takes messages with a scanner, and shows them or has a command work on each. */
import type { Delivery, Scanner } from "../../lib/client/index.ts";
import { type Command, EXIT, writeAll } from "../cli/command.ts";
import type { OptionTable } from "../cli/option.ts";
import { type StopWatch, watchStopSignals } from "../cli/signals.ts";
import { UsageError } from "../cli/usage-error.ts";
import { type ClientCall, clientCommand, oneOperand } from "./call/client-command.ts";
import { countFlag, durationFlag, type Optional, switchFlag, textFlag } from "./call/flags.ts";
import { warn, warnOfRetry } from "./call/warn.ts";
import { endText, NOT_RUN, runJob } from "./job.ts";
import { FORMAT_DETAILS, FORMAT_OPTIONS, type FormatOptions, showMessages } from "./output/message-format.ts";
import { styleFor } from "./output/style.ts";
import { openScanner, SCANNER_FLAGS, type ScannerFlags } from "./scan-scanner.ts";

interface ScanOptions extends ScannerFlags, FormatOptions {
  readonly exec: Optional<string>;
  readonly ack: boolean;
  readonly count: Optional<number>;
  readonly wait: Optional<number>;
  readonly jobs: Optional<number>;
  readonly retryDelay: Optional<number>;
}

const RETRY_DELAY_MS = 1000;
const MAX_JOBS = 1000;

const SCAN_OPTIONS: OptionTable<ScanOptions> = {
  ...SCANNER_FLAGS,
  exec: textFlag(
    "exec",
    "<command>",
    "Run this by the shell for each message, and acknowledge it when that ends with 0",
    "a command for the shell",
  ),
  ack: switchFlag(
    "ack",
    "Acknowledge each message: when it was shown, or when its command has succeeded, as --exec does anyway",
  ),
  count: countFlag("count", "End after so many messages"),
  wait: durationFlag("wait", "End when no message came for so long; 0 ends when there is none"),
  jobs: countFlag("jobs", "Commands that run at the same time; 1 when nothing is said", { max: MAX_JOBS }),
  retryDelay: durationFlag(
    "retry_delay",
    "How much later a message whose command failed is given out again; 1s when nothing is said",
  ),
  ...FORMAT_OPTIONS,
};

export const scanCommand: Command = clientCommand<ScanOptions>({
  usage: "--id <scanner> [flags] <topic>",
  details: [
    "  netlog scan jobs --id workers --exec ./work.sh             as many of these as you like, wherever you like\n" +
      "  netlog scan jobs --id workers --exec ./work.sh --wait 0s   until there is no more to do\n" +
      "  netlog scan jobs --id me --ack --count 1                   one message, acknowledged when it was shown",
    "The command has the payload on its standard input, and NETLOG_TOPIC, NETLOG_SCANNER, NETLOG_OFFSET,\n" +
      "NETLOG_TIMESTAMP and NETLOG_DELIVERY (1 the first time) in its environment; NETLOG_KEY, NETLOG_CONTENT_TYPE and\n" +
      "NETLOG_HEADER_X_META_<NAME>, too, where the message has them. Ending with status 0 acknowledges the\n" +
      "message; anything else gives it back. While it runs the message stays its own, however long that is. Status 126 or\n" +
      "127, the shell's for a command that cannot be run, also ends netlog scan, with status 1.",
    "A scanner that is missing is made: with acknowledgements where --exec, --ack or a flag for those is given. Without\n" +
      "--exec and --ack, a scanner with acknowledgements gives what was shown out again, later.",
    FORMAT_DETAILS,
    "SIGINT and SIGTERM let the running command end, and then end with status 0; a second signal ends at once. Status 5\n" +
      "says that no message came within --wait, 1 that a command failed. With --exec --json each job is a line\n" +
      '{"offset","delivery","ok","status","signal"}.',
  ],
  options: SCAN_OPTIONS,
  async run(call) {
    const { id, exec, ack } = call.options;
    const topic = call.netlog.topic(oneOperand(call, "the topic"));
    requireFitting(call.options);
    if (id === null) throw new UsageError("scan needs --id <scanner>, a name for the place in the topic");
    const { scanner, madeFrom } = await openScanner(topic, id, call.options, ack || exec !== null);
    if (madeFrom !== undefined) {
      warn(call.stderr, `made the scanner ${id} of ${topic.name}; it begins at offset ${madeFrom}`);
    }
    const stop = watchStopSignals();
    try {
      return await (exec === null ? show(call, scanner, stop) : work(call, scanner, exec, stop));
    } finally {
      stop.end();
    }
  },
});

/** A flag that would do nothing is a mistake. */
function requireFitting({ exec, jobs, retryDelay, format, meta, headers }: ScanOptions): void {
  if (exec === null && (jobs !== null || retryDelay !== null)) {
    throw new UsageError("--jobs and --retry-delay are for --exec");
  }
  if (exec !== null && (format !== null || meta || headers)) {
    throw new UsageError(
      "--format, --meta and --headers are for messages that are shown, and --exec shows none",
    );
  }
}

async function show(call: ClientCall<ScanOptions>, scanner: Scanner, stop: StopWatch): Promise<number> {
  const { options, stdout, stderr, environment } = call;
  const text = showMessages(options, stdout, styleFor(stdout, environment));
  let count = 0;
  call.endWhenUnread?.();
  const messages = scanner.messages({
    ack: options.ack ? "after" : "manual",
    waitMs: options.wait ?? undefined,
    signal: stop.signal,
    onRetry: warnOfRetry(stderr),
  });
  for await (const message of messages) {
    warnOfSkipped(call, message);
    // What is acknowledged must have been shown.
    await writeAll(stdout, text([message]));
    count++;
    if (count !== options.count) continue;
    if (options.ack) await message.ack();
    break;
  }
  return count === 0 && stop.received === undefined ? EXIT.nothing : EXIT.ok;
}

async function work(
  call: ClientCall<ScanOptions>,
  scanner: Scanner,
  command: string,
  stop: StopWatch,
): Promise<number> {
  const { options, stderr, environment } = call;
  const retryDelayMs = options.retryDelay ?? RETRY_DELAY_MS;
  const place = { command, topic: scanner.topicName, scanner: scanner.id, environment };
  const hopeless = new AbortController();
  const signal = AbortSignal.any([stop.signal, hopeless.signal]);
  let begun = 0;
  let failed = 0;
  const handle = async (message: Delivery): Promise<void> => {
    warnOfSkipped(call, message);
    begun++;
    const end = await runJob(place, message);
    const ok = end.status === 0;
    const { offset, delivery } = message;
    if (options.json) call.stdout.write(`${JSON.stringify({ offset, delivery, ok, ...end })}\n`);
    if (ok) return;
    if (NOT_RUN.includes(end.status)) {
      hopeless.abort();
      await message.nack();
    }
    throw new Error(`the command for offset ${offset}, delivery ${delivery}, ended with ${endText(end)}`);
  };
  await scanner.work(handle, {
    concurrency: options.jobs ?? 1,
    count: options.count ?? undefined,
    retryDelayMs,
    waitMs: options.wait ?? undefined,
    signal,
    onError: (error) => {
      failed++;
      warn(stderr, error instanceof Error ? error.message : String(error));
    },
    onLeaseLost: ({ offset }) =>
      warn(stderr, `the lease of offset ${offset} ended before its command did; it is given out again`),
    onRetry: warnOfRetry(stderr),
  });
  if (hopeless.signal.aborted) return EXIT.failed;
  if (stop.received !== undefined) return EXIT.ok;
  if (failed > 0) return EXIT.failed;
  return begun === 0 ? EXIT.nothing : EXIT.ok;
}

function warnOfSkipped({ stderr }: ClientCall<ScanOptions>, { skipped, offset }: Delivery): void {
  if (skipped > 0) warn(stderr, `${skipped} messages before offset ${offset} were dropped by retention`);
}
