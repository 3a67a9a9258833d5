/** Whether a view moves: how long its topics have had a batch in hand while no place was written. */
import type { Runtime } from "../index.ts";

export class Pulse {
  readonly #runtime: Runtime;
  /** Since when each topic's loop is busy. */
  readonly #busySinceMs = new Map<string, number>();
  #movedMs = 0;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  note(topic: string, state: "busy" | "waiting"): void {
    if (state === "busy") this.#busySinceMs.set(topic, this.#runtime.elapsedMs());
    else this.#busySinceMs.delete(topic);
  }

  /** A place was written. */
  noteMove(): void {
    this.#movedMs = this.#runtime.elapsedMs();
  }

  /** No topic has anything in hand. */
  clear(): void {
    this.#busySinceMs.clear();
  }

  /** Topics share the writer: one that waits for its turn is no sign of trouble while others move. */
  hasMovedWithin(ms: number): boolean {
    const nowMs = this.#runtime.elapsedMs();
    for (const sinceMs of this.#busySinceMs.values()) {
      if (nowMs - Math.max(sinceMs, this.#movedMs) > ms) return false;
    }
    return true;
  }
}
