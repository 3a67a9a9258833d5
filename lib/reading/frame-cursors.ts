/**
 * A log's cursors between two uses, found again by the offset behind what they read last. A reader that asks for one
 * batch after the other comes back where the last one ended, and then the next costs no lookup.
 */
import type { Log, LogCursor } from "../log/log.ts";

export class FrameCursors {
  readonly #log: Log;
  readonly #maxIdle: number;
  /** The one used longest ago first. */
  readonly #idle = new Map<number, LogCursor>();

  constructor(log: Log, maxIdle: number) {
    this.#log = log;
    this.#maxIdle = maxIdle;
  }

  /** For a read at `offset`. */
  take(offset: number): LogCursor {
    const cursor = this.#idle.get(offset);
    this.#idle.delete(offset);
    return cursor ?? this.#log.openCursor();
  }

  /** `offset` is where `cursor` would go on. */
  giveBack(offset: number, cursor: LogCursor): void {
    this.#idle.delete(offset);
    this.#idle.set(offset, cursor);
    for (const oldest of this.#idle.keys()) {
      if (this.#idle.size <= this.#maxIdle) return;
      this.#idle.delete(oldest);
    }
  }
}
