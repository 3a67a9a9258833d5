/**
 * The events that were rendered last, for other readers at the same places: those who wait at the end of a stream wake
 * in one turn, and those who begin together go on side by side. Holds at most SHARED of them, each of a few pages' size.
 */
import type { Topic } from "../../lib/index.ts";
import type { Place } from "./place.ts";

const SHARED = 16;

interface Entry<Rendered> {
  readonly topic: Topic;
  readonly start: Place;
  /** The cursor that is in the control event. */
  readonly cursor: number;
  readonly rendering: Promise<Rendered>;
}

export class SharedEvents<Rendered> {
  readonly #entries: Entry<Rendered>[] = [];

  /** Begun by another reader, and perhaps not done; it may have failed. */
  find(topic: Topic, start: Place, cursor: number): Promise<Rendered> | undefined {
    // The newest of a place is the one that may be true still.
    for (let i = this.#entries.length - 1; i >= 0; i--) {
      const entry = this.#entries[i]!;
      const isSame = entry.topic === topic && entry.cursor === cursor && isSamePlace(entry.start, start);
      if (isSame) return entry.rendering;
    }
    return undefined;
  }

  /** `isShared` says whether what was rendered may be given to others. */
  add(entry: Entry<Rendered>, isShared: (rendered: Rendered) => boolean): void {
    if (this.#entries.length === SHARED) this.#entries.shift();
    this.#entries.push(entry);
    entry.rendering.then(
      (rendered) => {
        if (!isShared(rendered)) this.#remove(entry);
      },
      () => this.#remove(entry),
    );
  }

  #remove(entry: Entry<Rendered>): void {
    const place = this.#entries.indexOf(entry);
    if (place >= 0) this.#entries.splice(place, 1);
  }
}

function isSamePlace(one: Place, other: Place): boolean {
  return one.message === other.message && one.byte === other.byte;
}
