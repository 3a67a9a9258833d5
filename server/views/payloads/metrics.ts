/** The tracker's figures under upstream's names, so that its dashboards go on working. */
import { Counter, type CounterConfiguration, Gauge, Histogram, Registry } from "prom-client";
import type { ViewFigures } from "../../../lib/views/index.ts";

const MS_PER_SECOND = 1000;
/** Upstream's: the default ones of Prometheus' client for Go. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export class TrackerMetrics {
  readonly #registry = new Registry();
  readonly #requests: Counter;
  readonly #responses: Counter;
  readonly #invalidIds: Counter;
  readonly #readSeconds: Histogram;
  readonly #messageSeconds: Histogram;
  #figures: (() => ViewFigures) | undefined;

  constructor() {
    const counter = (name: string, help: string, more: Partial<CounterConfiguration<string>> = {}): Counter =>
      new Counter({ name: `payload_tracker_${name}`, help, registers: [this.#registry], ...more });
    const ofView = (name: string, help: string, read: (figures: ViewFigures) => number): Counter => {
      const figures = (): ViewFigures | undefined => this.#figures?.();
      return counter(name, help, {
        collect() {
          this.reset();
          const now = figures();
          if (now !== undefined) this.inc(read(now));
        },
      });
    };
    const histogram = (name: string, help: string): Histogram =>
      new Histogram({ name: `payload_tracker_${name}`, help, buckets: SECONDS, registers: [this.#registry] });
    this.#requests = counter("requests", "Requests to the API.");
    this.#responses = counter("responses", "Answers of the API by status.", { labelNames: ["code"] });
    this.#invalidIds = counter("api_invalid_request_IDs", "Requests whose request_id is no UUID.");
    ofView("consumed_messages", "Messages that were read.", consumed);
    ofView("messages_processed", "Messages that are in the tables.", ({ appliedCount }) => appliedCount);
    ofView(
      "consumer_invalid_request_IDs",
      "Messages that were malformed.",
      ({ malformedCount }) => malformedCount,
    );
    ofView(
      "message_process_errors",
      "Messages that the database refused.",
      ({ refusedCount }) => refusedCount,
    );
    ofView(
      "consume_errors",
      "Messages that the log had no more when they were to be read.",
      ({ missedCount }) => missedCount,
    );
    this.#readSeconds = histogram("db_seconds", "How long the API's reads of the database took.");
    this.#messageSeconds = histogram(
      "message_process_seconds",
      "How long a message took: its part of a batch.",
    );
    this.#addGauges();
  }

  /** Where the figures of the view come from. */
  watch(figures: () => ViewFigures): void {
    this.#figures = figures;
  }

  noteRequest(): void {
    this.#requests.inc();
  }

  noteAnswer(status: number): void {
    this.#responses.inc({ code: String(status) });
  }

  noteInvalidId(): void {
    this.#invalidIds.inc();
  }

  noteRead(elapsedMs: number): void {
    this.#readSeconds.observe(elapsedMs / MS_PER_SECOND);
  }

  noteBatch(messageCount: number, elapsedMs: number): void {
    const seconds = elapsedMs / messageCount / MS_PER_SECOND;
    for (let message = 0; message < messageCount; message++) this.#messageSeconds.observe(seconds);
  }

  /** In Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #addGauges(): void {
    const figures = (): ViewFigures | undefined => this.#figures?.();
    new Gauge({
      name: "payload_tracker_lag_messages",
      help: "Messages of the topic that are not in the tables yet.",
      registers: [this.#registry],
      collect() {
        const lag = figures()?.lagMessages;
        if (lag !== undefined) this.set(lag);
      },
    });
  }
}

function consumed({ appliedCount, malformedCount, refusedCount }: ViewFigures): number {
  return appliedCount + malformedCount + refusedCount;
}
