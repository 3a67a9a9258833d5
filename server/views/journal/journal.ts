/** What the journal's handlers share. */
import type { Runtime } from "../../../lib/index.ts";
import type { RunningView } from "../../../lib/views/index.ts";
import type { Exchange } from "../../http/exchange.ts";
import type { Authenticator } from "./access.ts";
import type { JournalMetrics, Method } from "./metrics.ts";

export interface Journal {
  readonly view: RunningView;
  readonly access: Authenticator;
  readonly metrics: JournalMetrics;
  readonly runtime: Runtime;
  readonly version: string;
  readonly instanceId: string;
  /** The console of the log; `undefined`: there is none. */
  readonly consoleUrl: string | undefined;
}

/** Notes how long `run` takes, whether it fails or not. */
export async function timed<Result>(
  { metrics, runtime }: Journal,
  method: Method,
  run: () => Promise<Result>,
): Promise<Result> {
  const startMs = runtime.elapsedMs();
  try {
    return await run();
  } finally {
    metrics.note(method, runtime.elapsedMs() - startMs);
  }
}

/** The part of the path at `place`, from 0 on. */
export function partOf({ target }: Exchange, place: number): string {
  return target.parts[place] ?? "";
}
