/** What publisher and subscriber have to complain of; never thrown, and not told again and again. */
import type { ClientRuntime } from "../runtime.ts";

/**
 * - `overflow`: the buffer was full, and the oldest event was dropped;
 * - `refused`: the log refuses an event for good, or a proxy refuses its size, and it was dropped;
 * - `invalid`: no event, or none that JSON can hold; dropped, or skipped on reading;
 * - `closed`: published after close, and dropped;
 * - `lost_on_close`: not stored when the time to close was over;
 * - `away`: the log, or where the cursor is kept, does not answer; it is tried again;
 * - `failed`: a handler failed; it is called once more;
 * - `skipped`: the handler failed again, and its event is passed over;
 * - `parked`: the handler failed again, and its event goes to another topic;
 * - `gap`: messages that retention dropped, or that are damaged, are passed over.
 */
export type EventWarningCode =
  | "overflow"
  | "refused"
  | "invalid"
  | "closed"
  | "lost_on_close"
  | "away"
  | "failed"
  | "skipped"
  | "parked"
  | "gap";

export interface EventWarning {
  readonly code: EventWarningCode;
  readonly message: string;
  /** Warnings of this code that were not told since the last one that was. */
  readonly unsaid: number;
  /** What was thrown, where something was. */
  readonly error?: unknown;
}

export type OnWarning = (warning: EventWarning) => void;

/** After one warning those of the same code are counted, and not told, for so long. */
const QUIET_MS = 10_000;

interface Said {
  readonly atMs: number;
  unsaid: number;
}

export class Warnings {
  readonly #runtime: ClientRuntime;
  readonly #onWarning: OnWarning;
  readonly #said = new Map<EventWarningCode, Said>();

  constructor(runtime: ClientRuntime, onWarning: OnWarning = print) {
    this.#runtime = runtime;
    this.#onWarning = onWarning;
  }

  /** Never throws, whatever the listener does. */
  tell(code: EventWarningCode, message: string, error?: unknown): void {
    const nowMs = this.#runtime.now();
    const said = this.#said.get(code);
    if (said !== undefined && nowMs >= said.atMs && nowMs < said.atMs + QUIET_MS) {
      said.unsaid++;
      return;
    }
    this.#said.set(code, { atMs: nowMs, unsaid: 0 });
    try {
      this.#onWarning({ code, message, unsaid: said?.unsaid ?? 0, error });
    } catch {
      // A listener that throws must not end the drainer.
    }
  }
}

function print({ message, unsaid, error }: EventWarning): void {
  const more = unsaid === 0 ? "" : ` (and ${unsaid} more of the kind)`;
  const why = error === undefined ? "" : `: ${error instanceof Error ? error.message : String(error)}`;
  // biome-ignore lint/suspicious/noConsole: an event must not be lost in silence, also where nobody listens
  console.warn(`netlog: ${message}${why}${more}`);
}
