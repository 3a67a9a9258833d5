/** What the tracker's handlers share. */
import type { Runtime } from "../../../lib/index.ts";
import type { Reads, RunningView } from "../../../lib/views/index.ts";
import type { TrackerMetrics } from "./metrics.ts";
import type { TrackerSettings } from "./settings.ts";

export interface Tracker {
  readonly view: RunningView;
  /** The view's tables, with the time that each read takes noted. */
  readonly reads: Reads;
  readonly settings: TrackerSettings;
  readonly metrics: TrackerMetrics;
  readonly runtime: Runtime;
  readonly version: string;
  /** The console of the log; `undefined`: there is none. */
  readonly consoleUrl: string | undefined;
}

/** The paths that the API is under: upstream's own, and that of its deployment behind a gateway. */
export const BASES: readonly string[] = ["/api/v1", "/app/payload-tracker/api/v1"];

/** `reads`, with the time of each noted. */
export function timed(reads: Reads, metrics: TrackerMetrics, runtime: Runtime): Reads {
  const measure = async <Result>(read: () => Promise<Result>): Promise<Result> => {
    const startMs = runtime.elapsedMs();
    try {
      return await read();
    } finally {
      metrics.noteRead(runtime.elapsedMs() - startMs);
    }
  };
  return {
    query: (...given) => measure(() => reads.query(...given)),
    snapshot: (...given) => measure(() => reads.snapshot(...given)),
  } as Reads;
}
