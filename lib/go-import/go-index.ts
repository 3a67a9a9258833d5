/**
 * The index of a segment of the Go NetLog: where each write begins, which offset it begins with, and when it was
 * made. Nothing in it is checksummed, so entries that contradict the others are left out.
 *
 * ```
 *  0                 4              8               16
 *  | relative offset | unix seconds | data position |
 *    u32, from 1       u32            u64
 * ```
 *
 * Big-endian. The last entry is where the next write would go, with time 0; zeros fill the rest of the file.
 */

/** The bytes that a data file of the Go NetLog begins with: version, length, created; never part of a message. */
export const GO_HEADER_BYTES = 16;
/** The Go NetLog makes files of 1,638,400 bytes. */
export const GO_INDEX_MAX_BYTES: number = 16 * 1024 * 1024;

const ENTRY_BYTES = 16;
const SECONDS = 4;
const POSITION = 8;
/** A clock may be wrong; one that is ahead by more would keep every later message in the future. */
const MAX_AHEAD_MS = 24 * 60 * 60 * 1000;
const MS_PER_SECOND = 1000;

/** Where a write begins. */
export interface GoMark {
  /** The offset of its first message in the topic. */
  readonly offset: number;
  /** In the data file. */
  readonly position: number;
  /** The time that all its messages have; `undefined` where it is not known. */
  readonly timestampMs: number | undefined;
}

export interface GoIndex {
  /** Offsets and positions ascend. The first is the segment's beginning; the last one is where the index ends. */
  readonly marks: readonly [GoMark, ...GoMark[]];
  /** Entries that cannot be true, with their place in the file. */
  readonly disbelieved: { readonly count: number; readonly position: number } | undefined;
  /** False when it ends with a write instead of the place of the next one, or is no index at all. */
  readonly isWhole: boolean;
}

interface RawEntry extends GoMark {
  readonly at: number;
}

/** What is left of an index that is missing. */
export function noGoIndex(baseOffset: number): GoIndex {
  return { marks: [beginningOf(baseOffset)], disbelieved: undefined, isWhole: false };
}

export function decodeGoIndex(bytes: Buffer, baseOffset: number, nowMs: number): GoIndex {
  const entries = rawEntries(bytes, baseOffset, nowMs);
  const [first] = entries;
  const beginning = beginningOf(baseOffset);
  const isAtBeginning = first?.offset === baseOffset && first.position === GO_HEADER_BYTES;
  const rest = entries.slice(1).filter(({ offset, position }) => {
    return offset > baseOffset && position > GO_HEADER_BYTES && Number.isSafeInteger(position);
  });
  const byOffset = ascending(rest, ({ offset }) => offset);
  const believed = ascending(byOffset, ({ position }) => position);
  const marks: [GoMark, ...GoMark[]] = [isAtBeginning ? first : beginning, ...believed];
  const isTrue = new Set<GoMark>(marks);
  // The last entry's time is 0 because nothing was written there yet.
  const odd = entries.filter((entry, i) => {
    return !isTrue.has(entry) || (entry.timestampMs === undefined && i < entries.length - 1);
  });
  const disbelieved = odd.length === 0 ? undefined : { count: odd.length, position: odd[0]!.at };
  // Among much garbage some ascends by chance.
  if (odd.length > entries.length / 2) return { marks: [beginning], disbelieved, isWhole: false };
  const last = entries.at(-1);
  const isWhole = last !== undefined && isTrue.has(last) && last.timestampMs === undefined;
  return { marks, disbelieved, isWhole };
}

function beginningOf(baseOffset: number): GoMark {
  return { offset: baseOffset, position: GO_HEADER_BYTES, timestampMs: undefined };
}

/** All entries up to the last that is not empty. */
function rawEntries(bytes: Buffer, baseOffset: number, nowMs: number): RawEntry[] {
  let end = bytes.length - (bytes.length % ENTRY_BYTES);
  while (end > 0 && bytes.readUInt32BE(end - ENTRY_BYTES) === 0) end -= ENTRY_BYTES;
  const entries: RawEntry[] = [];
  for (let at = 0; at < end; at += ENTRY_BYTES) {
    const timestampMs = bytes.readUInt32BE(at + SECONDS) * MS_PER_SECOND;
    entries.push({
      at,
      offset: baseOffset + bytes.readUInt32BE(at) - 1,
      position: Number(bytes.readBigUInt64BE(at + POSITION)),
      timestampMs: timestampMs === 0 || timestampMs > nowMs + MAX_AHEAD_MS ? undefined : timestampMs,
    });
  }
  return entries;
}

function ascending<Item>(items: readonly Item[], measure: (item: Item) => number): readonly Item[] {
  const values = items.map(measure);
  if (values.every((value, i) => i === 0 || value > values[i - 1]!)) return items;
  return longestRise(values).map((i) => items[i]!);
}

/** Indexes of a longest strictly ascending subsequence of `values`, in order. */
function longestRise(values: readonly number[]): number[] {
  /** At `n`: where the lowest value ends that n + 1 ascending ones can end with. */
  const ends: number[] = [];
  const before = new Int32Array(values.length).fill(-1);
  for (let i = 0; i < values.length; i++) {
    const length = countBelow(ends, values, values[i]!);
    before[i] = length === 0 ? -1 : ends[length - 1]!;
    ends[length] = i;
  }
  const rise: number[] = [];
  for (let i = ends.at(-1) ?? -1; i >= 0; i = before[i]!) rise.push(i);
  return rise.reverse();
}

function countBelow(ends: readonly number[], values: readonly number[], bound: number): number {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[ends[middle]!]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
