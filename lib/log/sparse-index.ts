/**
 * The sparse index of a segment: where in the data file to begin looking for an offset or a time. One entry for
 * the segment's first frame, then one for the first that begins in each next stretch of `intervalBytes`. These are the
 * blocks in which history is read: finding a message at random takes 1.07 reads, where entries that lay anywhere took
 * 1.48. On the disk it is a cache that may be deleted; big-endian:
 *
 * ```
 * entry:   0                 4               8              16
 *          | relative offset | file position | timestamp    |
 *            u32               u32             u64 ms
 * footer:  0               8            16               24           28         32            36       40
 *          | data position | end offset | last timestamp | mask magic | mask crc | entry count | CRC-32 |
 *            u64             u64          u64 ms           u32          u32        u32           u32 of all before
 * ```
 *
 * Data position: the index speaks of the data file up to here, and this much was synced when it was written. The mask
 * is that of the data file (frame-mask.ts), in case its header is damaged. The index of a file of the old layout has
 * none: its footer is 8 bytes shorter, which the length of the file tells.
 */
import { crc32 } from "../base/checksum.ts";
import { readUint64, writeUint64 } from "./bytes.ts";
import type { FrameMask } from "./frame-mask.ts";

export const INDEX_ENTRY_BYTES = 16;
const FOOTER_BYTES = 40;
const OLD_FOOTER_BYTES = 32;
/** Three numbers an entry. */
const ENTRY_MEMORY_BYTES = 24;

export interface IndexEntry {
  readonly offset: number;
  readonly position: number;
}

/** How far an index file speaks. */
export interface IndexFooter {
  readonly dataPosition: number;
  readonly endOffset: number;
  readonly lastTimestampMs: number;
  /** The data file's mask; `undefined` in the old layout. */
  readonly mask: FrameMask | undefined;
}

/** An index file that is whole and does not contradict itself. */
export interface DecodedIndex {
  readonly index: SparseIndex;
  readonly footer: IndexFooter;
}

export class SparseIndex {
  readonly #baseOffset: number;
  readonly #intervalBytes: number;
  /** Three columns of equal length, each ascending; positions and offsets strictly so. */
  readonly #relativeOffsets: number[] = [];
  readonly #positions: number[] = [];
  readonly #timestamps: number[] = [];

  constructor(baseOffset: number, intervalBytes: number) {
    this.#baseOffset = baseOffset;
    this.#intervalBytes = intervalBytes;
  }

  get memoryBytes(): number {
    return 1 + this.#positions.length * ENTRY_MEMORY_BYTES;
  }

  /** Takes every frame, in order; keeps those that an entry is due for. */
  add(offset: number, position: number, timestampMs: number): void {
    const last = this.#positions.at(-1);
    if (last !== undefined && this.#stretchOf(position) === this.#stretchOf(last)) return;
    this.#relativeOffsets.push(offset - this.#baseOffset);
    this.#positions.push(position);
    this.#timestamps.push(timestampMs);
  }

  /** The last entry at or before `offset`. */
  floorByOffset(offset: number): IndexEntry | undefined {
    return this.#entry(lastBelow(this.#relativeOffsets, offset - this.#baseOffset + 1));
  }

  /** An entry before which every message is older than `timeMs`: the place to begin looking from. */
  floorByTime(timeMs: number): IndexEntry | undefined {
    return this.#entry(Math.max(0, lastBelow(this.#timestamps, timeMs)));
  }

  /** The first entry after `position` of the data. */
  ceilByPosition(position: number): IndexEntry | undefined {
    return this.#entry(lastBelow(this.#positions, position + 1) + 1);
  }

  /** Forgets the entries from `position` of the data on. */
  cutFrom(position: number): void {
    const count = lastBelow(this.#positions, position) + 1;
    for (const column of [this.#relativeOffsets, this.#positions, this.#timestamps]) column.length = count;
  }

  /** All entries, in order, with the time of the frame that each names. */
  *entries(): Generator<IndexEntry & { readonly timestampMs: number }, void, void> {
    for (const [i, timestampMs] of this.#timestamps.entries()) yield { ...this.#entry(i)!, timestampMs };
  }

  get firstTimestampMs(): number | undefined {
    return this.#timestamps[0];
  }

  get lastEntry(): IndexEntry | undefined {
    return this.#entry(this.#positions.length - 1);
  }

  /** The index file for the data up to `footer.dataPosition`; entries beyond are left out. */
  encode(footer: IndexFooter): Buffer {
    const count = lastBelow(this.#positions, footer.dataPosition) + 1;
    const { mask } = footer;
    const footerBytes = mask === undefined ? OLD_FOOTER_BYTES : FOOTER_BYTES;
    const bytes = Buffer.alloc(count * INDEX_ENTRY_BYTES + footerBytes);
    for (let i = 0; i < count; i++) {
      bytes.writeUInt32BE(this.#relativeOffsets[i]!, i * INDEX_ENTRY_BYTES);
      bytes.writeUInt32BE(this.#positions[i]!, i * INDEX_ENTRY_BYTES + 4);
      writeUint64(bytes, this.#timestamps[i]!, i * INDEX_ENTRY_BYTES + 8);
    }
    const at = count * INDEX_ENTRY_BYTES;
    writeUint64(bytes, footer.dataPosition, at);
    writeUint64(bytes, footer.endOffset, at + 8);
    writeUint64(bytes, footer.lastTimestampMs, at + 16);
    if (mask !== undefined) {
      bytes.writeUInt32BE(mask.magic, at + 24);
      bytes.writeUInt32BE(mask.crc, at + 28);
    }
    bytes.writeUInt32BE(count, bytes.length - 8);
    bytes.writeUInt32BE(crc32(bytes.subarray(0, bytes.length - 4)), bytes.length - 4);
    return bytes;
  }

  /** `undefined` when the file is not whole, or contradicts itself. */
  static decode(bytes: Buffer, baseOffset: number, intervalBytes: number): DecodedIndex | undefined {
    const footer = decodeFooter(bytes);
    if (footer === undefined || footer.endOffset < baseOffset) return undefined;
    const index = new SparseIndex(baseOffset, intervalBytes);
    const count = footerPosition(bytes) / INDEX_ENTRY_BYTES;
    for (let i = 0; i < count; i++) {
      const timestampMs = readUint64(bytes, i * INDEX_ENTRY_BYTES + 8);
      if (timestampMs === undefined) return undefined;
      index.#relativeOffsets.push(bytes.readUInt32BE(i * INDEX_ENTRY_BYTES));
      index.#positions.push(bytes.readUInt32BE(i * INDEX_ENTRY_BYTES + 4));
      index.#timestamps.push(timestampMs);
    }
    return index.#isAscending(footer) ? { index, footer } : undefined;
  }

  #isAscending(footer: IndexFooter): boolean {
    for (let i = 1; i < this.#positions.length; i++) {
      if (this.#positions[i]! <= this.#positions[i - 1]!) return false;
      if (this.#relativeOffsets[i]! <= this.#relativeOffsets[i - 1]!) return false;
      if (this.#timestamps[i]! < this.#timestamps[i - 1]!) return false;
    }
    const last = this.lastEntry;
    return last === undefined || (last.position < footer.dataPosition && last.offset < footer.endOffset);
  }

  #stretchOf(position: number): number {
    return Math.floor(position / this.#intervalBytes);
  }

  #entry(i: number): IndexEntry | undefined {
    const position = this.#positions[i];
    if (position === undefined) return undefined;
    return { offset: this.#baseOffset + this.#relativeOffsets[i]!, position };
  }
}

/** Why `bytes` are no whole index file, for people; `undefined` when they are one, whatever its entries say. */
export function indexTrouble(bytes: Buffer): string | undefined {
  if (footerPosition(bytes) < 0) return `${bytes.length} bytes, fewer than a footer has`;
  if (footerPosition(bytes) % INDEX_ENTRY_BYTES !== 0)
    return `${bytes.length} bytes, no whole number of entries`;
  // Without the figures: beside all other words of the file, which a dump shows, they would tell half of the mask.
  if (bytes.readUInt32BE(bytes.length - 4) !== crc32(bytes.subarray(0, bytes.length - 4))) return "CRC BAD";
  const count = bytes.readUInt32BE(bytes.length - 8);
  const actualCount = footerPosition(bytes) / INDEX_ENTRY_BYTES;
  return count === actualCount ? undefined : `${count} entries are announced, there are ${actualCount}`;
}

function decodeFooter(bytes: Buffer): IndexFooter | undefined {
  if (indexTrouble(bytes) !== undefined) return undefined;
  const at = footerPosition(bytes);
  const dataPosition = readUint64(bytes, at);
  const endOffset = readUint64(bytes, at + 8);
  const lastTimestampMs = readUint64(bytes, at + 16);
  if (dataPosition === undefined || endOffset === undefined || lastTimestampMs === undefined)
    return undefined;
  const isOld = bytes.length - at === OLD_FOOTER_BYTES;
  const mask = isOld ? undefined : { magic: bytes.readUInt32BE(at + 24), crc: bytes.readUInt32BE(at + 28) };
  return { dataPosition, endOffset, lastTimestampMs, mask };
}

/** Where the footer of an index file begins; below 0 when the file is too short for one. */
export function footerPosition(bytes: Buffer): number {
  const isOld = bytes.length % INDEX_ENTRY_BYTES === OLD_FOOTER_BYTES % INDEX_ENTRY_BYTES;
  return bytes.length - (isOld ? OLD_FOOTER_BYTES : FOOTER_BYTES);
}

/** Place of the last value below `bound` in an ascending column; -1 when there is none. */
function lastBelow(column: readonly number[], bound: number): number {
  let low = 0;
  let high = column.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (column[middle]! < bound) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
