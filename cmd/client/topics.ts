/** `netlog topics`: a line for each topic, once or again and again. */
import { setTimeout } from "node:timers/promises";
import { type Command, EXIT, type Output, writeAll } from "../cli/command.ts";
import { formatBytes } from "../cli/figures.ts";
import { UsageError } from "../cli/usage-error.ts";
import { type ClientCall, clientCommand } from "./call/client-command.ts";
import { durationFlag, type Optional, switchFlag } from "./call/flags.ts";
import { ageText, countText, NONE, rateText } from "./output/figures.ts";
import { styleFor } from "./output/style.ts";
import { type Column, tableText } from "./output/table.ts";
import { readFigures, type TopicFigures, withRates } from "./topic-figures.ts";

interface TopicsOptions {
  readonly names: boolean;
  readonly watch: boolean;
  readonly interval: Optional<number>;
}

const DEFAULT_INTERVAL_MS = 2000;
const MIN_INTERVAL_MS = 100;

const CLEAR = "\x1b[2J";
const HOME = "\x1b[H";
const CLEAR_TO_LINE_END = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";
/** For a terminal that does not say how high it is. */
const DEFAULT_ROWS = 24;

export const topicsCommand: Command = clientCommand<TopicsOptions>({
  usage: "[flags] [topic...]",
  details: [
    "All topics that one may read, or those that are named. RATE is messages a second, of the last minute; with\n" +
      "--watch, since the look before. AGE is that of the last write. LAG is that of the scanner that is furthest\n" +
      "behind. A topic that is closed says so in the place of its rate.",
    'With --json each topic is a line {"topic","first_offset","next_offset","messages","disk_size","rate","mod_time",\n' +
      '"scanners","lag"}, with "closed":true for one that is closed, or {"topic","error"} for one that cannot be served.',
  ],
  options: {
    names: switchFlag("names", "Names alone, a line each"),
    watch: switchFlag("watch", "Look again and again, until it is stopped"),
    interval: durationFlag("interval", "Time between two looks of --watch; 2s when nothing is said", {
      min: MIN_INTERVAL_MS,
    }),
  },
  async run(call) {
    const { names, watch: isWatch, interval } = call.options;
    if (interval !== null && !isWatch) throw new UsageError("--interval is for --watch");
    if (names && (isWatch || call.operands.length > 0)) {
      throw new UsageError("--names lists the names of all topics, once");
    }
    if (names) return await listNames(call);
    return await (isWatch ? watch(call) : look(call));
  },
});

async function listNames({ netlog, options, stdout }: ClientCall<TopicsOptions>): Promise<number> {
  const names = await netlog.topics();
  const lines = options.json ? names.map((name) => JSON.stringify({ topic: name })) : names;
  await writeAll(stdout, lines.map((line) => `${line}\n`).join(""));
  return EXIT.ok;
}

async function look(call: ClientCall<TopicsOptions>): Promise<number> {
  const all = await readFigures(call.netlog, call.operands);
  await writeAll(call.stdout, figuresText(call, all));
  return EXIT.ok;
}

async function watch(call: ClientCall<TopicsOptions>): Promise<never> {
  const screen = new Screen(call.stdout);
  let before: readonly TopicFigures[] = [];
  for (;;) {
    const all = withRates(before, await readFigures(call.netlog, call.operands));
    before = all;
    await screen.show(figuresText(call, all));
    await setTimeout(call.options.interval ?? DEFAULT_INTERVAL_MS);
  }
}

function figuresText(
  { options, stdout, environment }: ClientCall<TopicsOptions>,
  all: readonly TopicFigures[],
): string {
  if (options.json) return all.map((figures) => `${JSON.stringify(jsonOf(figures))}\n`).join("");
  return tableText(COLUMNS, all.map(cellsOf), styleFor(stdout, environment));
}

function jsonOf(figures: TopicFigures): object {
  if (!figures.isServed) return { topic: figures.topic, error: figures.reason };
  const { firstOffset, nextOffset, diskSizeBytes, rate, modifiedAt, scanners, lag, topic, isClosed } =
    figures;
  return {
    topic,
    ...(isClosed ? { closed: true } : {}),
    first_offset: firstOffset,
    next_offset: nextOffset,
    messages: nextOffset - firstOffset,
    disk_size: diskSizeBytes,
    rate: Math.round(rate * 1000) / 1000,
    mod_time: modifiedAt,
    scanners,
    lag,
  };
}

const COLUMNS: readonly Column[] = [
  { title: "TOPIC" },
  { title: "MESSAGES", isNumber: true },
  { title: "SIZE", isNumber: true },
  { title: "RATE", isNumber: true },
  { title: "AGE", isNumber: true },
  { title: "SCANNERS", isNumber: true },
  { title: "LAG", isNumber: true },
];

function cellsOf(figures: TopicFigures): string[] {
  const { topic } = figures;
  if (!figures.isServed) return [topic, NONE, NONE, NONE, NONE, NONE, `not served: ${figures.reason}`];
  const { firstOffset, nextOffset, diskSizeBytes, rate, modifiedAt, readAtMs, scanners, lag } = figures;
  return [
    topic,
    countText(nextOffset - firstOffset),
    formatBytes(diskSizeBytes),
    figures.isClosed ? "closed" : rateText(rate),
    ageText(modifiedAt, readAtMs),
    countText(scanners),
    lag === null ? NONE : countText(lag),
  ];
}

/** Text that is shown anew in place on a terminal, and one below the other where there is none. */
class Screen {
  readonly #output: Output;
  #isCleared = false;

  constructor(output: Output) {
    this.#output = output;
  }

  /** `text` ends with a line end. Lines that do not fit are left out, and counted. */
  async show(text: string): Promise<void> {
    if (this.#output.isTTY !== true) return await writeAll(this.#output, text);
    const lines = text.trimEnd().split("\n");
    const lineLimit = (this.#output.rows || DEFAULT_ROWS) - 1;
    const shown = lines.length <= lineLimit ? lines : lines.slice(0, lineLimit - 1);
    if (shown.length < lines.length) shown.push(`… and ${lines.length - shown.length} more`);
    const begin = this.#isCleared ? HOME : `${CLEAR}${HOME}`;
    this.#isCleared = true;
    // Line by line over the old ones: a screen that is cleared first flickers.
    const drawn = shown.map((line) => `${line}${CLEAR_TO_LINE_END}\n`).join("");
    await writeAll(this.#output, `${begin}${drawn}${CLEAR_BELOW}`);
  }
}
