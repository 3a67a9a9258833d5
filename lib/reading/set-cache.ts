/**
 * Message sets as unpacked, so that reading one message by one does not unpack a set once for each. Shared by all
 * topics, bounded by bytes; a set that many ask for at once is unpacked once.
 */
import { LRUCache } from "lru-cache";
import type { UnpackedEntry } from "../message/unpacked-entry.ts";

/** The messages of one frame. */
export interface PlacedEntry {
  readonly baseOffset: number;
  readonly endOffset: number;
  readonly timestampMs: number;
  readonly entry: UnpackedEntry;
  /** A content type, as fields have it, for messages without one. */
  readonly typeField: Buffer | undefined;
}

export class SetCache {
  readonly #sets: LRUCache<string, PlacedEntry>;
  readonly #unpacking = new Map<string, Promise<PlacedEntry>>();
  #lastLogId = 0;

  constructor(maxBytes: number) {
    this.#sets = new LRUCache({ maxSize: maxBytes, sizeCalculation: (set) => set.entry.sizeBytes });
  }

  /**
   * A number for an opened log. Keys are made of it and a frame's offset, never of names: a topic that was deleted
   * and made again has the same name and offsets.
   */
  nextLogId(): number {
    return ++this.#lastLogId;
  }

  get(key: string): PlacedEntry | undefined {
    return this.#sets.get(key);
  }

  /** What is kept under `key`, or what `unpack` makes, which is then kept; a failure is not. */
  load(key: string, unpack: () => PlacedEntry | Promise<PlacedEntry>): PlacedEntry | Promise<PlacedEntry> {
    const known = this.#sets.get(key) ?? this.#unpacking.get(key);
    if (known !== undefined) return known;
    const unpacked = unpack();
    if (!(unpacked instanceof Promise)) {
      this.#sets.set(key, unpacked);
      return unpacked;
    }
    const kept = unpacked
      .then((set) => {
        this.#sets.set(key, set);
        return set;
      })
      .finally(() => this.#unpacking.delete(key));
    this.#unpacking.set(key, kept);
    return kept;
  }
}
