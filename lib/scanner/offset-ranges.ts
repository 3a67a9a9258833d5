/** A set of offsets, kept as ranges. They come and go in long runs, so a few ranges hold any number of them. */

/** Half-open. */
export interface OffsetRange {
  readonly start: number;
  readonly end: number;
}

export class OffsetRanges {
  /** Ascending; none is empty, and between two there is always a gap. */
  readonly #ranges: OffsetRange[] = [];

  /** The smallest offset. */
  get first(): number | undefined {
    return this.#ranges[0]?.start;
  }

  /** Ascending. Neither to be changed nor kept. */
  get all(): readonly OffsetRange[] {
    return this.#ranges;
  }

  /** Adds those in `[start, end)`. */
  add(start: number, end: number): void {
    if (start >= end) return;
    const place = this.#placeOf(start - 1);
    let next = place;
    let range: OffsetRange = { start, end };
    for (; next < this.#ranges.length && this.#ranges[next]!.start <= end; next++) {
      const other = this.#ranges[next]!;
      range = { start: Math.min(range.start, other.start), end: Math.max(range.end, other.end) };
    }
    if (next - place === 1) this.#ranges[place] = range;
    else if (place === this.#ranges.length) this.#ranges.push(range);
    else this.#ranges.splice(place, next - place, range);
  }

  /** Removes those in `[start, end)`; returns how many these were. */
  remove(start: number, end: number): number {
    const place = this.#placeOf(start);
    const left: OffsetRange[] = [];
    let next = place;
    let removed = 0;
    for (; next < this.#ranges.length && this.#ranges[next]!.start < end; next++) {
      const range = this.#ranges[next]!;
      removed += Math.min(range.end, end) - Math.max(range.start, start);
      if (range.start < start) left.push({ start: range.start, end: start });
      if (range.end > end) left.push({ start: end, end: range.end });
    }
    if (removed <= 0) return 0;
    if (left.length === 1 && next - place === 1) this.#ranges[place] = left[0]!;
    else this.#ranges.splice(place, next - place, ...left);
    return removed;
  }

  /** Index of the first range that ends behind `offset`. */
  #placeOf(offset: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ranges[middle]!.end <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
