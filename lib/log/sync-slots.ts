/**
 * Bounds the syncs in flight over all logs: each occupies a thread of Node's pool, which reads and compression
 * share. Those that wait get their turn in the order in which they came.
 */
export class SyncSlots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Runs `sync` at once when a slot is free, else when one is. Rejects as `sync` does. */
  async run(sync: () => Promise<void>): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      await sync();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
