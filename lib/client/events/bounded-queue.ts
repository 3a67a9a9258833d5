/** A queue that holds so many and no more: who comes when it is full takes the place of the oldest. */
export class BoundedQueue<T> {
  readonly #capacity: number;
  readonly #places: (T | undefined)[] = [];
  #first = 0;
  #length = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#length;
  }

  /** False when the oldest was dropped for it. */
  push(item: T): boolean {
    const hadRoom = this.#length < this.#capacity;
    if (!hadRoom) this.shift();
    this.#places[(this.#first + this.#length) % this.#capacity] = item;
    this.#length++;
    return hadRoom;
  }

  /** The oldest. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#places[this.#first];
    this.#places[this.#first] = undefined;
    this.#first = (this.#first + 1) % this.#capacity;
    this.#length--;
    return item;
  }
}
