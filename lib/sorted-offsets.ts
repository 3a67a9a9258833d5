/** A few offsets in ascending order, each once. They come nearly in order, so an array costs next to nothing. */
export class SortedOffsets {
  readonly #offsets: number[] = [];

  get first(): number | undefined {
    return this.#offsets[0];
  }

  add(offset: number): void {
    const last = this.#offsets.at(-1);
    if (last === undefined || last < offset) {
      this.#offsets.push(offset);
      return;
    }
    const place = this.#placeOf(offset);
    if (this.#offsets[place] !== offset) this.#offsets.splice(place, 0, offset);
  }

  /** False when it was not there. */
  remove(offset: number): boolean {
    const place = this.#placeOf(offset);
    if (this.#offsets[place] !== offset) return false;
    if (place === 0) this.#offsets.shift();
    else this.#offsets.splice(place, 1);
    return true;
  }

  /** Removes those in `[start, end)`; returns how many these were. */
  removeRange(start: number, end: number): number {
    const place = this.#placeOf(start);
    return this.#offsets.splice(place, Math.max(0, this.#placeOf(end) - place)).length;
  }

  /** Index of the first one not below `offset`. */
  #placeOf(offset: number): number {
    let low = 0;
    let high = this.#offsets.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#offsets[middle]! < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
