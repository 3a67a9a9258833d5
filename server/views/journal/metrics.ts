/** The journal's figures under upstream's names, so that its dashboards go on working, and a few of ours. */
import { Counter, Gauge, Registry, Summary } from "prom-client";
import type { ViewFigures } from "../../../lib/views/index.ts";
import type { TelemetryNotes } from "../../../lib/views/journal/index.ts";

/** Upstream's names of what is done. */
export type Method = "save" | "retrieve_all" | "retrieve_client_telemetry";

const METHODS: readonly Method[] = ["save", "retrieve_all", "retrieve_client_telemetry"];
const MS_PER_SECOND = 1000;
/** Upstream's: the default ones of Prometheus' client for Go. */
const WINDOW = { maxAgeSeconds: 600, ageBuckets: 5 };

export class JournalMetrics {
  readonly #registry = new Registry();
  readonly #requests: Counter;
  readonly #latency: Summary;
  readonly #uncounted: Counter;
  readonly #fullChannels: Counter;
  readonly #unlisted: Counter;
  #figures: (() => ViewFigures) | undefined;

  constructor() {
    const registers = [this.#registry];
    this.#requests = new Counter({
      name: "journal_journal_writer_request_count",
      help: "Journals that were saved, and requests.",
      labelNames: ["method"],
      registers,
    });
    this.#latency = new Summary({
      name: "journal_journal_writer_request_latency_microseconds",
      help: "How long each took, in seconds, whatever the name says.",
      labelNames: ["method"],
      percentiles: [0.5, 0.9, 0.99],
      ...WINDOW,
      registers,
    });
    for (const method of METHODS) this.#requests.inc({ method }, 0);
    this.#uncounted = new Counter({
      name: "journal_telemetry_uncounted_events_total",
      help: "Events about telemetry that count for nothing, by why.",
      labelNames: ["reason"],
      registers,
    });
    this.#fullChannels = new Counter({
      name: "journal_telemetry_full_channels_total",
      help: "How often a batch had subscriptions of a channel that has as many as it may.",
      registers,
    });
    this.#unlisted = new Counter({
      name: "journal_unlisted_entities_total",
      help: "Ids that an event is not found under, since it names too many.",
      registers,
    });
    this.#addFigures();
  }

  /** Where the figures of the view come from. */
  watch(figures: () => ViewFigures): void {
    this.#figures = figures;
  }

  note(method: Method, elapsedMs: number): void {
    this.#requests.inc({ method });
    this.#latency.observe({ method }, elapsedMs / MS_PER_SECOND);
  }

  noteBatch(messageCount: number, elapsedMs: number): void {
    for (let message = 0; message < messageCount; message++) this.note("save", elapsedMs / messageCount);
  }

  noteTelemetry({ uncounted, fullChannels }: TelemetryNotes): void {
    for (const [reason, count] of uncounted) this.#uncounted.inc({ reason }, count);
    this.#fullChannels.inc(fullChannels.size);
  }

  noteUnlisted(count: number): void {
    this.#unlisted.inc(count);
  }

  /** In Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #addFigures(): void {
    const figures = (): ViewFigures | undefined => this.#figures?.();
    const registers = [this.#registry];
    new Counter({
      name: "journal_malformed_events_total",
      help: "Events that are dead letters.",
      registers,
      collect() {
        this.reset();
        const now = figures();
        if (now !== undefined) this.inc(now.malformedCount + now.refusedCount);
      },
    });
    new Gauge({
      name: "journal_lag_messages",
      help: "Messages of the topics that are not in the tables yet.",
      registers,
      collect() {
        const lag = figures()?.lagMessages;
        if (lag !== undefined) this.set(lag);
      },
    });
  }
}
