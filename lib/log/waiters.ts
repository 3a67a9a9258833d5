/**
 * Who waits for an offset to become readable. A waiter is a small object without a buffer; waiters are woken in
 * the order in which they came, each once.
 */
import type { WakeReason } from "./log.ts";

interface Waiter {
  readonly offset: number;
  readonly wake: (reason: WakeReason) => void;
}

export class Waiters {
  readonly #waiting = new Set<Waiter>();

  get count(): number {
    return this.#waiting.size;
  }

  /** Returns the function that takes the waiter away again. */
  add(offset: number, wake: (reason: WakeReason) => void): () => void {
    const waiter: Waiter = { offset, wake };
    this.#waiting.add(waiter);
    return () => this.#waiting.delete(waiter);
  }

  /** Wakes those whose offset is below `highWatermark`. */
  wakeBelow(highWatermark: number): void {
    for (const waiter of this.#waiting) {
      if (waiter.offset >= highWatermark) continue;
      this.#waiting.delete(waiter);
      waiter.wake("readable");
    }
  }

  /** Wakes all: nothing comes any more. */
  wakeAll(reason: Exclude<WakeReason, "readable">): void {
    const all = [...this.#waiting];
    this.#waiting.clear();
    for (const waiter of all) waiter.wake(reason);
  }
}
