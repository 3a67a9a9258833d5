/** A subscriber's way to do what may fail for a while: again and again, and with a warning. */
import { isNetlogClientError } from "../errors.ts";
import { type ClientRuntime, sleep } from "../runtime.ts";
import { waitAfter } from "./back-off.ts";
import type { Warnings } from "./warnings.ts";

const HOPELESS = [
  "bad_request",
  "invalid_offset",
  "offset_not_found",
  "scanner_exists",
  "invalid_argument",
] as const;

/** True for what asking again does not mend. */
export function isHopeless(error: unknown): boolean {
  return isNetlogClientError(error, ...HOPELESS);
}

export class Patience {
  readonly #name: string;
  readonly #runtime: ClientRuntime;
  readonly #warnings: Warnings;

  /** `name`: of the subscriber, for the warnings. */
  constructor(name: string, runtime: ClientRuntime, warnings: Warnings) {
    this.#name = name;
    this.#runtime = runtime;
    this.#warnings = warnings;
  }

  /**
   * Until it succeeds; `undefined` when it is aborted before. @throws what no waiting mends: an offset that is none, or
   * beyond the end; a scanner of that name for something else.
   */
  async until<T>(what: string, signal: AbortSignal, attempt: () => Promise<T>): Promise<T | undefined> {
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        return await attempt();
      } catch (error) {
        if (signal.aborted) break;
        if (isHopeless(error)) throw error;
        this.#warnings.tell("away", `${this.#name}: ${what} failed, and is tried again`, error);
        await sleep(this.#runtime, waitAfter(failures, error), signal).catch(() => {});
      }
    }
    return undefined;
  }
}
