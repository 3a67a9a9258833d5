/**
 * A page out of a list that is sorted by a figure, and by name where figures are equal. The page behind a place does
 * not depend on what became of the topic at that place.
 */

/** Where a topic stands in the list. */
export interface Place {
  /** 0 where names alone decide. */
  readonly figure: number;
  readonly name: string;
}

interface Entry<Value> extends Place {
  readonly value: Value;
}

interface PageOptions {
  /** The page begins behind it. */
  readonly after: Place | undefined;
  readonly limit: number;
  /** The greatest figure first; without figures, the last name. */
  readonly isDescending: boolean;
}

export class TopicPage<Value> {
  readonly #options: PageOptions;
  /** In order; one more than the page holds, where there is one more. */
  readonly #best: Entry<Value>[] = [];
  #hasMore = false;

  constructor(options: PageOptions) {
    this.#options = options;
  }

  add({ figure, name }: Place, value: Value): void {
    const { after, limit } = this.#options;
    const entry = { figure, name, value };
    if (after !== undefined && !this.#isBefore(after, entry)) return;
    const last = this.#best.at(-1);
    if (last !== undefined && this.#best.length > limit && !this.#isBefore(entry, last)) return;
    this.#best.splice(this.#placeOf(entry), 0, entry);
    if (this.#best.length > limit + 1) this.#best.pop();
  }

  /** Behind all that was added there is more. */
  noteMore(): void {
    this.#hasMore = true;
  }

  get entries(): readonly Entry<Value>[] {
    return this.#best.slice(0, this.#options.limit);
  }

  /** The place behind which the next page begins; `undefined` where this is the last one. */
  get next(): Place | undefined {
    const { limit } = this.#options;
    return this.#best.length > limit || this.#hasMore ? this.#best[limit - 1] : undefined;
  }

  /** How many come before it. */
  #placeOf(entry: Place): number {
    let low = 0;
    let high = this.#best.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#isBefore(this.#best[middle]!, entry)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #isBefore(a: Place, b: Place): boolean {
    const order = a.figure === b.figure ? compareNames(a.name, b.name) : a.figure - b.figure;
    return this.#options.isDescending ? order > 0 : order < 0;
  }
}

function compareNames(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** `1204:orders`, or the name alone. No name has a colon. */
export function spellPlace({ figure, name }: Place, hasFigure: boolean): string {
  return hasFigure ? `${figure}:${name}` : name;
}

/** `undefined` for what is no place. */
export function parsePlace(text: string, hasFigure: boolean): Place | undefined {
  if (!hasFigure) return { figure: 0, name: text };
  const [, figure, name = ""] = /^(-?[0-9]{1,16}):([^:]+)$/.exec(text) ?? [];
  return figure === undefined ? undefined : { figure: Number(figure), name };
}
