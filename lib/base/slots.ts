/**
 * Bounds how much of a kind is done at a time, over all topics: syncs occupy threads of Node's pool, which reads and
 * compression share; large reads and unpacking take memory. Who waits gets a turn in the order of coming.
 */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Does `work` at once when a slot is free, else when one is. Rejects as `work` does. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
