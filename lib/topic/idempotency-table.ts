/**
 * The idempotency keys that a topic remembers, in the order in which they were published. There may be a hundred thousand
 * in each of many topics, so they are records of one size in one ring of bytes, which is also how they are kept on the
 * disk. The ring grows and shrinks with them; a table without keys takes no memory.
 *
 *     | fingerprint | digest | offset | time ms | count |
 *       16            32       f64      f64       u32       big-endian
 *
 * The fingerprint stands for the key: the first half of its SHA-256.
 */

import type { Original } from "../log/log.ts";
import { DIGEST_BYTES } from "../message/fields.ts";
import { sha256, sha256Text } from "./sha256.ts";

const FINGERPRINT_BYTES = 16;
const DIGEST = 16;
const OFFSET = 48;
const TIME = 56;
const COUNT = 64;
export const RECORD_BYTES = 68;
const SMALLEST_RING = 64;
/** A ring of which less than this part is used is halved: then it is far from growing again. */
const SHRINK_PARTS = 4;

export interface RememberedKey extends Original {
  readonly count: number;
  readonly digest: Buffer;
}

/** Keys `[first, end)` of a table, counted from its beginning. */
export interface KeyRange {
  readonly first: number;
  readonly end: number;
}

export function fingerprintOf(key: string): Buffer {
  return sha256(key).subarray(0, FINGERPRINT_BYTES);
}

/** The place of the first of `count` whole records that was published at `sinceMs` or later; `count` where none was. */
export function firstSince(records: Buffer, count: number, sinceMs: number): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (records.readDoubleBE(middle * RECORD_BYTES + TIME) < sinceMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Nobody can choose keys that meet in one chain. */
const MIX_SEED = (Math.random() * 2 ** 32) | 0;
const MIX_FACTOR = (Math.random() * 2 ** 32) | 0 | 1;

export class IdempotencyTable {
  /** Keys that there is room for, which is what it takes of memory. */
  capacity = 0;
  /** Record `serial` lies at `serial % capacity`, for those in `[#first, #end)`. */
  #first = 0;
  #end = 0;
  #records: Buffer = Buffer.alloc(0);
  /** Chains of the slots whose fingerprints mix to the same, newest first; slots count from 1, and 0 ends a chain. */
  #heads: Uint32Array = new Uint32Array(0);
  #nexts: Uint32Array = new Uint32Array(0);

  get size(): number {
    return this.#end - this.#first;
  }

  get range(): KeyRange {
    return { first: this.#first, end: this.#end };
  }

  /** When the oldest one was published; infinite when there is none. */
  get oldestMs(): number {
    return this.size === 0 ? Infinity : this.#records.readDoubleBE(this.#position(this.#first) + TIME);
  }

  /** What was published last under the key, if that was not before `sinceMs`. The digest is a view. */
  find(fingerprint: Buffer, sinceMs: number): RememberedKey | undefined {
    if (this.size === 0) return undefined;
    const records = this.#records;
    for (let slot = this.#heads[this.#chainOf(fingerprint, 0)]!; slot !== 0; slot = this.#nexts[slot - 1]!) {
      const at = (slot - 1) * RECORD_BYTES;
      if (records.compare(fingerprint, 0, FINGERPRINT_BYTES, at, at + FINGERPRINT_BYTES) !== 0) continue;
      const [baseOffset, timestampMs] = [records.readDoubleBE(at + OFFSET), records.readDoubleBE(at + TIME)];
      if (timestampMs < sinceMs) return undefined;
      const count = records.readUInt32BE(at + COUNT);
      const digest = records.subarray(at + DIGEST, at + OFFSET);
      return { baseOffset, endOffset: baseOffset + count, timestampMs, count, digest };
    }
    return undefined;
  }

  add(fingerprint: Buffer, digest: Uint8Array, offset: number, count: number, timestampMs: number): void {
    const at = this.#push();
    this.#records.set(fingerprint, at);
    this.#records.set(digest, at + DIGEST);
    this.#complete(at, offset, count, timestampMs);
  }

  /** As `add`: digest and key lie in `[start, end)` of `bytes`, one behind the other. It makes few objects. */
  addValue(
    bytes: Buffer,
    start: number,
    end: number,
    offset: number,
    count: number,
    timestampMs: number,
  ): void {
    const at = this.#push();
    const key = bytes.toString("utf8", start + DIGEST_BYTES, end);
    this.#records.write(sha256Text(key), at, FINGERPRINT_BYTES, "latin1");
    for (let i = 0; i < DIGEST_BYTES; i++) this.#records[at + DIGEST + i] = bytes[start + i]!;
    this.#complete(at, offset, count, timestampMs);
  }

  /** The rest of the record at the end. */
  #complete(at: number, offset: number, count: number, timestampMs: number): void {
    this.#records.writeDoubleBE(offset, at + OFFSET);
    this.#records.writeDoubleBE(timestampMs, at + TIME);
    this.#records.writeUInt32BE(count, at + COUNT);
    this.#link(this.#end - 1);
  }

  /** Adds whole records, as `records` gives them, to a table that has forgotten none; so many come, these included. */
  restore(records: Buffer, comingCount: number): void {
    if (records.length === 0) return;
    this.#grow(this.#end + comingCount);
    const first = this.#end;
    records.copy(this.#records, first * RECORD_BYTES);
    this.#end += records.length / RECORD_BYTES;
    this.#linkAll(first, this.#end);
  }

  forgetOldest(): void {
    // It was linked before all others of its chain, so it stands last there.
    const slot = (this.#first % this.capacity) + 1;
    const chain = this.#chainOf(this.#records, this.#position(this.#first));
    let before = 0;
    for (let each = this.#heads[chain]!; each !== slot; each = this.#nexts[each - 1]!) before = each;
    if (before === 0) this.#heads[chain] = 0;
    else this.#nexts[before - 1] = 0;
    this.#first++;
    if (this.size === 0) this.#resize(0);
    else if (this.size < this.capacity / SHRINK_PARTS && this.capacity > SMALLEST_RING) {
      this.#resize(this.capacity / 2);
    }
  }

  /** A copy of those of `range` that are there. */
  records({ first, end }: KeyRange): Buffer {
    const from = Math.max(first, this.#first);
    if (from >= end) return Buffer.alloc(0);
    const copy = Buffer.allocUnsafe((end - from) * RECORD_BYTES);
    // They may go on at the ring's beginning.
    const copied = this.#records.copy(copy, 0, this.#position(from));
    this.#records.copy(copy, copied);
    return copy;
  }

  #position(serial: number): number {
    return (serial % this.capacity) * RECORD_BYTES;
  }

  /** The chain of the fingerprint at `position`. */
  #chainOf(bytes: Buffer, position: number): number {
    const word =
      bytes[position]! |
      (bytes[position + 1]! << 8) |
      (bytes[position + 2]! << 16) |
      (bytes[position + 3]! << 24);
    const mixed = Math.imul(word ^ MIX_SEED, MIX_FACTOR);
    return (mixed ^ (mixed >>> 15)) & (this.#heads.length - 1);
  }

  /** Makes a record at the end, and returns its position. */
  #push(): number {
    if (this.size === this.capacity) this.#grow(this.size + 1);
    return this.#position(this.#end++);
  }

  #linkAll(first: number, end: number): void {
    for (let serial = first; serial < end; serial++) this.#link(serial);
  }

  #link(serial: number): void {
    const slot = serial % this.capacity;
    const chain = this.#chainOf(this.#records, slot * RECORD_BYTES);
    this.#nexts[slot] = this.#heads[chain]!;
    this.#heads[chain] = slot + 1;
  }

  /** To a power of two that holds `size`. */
  #grow(size: number): void {
    let capacity = Math.max(SMALLEST_RING, this.capacity);
    while (capacity < size) capacity *= 2;
    if (capacity !== this.capacity) this.#resize(capacity);
  }

  #resize(capacity: number): void {
    const kept = this.records(this.range);
    this.capacity = capacity;
    this.#records = Buffer.allocUnsafeSlow(capacity * RECORD_BYTES);
    this.#heads = new Uint32Array(capacity);
    this.#nexts = new Uint32Array(capacity);
    if (kept.length === 0) return;
    // They may go on at the ring's beginning.
    const copied = kept.copy(this.#records, this.#position(this.#first));
    kept.copy(this.#records, 0, copied);
    this.#linkAll(this.#first, this.#end);
  }
}
