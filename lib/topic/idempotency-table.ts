/**
 * The idempotency keys that a topic remembers, in the order in which they were published: a ring of columns, because
 * there may be a hundred thousand in each of many topics. It takes no memory before the first key.
 */
import { createHash } from "node:crypto";
import type { Original } from "../log/log.ts";

export const DIGEST_BYTES = 32;
const SMALLEST_RING = 64;
/** A longer key is remembered by its hash: memory has a bound, whatever clients choose. */
const WHOLE_KEY_LENGTH = 64;
/** No key begins with it. */
const HASH_MARK = "#sha256 ";

export interface RememberedKey extends Original {
  readonly count: number;
  readonly digest: Buffer;
}

/** Keys `[first, end)` of a table, counted from its beginning. */
export interface KeyRange {
  readonly first: number;
  readonly end: number;
}

export class IdempotencyTable {
  readonly #serials = new Map<string, number>();
  /** Entry `serial` lies at `serial % capacity`, for those in `[#first, #end)`. */
  #first = 0;
  #end = 0;
  #capacity = 0;
  #keys: string[] = [];
  #digests: Buffer = Buffer.alloc(0);
  #offsets: Float64Array = new Float64Array(0);
  #timesMs: Float64Array = new Float64Array(0);
  #counts: Uint32Array = new Uint32Array(0);

  get size(): number {
    return this.#end - this.#first;
  }

  get range(): KeyRange {
    return { first: this.#first, end: this.#end };
  }

  /** When the oldest one was published; infinite when there is none. */
  get oldestMs(): number {
    return this.size === 0 ? Infinity : this.#timesMs[this.#first % this.#capacity]!;
  }

  /** What was published last under `key`, if that was not before `sinceMs`. */
  find(key: string, sinceMs: number): RememberedKey | undefined {
    const serial = this.#serials.get(shortened(key));
    if (serial === undefined) return undefined;
    const found = this.at(serial)!;
    return found.timestampMs < sinceMs ? undefined : found;
  }

  add(key: string, digest: Uint8Array, offset: number, count: number, timestampMs: number): void {
    this.addShortened(shortened(key), digest, offset, count, timestampMs);
  }

  /** As `keyAt` gives it. */
  addShortened(key: string, digest: Uint8Array, offset: number, count: number, timestampMs: number): void {
    if (this.size === this.#capacity) this.#grow();
    const serial = this.#end++;
    const slot = serial % this.#capacity;
    this.#serials.set(key, serial);
    this.#keys[slot] = key;
    this.#digests.set(digest, slot * DIGEST_BYTES);
    this.#offsets[slot] = offset;
    this.#timesMs[slot] = timestampMs;
    this.#counts[slot] = count;
  }

  forgetOldest(): void {
    const key = this.#keys[this.#first % this.#capacity]!;
    // It may have been published anew since.
    if (this.#serials.get(key) === this.#first) this.#serials.delete(key);
    this.#first++;
  }

  /** `undefined` for one that was forgotten. The digest is a view. */
  at(serial: number): RememberedKey | undefined {
    if (serial < this.#first) return undefined;
    const slot = serial % this.#capacity;
    const baseOffset = this.#offsets[slot]!;
    const count = this.#counts[slot]!;
    const digest = this.#digests.subarray(slot * DIGEST_BYTES, (slot + 1) * DIGEST_BYTES);
    return { baseOffset, endOffset: baseOffset + count, timestampMs: this.#timesMs[slot]!, count, digest };
  }

  /** In the form in which it is remembered. */
  keyAt(serial: number): string {
    return this.#keys[serial % this.#capacity]!;
  }

  #grow(): void {
    const capacity = Math.max(SMALLEST_RING, 2 * this.#capacity);
    const keys: string[] = new Array<string>(capacity).fill("");
    const digests = Buffer.alloc(capacity * DIGEST_BYTES);
    const offsets = new Float64Array(capacity);
    const timesMs = new Float64Array(capacity);
    const counts = new Uint32Array(capacity);
    for (let serial = this.#first; serial < this.#end; serial++) {
      const [from, to] = [serial % this.#capacity, serial % capacity];
      keys[to] = this.#keys[from]!;
      this.#digests.copy(digests, to * DIGEST_BYTES, from * DIGEST_BYTES, (from + 1) * DIGEST_BYTES);
      offsets[to] = this.#offsets[from]!;
      timesMs[to] = this.#timesMs[from]!;
      counts[to] = this.#counts[from]!;
    }
    this.#capacity = capacity;
    this.#keys = keys;
    this.#digests = digests;
    this.#offsets = offsets;
    this.#timesMs = timesMs;
    this.#counts = counts;
  }
}

function shortened(key: string): string {
  if (key.length <= WHOLE_KEY_LENGTH) return key;
  return HASH_MARK + createHash("sha256").update(key).digest("base64");
}
