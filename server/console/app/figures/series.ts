/** Figures over time, kept by the page while it is open: rates of counters, and levels such as lag. */

/** Between two looks at a counter; a longer time without one leaves a gap, for nobody knows what happened in it. */
const LONGEST_STEP_MS = 10_000;

/** From a counter that only grows to how fast it does. */
export class RateMeter {
  #lastMs = 0;
  #last: number | undefined;

  /** Per second since the last look; `undefined` at the first, after a gap, and when the counter began anew. */
  look(atMs: number, counter: number): number | undefined {
    const before = this.#last;
    const stepMs = atMs - this.#lastMs;
    this.#last = counter;
    this.#lastMs = atMs;
    if (before === undefined || counter < before || stepMs <= 0 || stepMs > LONGEST_STEP_MS) return undefined;
    return ((counter - before) / stepMs) * 1000;
  }
}

/** So many points are kept: ten minutes of one a second. */
const MOST_POINTS = 600;

/** Several lines over the same times, as uPlot takes them: times in seconds, `null` where a line has no value. */
export class TimeSeries {
  readonly #times: number[] = [];
  readonly #lines = new Map<string, (number | null)[]>();

  get times(): readonly number[] {
    return this.#times;
  }

  /** In the order in which they came. */
  get names(): readonly string[] {
    return [...this.#lines.keys()];
  }

  line(name: string): readonly (number | null)[] {
    return this.#lines.get(name) ?? [];
  }

  /** The last value that there was. */
  last(name: string): number | undefined {
    return this.line(name).findLast((value) => value !== null) ?? undefined;
  }

  /** A line that is new has no values before; one that is not named has none now, and goes when it has none at all. */
  add(atMs: number, values: Readonly<Record<string, number | undefined>>): void {
    this.#times.push(atMs / 1000);
    for (const [name, value] of Object.entries(values)) {
      const isNew = value !== undefined && !this.#lines.has(name);
      if (isNew) this.#lines.set(name, new Array<null>(this.#times.length - 1).fill(null));
    }
    if (this.#times.length > MOST_POINTS) this.#times.shift();
    for (const [name, line] of this.#lines) {
      line.push(values[name] ?? null);
      if (line.length > this.#times.length) line.shift();
      if (line.every((value) => value === null)) this.#lines.delete(name);
    }
  }
}
