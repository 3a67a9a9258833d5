/** How values are spread: counts in fixed steps, so that noting one costs a few comparisons and no memory. */
export class Tally {
  /** Upper ends of the steps, inclusive, ascending. */
  readonly bounds: readonly number[];
  /** Values of each step, and behind them those above the last one. */
  readonly counts: number[];
  count = 0;
  sum = 0;
  max = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  add(value: number): void {
    let step = 0;
    while (step < this.bounds.length && value > this.bounds[step]!) step++;
    this.counts[step]! += 1;
    this.count += 1;
    this.sum += value;
    if (value > this.max) this.max = value;
  }
}
