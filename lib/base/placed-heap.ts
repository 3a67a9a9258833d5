/** A binary heap whose items know their place in it, so that any of them leaves without a search. */

export interface Placed {
  /** Its place in the heap that holds it; the heap's own business. An item is in one heap at a time. */
  place: number;
}

export class PlacedHeap<Item extends Placed> {
  readonly #isBefore: (a: Item, b: Item) => boolean;
  readonly #items: Item[] = [];

  constructor(isBefore: (a: Item, b: Item) => boolean) {
    this.#isBefore = isBefore;
  }

  get first(): Item | undefined {
    return this.#items[0];
  }

  get size(): number {
    return this.#items.length;
  }

  add(item: Item): void {
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  /** It must be in this heap. */
  remove(item: Item): void {
    const last = this.#items.pop()!;
    if (last === item) return;
    if (item.place > 0 && this.#isBefore(last, this.#items[(item.place - 1) >>> 1]!)) {
      this.#rise(last, item.place);
    } else {
      this.#sink(last, item.place);
    }
  }

  clear(): void {
    this.#items.length = 0;
  }

  #rise(item: Item, from: number): void {
    let place = from;
    while (place > 0) {
      const parentPlace = (place - 1) >>> 1;
      const parent = this.#items[parentPlace]!;
      if (!this.#isBefore(item, parent)) break;
      this.#put(parent, place);
      place = parentPlace;
    }
    this.#put(item, place);
  }

  #sink(item: Item, from: number): void {
    let place = from;
    for (;;) {
      const left = 2 * place + 1;
      if (left >= this.#items.length) break;
      const right = left + 1;
      const isRight = right < this.#items.length && this.#isBefore(this.#items[right]!, this.#items[left]!);
      const child = this.#items[isRight ? right : left]!;
      if (!this.#isBefore(child, item)) break;
      this.#put(child, place);
      place = isRight ? right : left;
    }
    this.#put(item, place);
  }

  #put(item: Item, place: number): void {
    this.#items[place] = item;
    item.place = place;
  }
}
