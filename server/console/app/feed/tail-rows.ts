/**
 * The rows of a live tail. It keeps the newest that came, and the newest that match the filter: what is rare stays in
 * sight while a flood passes, and another filter finds all that is still there.
 */
import type { Message } from "../../../../lib/client/index.ts";
import { Ring, type RingLimits } from "./ring.ts";
import { bytesOfRow, type Row, rowOf } from "./rows.ts";
import { type Filter, matches, NO_FILTER } from "./text-filter.ts";

/** Each of the two keeps half of the bytes; most of what they keep is the same. */
export const TAIL_LIMITS: RingLimits = { count: 10_000, bytes: 32 * 1024 * 1024 };

export class TailRows {
  readonly #recent: Ring<Row>;
  readonly #matching: Ring<Row>;
  #filter: Filter = NO_FILTER;
  #came = 0;

  constructor(limits: RingLimits = TAIL_LIMITS) {
    this.#recent = new Ring(limits, bytesOfRow);
    this.#matching = new Ring(limits, bytesOfRow);
  }

  get filter(): Filter {
    return this.#filter;
  }

  set filter(filter: Filter) {
    this.#filter = filter;
    this.#matching.clear();
    for (const row of this.#recent) if (matches(filter, row)) this.#matching.push(row);
  }

  /** How many messages came, shown or not. */
  get came(): number {
    return this.#came;
  }

  get length(): number {
    return this.#matching.length;
  }

  /** How many rows went to make room; a list that is scrolled up moves by as many. */
  get dropped(): number {
    return this.#matching.dropped;
  }

  at(place: number): Row | undefined {
    return this.#matching.at(place);
  }

  take(messages: readonly Message[]): void {
    this.#came += messages.length;
    for (const message of messages) this.add(rowOf(message));
  }

  add(row: Row): void {
    this.#recent.push(row);
    if (matches(this.#filter, row)) this.#matching.push(row);
  }

  clear(): void {
    this.#recent.clear();
    this.#matching.clear();
    this.#came = 0;
  }
}
