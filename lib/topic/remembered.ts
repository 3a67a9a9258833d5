/** Bounds what all topics remember together. Of too many the oldest are forgotten, whichever topic they are of. */
import type { Counters } from "../base/counters.ts";

/** What one topic remembers. */
export interface Memory {
  /** How much it is. What is forgotten at once may count more than 1. */
  readonly size: number;
  /** Infinite when it is empty. */
  readonly oldestMs: number;
  forgetOldest(): void;
}

/** Forgetting goes by so small a part of all at a time, so that not every addition has to look for the oldest. */
const PARTS = 1000;

export class Remembered {
  readonly #max: number;
  readonly #counters: Counters;
  readonly #memories = new Set<Memory>();
  #count = 0;

  constructor(max: number, counters: Counters) {
    this.#max = max;
    this.#counters = counters;
  }

  /** A topic remembers from now on. */
  join(memory: Memory): void {
    if (this.#memories.has(memory)) return;
    this.#memories.add(memory);
    this.changed(memory, memory.size);
  }

  leave(memory: Memory): void {
    if (this.#memories.delete(memory)) this.#count -= memory.size;
  }

  /** The size of a memory has changed by so much. */
  changed(memory: Memory, by: number): void {
    if (!this.#memories.has(memory)) return;
    this.#count += by;
    if (this.#count <= this.#max) return;
    const aim = this.#max - Math.floor(this.#max / PARTS);
    while (this.#count > aim) this.#forgetFromOldest(aim);
  }

  /** Takes from the memory with the oldest, for as long as no other has an older one. */
  #forgetFromOldest(aim: number): void {
    let oldest: Memory | undefined;
    let [oldestMs, nextMs] = [Infinity, Infinity];
    for (const memory of this.#memories) {
      const ms = memory.oldestMs;
      if (oldest === undefined || ms < oldestMs) [oldest, nextMs, oldestMs] = [memory, oldestMs, ms];
      else nextMs = Math.min(nextMs, ms);
    }
    while (oldest !== undefined && oldest.size > 0 && oldest.oldestMs <= nextMs && this.#count > aim) {
      const { size } = oldest;
      oldest.forgetOldest();
      this.#count -= size - oldest.size;
      this.#counters.forgotten += 1;
    }
  }
}
