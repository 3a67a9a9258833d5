/** `netlog bench`: a quick load on a server, with a live line. */
import { randomBytes } from "node:crypto";
import type { Durability, Topic } from "../../lib/client/index.ts";
import { type Command, EXIT } from "../cli/command.ts";
import { formatBytes } from "../cli/figures.ts";
import type { OptionTable } from "../cli/option.ts";
import { ProgressBar } from "../cli/progress-bar.ts";
import { statusOf, watchStopSignals } from "../cli/signals.ts";
import { UsageError } from "../cli/usage-error.ts";
import { type BenchLoad, type Measured, publishLoad, readLoad } from "./bench-load.ts";
import { type ClientCall, clientCommand } from "./call/client-command.ts";
import { choiceFlag, countFlag, durationFlag, type Optional, switchFlag } from "./call/flags.ts";
import { countText, NONE } from "./output/figures.ts";
import { styleFor } from "./output/style.ts";
import { type Column, tableText } from "./output/table.ts";

interface BenchOptions {
  readonly duration: Optional<number>;
  readonly publishers: Optional<number>;
  readonly size: Optional<number>;
  readonly batch: Optional<number>;
  readonly durability: Optional<Durability>;
  readonly keep: boolean;
}

const DEFAULTS = { durationMs: 5000, publishers: 16, sizeBytes: 100, batch: 1 };
const MAX_SIZE_BYTES = 1024 * 1024;
const MAX_PUBLISHERS = 10_000;
const MAX_BATCH = 65_536;

const BENCH_OPTIONS: OptionTable<BenchOptions> = {
  duration: durationFlag("duration", "How long to publish", { min: 1, fallback: "5s" }),
  publishers: countFlag("publishers", "Requests in flight at the same time", {
    max: MAX_PUBLISHERS,
    fallback: String(DEFAULTS.publishers),
  }),
  size: {
    ...countFlag("size", "Bytes of a message", { max: MAX_SIZE_BYTES, fallback: String(DEFAULTS.sizeBytes) }),
    placeholder: "<bytes>",
  },
  batch: countFlag("batch", "Messages of a request", { max: MAX_BATCH, fallback: String(DEFAULTS.batch) }),
  durability: choiceFlag("durability", "What an answer waits for", ["synced", "written"]),
  keep: switchFlag("keep", "Leave the topic that was made for this"),
};

export const benchCommand: Command = clientCommand<BenchOptions>({
  usage: "[flags] [topic]",
  details: [
    "Makes a topic bench-<number>, publishes for a while, reads everything back, prints what came of it and deletes the\n" +
      "topic; one that is named must be there, and stays. Latencies are those of whole requests.",
    "  netlog bench\n  netlog bench --publishers 64 --durability written\n  netlog bench --batch 1000",
    "One process of Node asks here, and takes its share of the machine: this shows what a client like it gets. For\n" +
      'figures of the server alone see `npm run bench`. With --json each phase is a line {"phase","messages",\n' +
      '"requests","seconds","messages_per_second","bytes_per_second","p50_ms","p99_ms","max_ms"}.',
  ],
  options: BENCH_OPTIONS,
  async run(call) {
    const [named, ...more] = call.operands;
    if (named !== undefined) return await bench(call, call.netlog.topic(named), more);
    const topic = await call.netlog.createTopic(`bench-${Date.now()}`);
    try {
      return await bench(call, topic, more);
    } finally {
      if (!call.options.keep) await topic.delete({ force: true });
    }
  },
});

async function bench(call: ClientCall<BenchOptions>, topic: Topic, more: readonly string[]): Promise<number> {
  const { options, stderr } = call;
  if (more.length > 0) throw new UsageError(`unexpected argument "${more[0]}"`);
  const stop = watchStopSignals();
  const sizeBytes = options.size ?? DEFAULTS.sizeBytes;
  const load: BenchLoad = {
    topic,
    durationMs: options.duration ?? DEFAULTS.durationMs,
    publishers: options.publishers ?? DEFAULTS.publishers,
    batch: options.batch ?? DEFAULTS.batch,
    // Random: compression would make a constant payload tiny.
    payload: randomBytes(sizeBytes),
    durability: options.durability ?? undefined,
    signal: stop.signal,
  };
  try {
    const from = await topic.offsetOf("end");
    const publishing = new ProgressBar(stderr, "publish");
    const published = await publishLoad(load, (messages) =>
      publishing.update(messages, undefined, "", MESSAGES),
    );
    publishing.clear();
    const reading = new ProgressBar(stderr, "read");
    const read = await readLoad(load, from, published.messages, (messages) =>
      reading.update(messages, published.messages, "", MESSAGES),
    );
    reading.clear();
    tell(call, [published, read], sizeBytes);
    return stop.received === undefined ? EXIT.ok : statusOf(stop.received);
  } finally {
    stop.end();
  }
}

const MESSAGES = { format: countText, noun: " messages" };

const COLUMNS: readonly Column[] = [
  { title: "PHASE" },
  { title: "MESSAGES", isNumber: true },
  { title: "REQUESTS", isNumber: true },
  { title: "SECONDS", isNumber: true },
  { title: "MESSAGES/S", isNumber: true },
  { title: "BYTES/S", isNumber: true },
  { title: "P50 MS", isNumber: true },
  { title: "P99 MS", isNumber: true },
  { title: "MAX MS", isNumber: true },
];

function tell(
  { options, stdout, environment }: ClientCall<BenchOptions>,
  phases: readonly Measured[],
  sizeBytes: number,
): void {
  const rows = phases.map((phase) => figuresOf(phase, sizeBytes));
  const text = options.json
    ? rows.map((row) => `${JSON.stringify(row)}\n`).join("")
    : tableText(COLUMNS, rows.map(cellsOf), styleFor(stdout, environment));
  stdout.write(text);
}

type Figures = ReturnType<typeof figuresOf>;

function figuresOf({ phase, messages, latenciesMs, seconds }: Measured, sizeBytes: number) {
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const quantile = (share: number): number | null => {
    const latency = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    return latency === undefined ? null : rounded(latency);
  };
  return {
    phase,
    messages,
    requests: sorted.length,
    seconds: rounded(seconds),
    messages_per_second: Math.round(messages / seconds),
    bytes_per_second: Math.round((messages * sizeBytes) / seconds),
    p50_ms: quantile(0.5),
    p99_ms: quantile(0.99),
    max_ms: quantile(1),
  };
}

function cellsOf(figures: Figures): string[] {
  return [
    figures.phase,
    countText(figures.messages),
    countText(figures.requests),
    String(figures.seconds),
    countText(figures.messages_per_second),
    formatBytes(figures.bytes_per_second),
    ...[figures.p50_ms, figures.p99_ms, figures.max_ms].map((ms) => (ms === null ? NONE : String(ms))),
  ];
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
