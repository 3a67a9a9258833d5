/** Bounds what all topics remember together. When there are too many, the oldest are forgotten, in any topic. */
import type { Counters } from "../base/counters.ts";
import { type Placed, PlacedHeap } from "../base/placed-heap.ts";

/** What one topic remembers. */
export interface Memory {
  /** How much it is. What is forgotten at once may count more than 1. */
  readonly size: number;
  /** Infinite when it is empty. Else it never goes back. */
  readonly oldestMs: number;
  forgetOldest(): void;
}

interface Ranked extends Placed {
  readonly memory: Memory;
  /** When its oldest was published, or earlier: it may have been forgotten since. */
  sinceMs: number;
}

export class Remembered {
  readonly #max: number;
  readonly #counters: Counters;
  readonly #ranked = new Map<Memory, Ranked>();
  readonly #oldestFirst = new PlacedHeap<Ranked>((a, b) => a.sinceMs < b.sinceMs);
  #count = 0;

  constructor(max: number, counters: Counters) {
    this.#max = max;
    this.#counters = counters;
  }

  /** A topic remembers from now on. */
  join(memory: Memory): void {
    if (this.#ranked.has(memory)) return;
    const ranked = { memory, sinceMs: memory.oldestMs, place: 0 };
    this.#ranked.set(memory, ranked);
    this.#oldestFirst.add(ranked);
    this.changed(memory, memory.size);
  }

  leave(memory: Memory): void {
    const ranked = this.#ranked.get(memory);
    if (ranked === undefined) return;
    this.#ranked.delete(memory);
    this.#oldestFirst.remove(ranked);
    this.#count -= memory.size;
  }

  /** The size of a memory has changed by so much. */
  changed(memory: Memory, by: number): void {
    const ranked = this.#ranked.get(memory);
    if (ranked === undefined) return;
    this.#count += by;
    if (ranked.sinceMs === Infinity) this.#rank(ranked);
    while (this.#count > this.#max) this.#forgetOldest();
  }

  /** A memory whose oldest is younger than it was takes its place among the others first. */
  #forgetOldest(): void {
    const first = this.#oldestFirst.first!;
    const { memory } = first;
    if (memory.oldestMs === first.sinceMs) {
      const { size } = memory;
      memory.forgetOldest();
      this.#count -= size - memory.size;
      this.#counters.forgotten += 1;
    }
    this.#rank(first);
  }

  #rank(ranked: Ranked): void {
    this.#oldestFirst.remove(ranked);
    ranked.sinceMs = ranked.memory.oldestMs;
    this.#oldestFirst.add(ranked);
  }
}
