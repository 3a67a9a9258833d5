/** How a scanner that reads by key passes over the messages of other keys, and keeps how far it has passed. */
import { KeySearch } from "../reading/key-search.ts";
import type { PlacedEntry } from "../reading/set-cache.ts";
import type { Limits } from "./limits.ts";
import type { PendingScan } from "./scan-queue.ts";
import type { ScannerPosition } from "./scanner-position.ts";

export class KeyPass {
  readonly #search: KeySearch;
  readonly #position: ScannerPosition;
  /** The first in line when the position was kept last. */
  #keptFor: PendingScan | undefined;

  /** `undefined` where no keys are given: the scanner passes over nothing. */
  static of(
    keys: readonly string[] | undefined,
    position: ScannerPosition,
    limits: Limits,
  ): KeyPass | undefined {
    const search = KeySearch.of(keys, limits);
    return search && new KeyPass(search, position);
  }

  private constructor(search: KeySearch, position: ScannerPosition) {
    this.#search = search;
    this.#position = position;
  }

  /** Passes over messages of `set` from `offset` on, for `scan`. True when there were some. */
  passOver(scan: PendingScan, set: PlacedEntry, offset: number): boolean {
    const next = this.#search.pass(set, offset, set.endOffset, scan);
    if (next > offset) this.#position.passOver(next);
    return next > offset;
  }

  /** `scan` has looked at as much as one may; then the position is kept. */
  isOver(scan: PendingScan): boolean {
    if (!this.#search.isOver(scan)) return false;
    this.#position.keep();
    return true;
  }

  /**
   * There is nothing to give to the scans in line, of which `first` is the first. Keeps the position once for each
   * first scan: it looks at so much at most, and while it waits each message of another key would be a write.
   */
  rest(first: PendingScan | undefined): void {
    if (first !== undefined && first === this.#keptFor) return;
    this.#keptFor = first;
    this.#position.keep();
  }
}
