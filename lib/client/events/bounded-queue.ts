/** A queue of so many items and so many bytes: what comes when it is full takes the place of the oldest. */

export interface Sized {
  readonly payload: Uint8Array;
}

export class BoundedQueue<T extends Sized> {
  readonly #capacity: number;
  readonly #capacityBytes: number;
  readonly #places: (T | undefined)[] = [];
  #first = 0;
  #length = 0;
  /** Sum of all payloads. */
  #bytes = 0;

  constructor(capacity: number, capacityBytes: number) {
    this.#capacity = capacity;
    this.#capacityBytes = capacityBytes;
  }

  get length(): number {
    return this.#length;
  }

  /** Gives how many of the oldest were dropped for it. One item always has room. */
  push(item: T): number {
    const { length } = item.payload;
    let dropped = 0;
    while (
      this.#length > 0 &&
      (this.#length >= this.#capacity || this.#bytes + length > this.#capacityBytes)
    ) {
      this.shift();
      dropped++;
    }
    this.#places[(this.#first + this.#length) % this.#capacity] = item;
    this.#length++;
    this.#bytes += length;
    return dropped;
  }

  /** The oldest. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#places[this.#first];
    this.#places[this.#first] = undefined;
    this.#first = (this.#first + 1) % this.#capacity;
    this.#length--;
    this.#bytes -= item?.payload.length ?? 0;
    return item;
  }
}
