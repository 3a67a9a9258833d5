/**
 * Messages with one of a few keys, looked for among others. A search looks at so many bytes at most and then stops, for
 * a topic may hold none of them.
 */
import { NetlogError } from "../base/errors.ts";
import { MESSAGE_WORK_BYTES, PIECE_WORK_BYTES } from "../base/loop-share.ts";
import { refusalOfKey } from "../message/field-rules.ts";
import type { Limits } from "./limits.ts";
import type { PlacedEntry } from "./set-cache.ts";

/** Each key once, in the order in which they were given. @throws bad_request. */
export function requireKeys(keys: readonly string[], limits: Limits): readonly string[] {
  if (keys.length > limits.keysRead) {
    throw new NetlogError("bad_request", { reason: `key may be given ${limits.keysRead} times at most` });
  }
  for (const key of keys) {
    const reason = refusalOfKey(key, limits);
    if (reason !== undefined) throw new NetlogError("bad_request", { reason });
  }
  return [...new Set(keys)];
}

/** What a search has cost: bytes of the messages that it passed over, and what each costs beside its own. */
export interface Looked {
  /** In all. */
  lookedBytes: number;
  /** Since the event loop was given back. */
  workBytes: number;
}

export class KeySearch {
  readonly #keys: ReadonlySet<string>;
  readonly #maxBytes: number;

  /** `undefined` where no keys are given: nothing is passed over. The caller has checked the keys. */
  static of(keys: readonly string[] | undefined, limits: Limits): KeySearch | undefined {
    return keys === undefined || keys.length === 0 ? undefined : new KeySearch(keys, limits);
  }

  private constructor(keys: readonly string[], { keySearchBytes }: Limits) {
    this.#keys = new Set(keys);
    this.#maxBytes = keySearchBytes;
  }

  /** `looked` has looked at as much as it may. */
  isOver({ lookedBytes }: Looked): boolean {
    return lookedBytes >= this.#maxBytes;
  }

  /**
   * Passes over the messages of `set` in `[offset, end)` that have none of the keys. Returns the first that has one, or
   * that it did not look at because the search is over or the event loop is due; else `end`.
   */
  pass(set: PlacedEntry, offset: number, end: number, looked: Looked): number {
    let next = offset;
    while (
      next < end &&
      !this.isOver(looked) &&
      looked.workBytes < PIECE_WORK_BYTES &&
      !this.has(set, next)
    ) {
      const bytes = set.entry.sizeOf(next - set.baseOffset) + MESSAGE_WORK_BYTES;
      looked.lookedBytes += bytes;
      looked.workBytes += bytes;
      next += 1;
    }
    return next;
  }

  has({ entry, baseOffset }: PlacedEntry, offset: number): boolean {
    const key = entry.key(offset - baseOffset);
    return key !== undefined && this.#keys.has(key);
  }
}
