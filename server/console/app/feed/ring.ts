/** The newest of many things: at most so many, and at most so many bytes. The oldest go when there is no room. */

export interface RingLimits {
  readonly count: number;
  readonly bytes: number;
}

export class Ring<T> {
  readonly #limits: RingLimits;
  readonly #bytesOf: (item: T) => number;
  readonly #items: (T | undefined)[];
  #begin = 0;
  #length = 0;
  #bytes = 0;
  #dropped = 0;

  constructor(limits: RingLimits, bytesOf: (item: T) => number) {
    this.#limits = limits;
    this.#bytesOf = bytesOf;
    this.#items = new Array<T | undefined>(limits.count);
  }

  get length(): number {
    return this.#length;
  }

  /** How many had to go so far. What is at `place` now was number `dropped + place`. */
  get dropped(): number {
    return this.#dropped;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The oldest is at 0. */
  at(place: number): T | undefined {
    if (place < 0 || place >= this.#length) return undefined;
    return this.#items[(this.#begin + place) % this.#items.length];
  }

  /** One item is kept always, however large. */
  push(item: T): void {
    const bytes = this.#bytesOf(item);
    const { count, bytes: mostBytes } = this.#limits;
    while (this.#length > 0 && (this.#length === count || this.#bytes + bytes > mostBytes)) this.#drop();
    this.#items[(this.#begin + this.#length) % this.#items.length] = item;
    this.#length++;
    this.#bytes += bytes;
  }

  clear(): void {
    this.#dropped += this.#length;
    this.#items.fill(undefined);
    this.#begin = 0;
    this.#length = 0;
    this.#bytes = 0;
  }

  *[Symbol.iterator](): Generator<T> {
    for (let place = 0; place < this.#length; place++) yield this.at(place)!;
  }

  #drop(): void {
    this.#bytes -= this.#bytesOf(this.#items[this.#begin]!);
    this.#items[this.#begin] = undefined;
    this.#begin = (this.#begin + 1) % this.#items.length;
    this.#length--;
    this.#dropped++;
  }
}
