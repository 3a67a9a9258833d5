/** A bound on bytes that many share: taken before memory is, given back when it is free again. */
export class ByteBudget {
  readonly maxBytes: number;
  #takenBytes = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get takenBytes(): number {
    return this.#takenBytes;
  }

  get freeBytes(): number {
    return this.maxBytes - this.#takenBytes;
  }

  /** False, and nothing taken, when it would be too much; `moreBytes` beyond the bound are for this one alone. */
  tryTake(bytes: number, moreBytes = 0): boolean {
    if (this.#takenBytes + bytes > this.maxBytes + moreBytes) return false;
    this.#takenBytes += bytes;
    return true;
  }

  /** As tryTake, but takes more than the whole budget while nothing else is taken: it would be refused for ever. */
  tryTakeOrAlone(bytes: number): boolean {
    if (this.#takenBytes > 0) return this.tryTake(bytes);
    this.#takenBytes = bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#takenBytes -= bytes;
  }
}
