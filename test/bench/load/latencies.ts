/** Times from request to answer, gathered cheaply. */
import { createHistogram, type RecordableHistogram } from "node:perf_hooks";

const NANOS = 1e6;

export interface Percentiles {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export class Latencies {
  readonly #histogram: RecordableHistogram = createHistogram();

  add(ms: number): void {
    this.#histogram.record(Math.max(1, Math.round(ms * NANOS)));
  }

  percentiles(): Percentiles {
    return {
      p50Ms: this.#histogram.percentile(50) / NANOS,
      p99Ms: this.#histogram.percentile(99) / NANOS,
    };
  }
}
