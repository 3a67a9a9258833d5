/** How fast topics grow and are read, and how fast they did over the last minutes: from counters, looked at once a second. */
import { RateMeter } from "./series.ts";

/** What is counted of a topic since the server opened it. */
export interface Counted {
  readonly name: string;
  readonly messages_in: number;
  readonly messages_out: number;
}

export interface TopicRates {
  /** Per second; the newest is the last, `undefined` where it is not known. */
  readonly in: readonly (number | undefined)[];
  readonly out: readonly (number | undefined)[];
}

/** So many looks are kept: three minutes of one a second. */
export const RATES_KEPT = 180;
/** A topic that was not seen for so long is forgotten: it is on another page, or gone. */
const FORGOTTEN_MS = 60_000;
/** Rates are sorted by their mean over so many looks, so that rows do not change places all the time. */
const SORTED_BY = 10;

interface Watched {
  readonly meters: readonly [RateMeter, RateMeter];
  readonly in: (number | undefined)[];
  readonly out: (number | undefined)[];
  seenMs: number;
}

const NOTHING: TopicRates = { in: [], out: [] };

export class RateWatch {
  readonly #topics = new Map<string, Watched>();

  look(topics: readonly Counted[], atMs: number): void {
    for (const { name, messages_in, messages_out } of topics) {
      const watched = this.#topics.get(name) ?? newlyWatched();
      this.#topics.set(name, watched);
      watched.seenMs = atMs;
      push(watched.in, watched.meters[0].look(atMs, messages_in));
      push(watched.out, watched.meters[1].look(atMs, messages_out));
    }
    for (const [name, { seenMs }] of this.#topics) {
      if (atMs - seenMs > FORGOTTEN_MS) this.#topics.delete(name);
    }
  }

  of(name: string): TopicRates {
    return this.#topics.get(name) ?? NOTHING;
  }
}

/** Zero where none is known. */
export function meanRate(rates: readonly (number | undefined)[]): number {
  const known = rates.slice(-SORTED_BY).filter((rate) => rate !== undefined);
  return known.length === 0 ? 0 : known.reduce((sum, rate) => sum + rate, 0) / known.length;
}

function newlyWatched(): Watched {
  return { meters: [new RateMeter(), new RateMeter()], in: [], out: [], seenMs: 0 };
}

function push(rates: (number | undefined)[], rate: number | undefined): void {
  rates.push(rate);
  if (rates.length > RATES_KEPT) rates.shift();
}
