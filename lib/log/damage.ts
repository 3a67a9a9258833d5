/** Parts of a data file that cannot be read: where, which offsets they cost, and what was found there. */
import { NetlogError } from "../base/errors.ts";
import type { Damage } from "./log.ts";

/** Damage as a file has it. */
export interface FileDamage extends Omit<Damage, "place"> {
  readonly file: string;
  readonly position: number;
}

/** The damage of one file, with the position at which reading goes on. */
export interface DamagedRange extends FileDamage {
  readonly nextPosition: number;
}

/** Damage as the log tells of it. */
export function damageOf({ file, position, offset, nextOffset, type, expected, actual }: FileDamage): Damage {
  return { offset, nextOffset, place: `byte ${position} of ${file}`, type, expected, actual };
}

export function damageError(range: FileDamage): NetlogError {
  const damage = damageOf(range);
  return new NetlogError("checksum_error", {
    reason: `${damage.type}: expected ${damage.expected}, found ${damage.actual}`,
    details: { offset: damage.offset, nextOffset: damage.nextOffset, place: damage.place },
  });
}

/** Keeps `ranges` sorted by offset and free of doubles. */
export function insertDamage(ranges: DamagedRange[], range: DamagedRange): void {
  let i = ranges.length;
  while (i > 0 && ranges[i - 1]!.offset > range.offset) i--;
  if (i > 0 && ranges[i - 1]!.offset === range.offset) return;
  ranges.splice(i, 0, range);
}

export function findDamage(ranges: readonly DamagedRange[], offset: number): DamagedRange | undefined {
  return ranges.find((range) => range.offset <= offset && offset < range.nextOffset);
}

interface Place {
  readonly position: number;
  readonly offset: number;
}

/** A segment of which nothing tells how its frames lie in the file; the next one's name says where it ends. */
export function unreadableSegment(
  file: string,
  { baseOffset, sizeBytes }: { readonly baseOffset: number; readonly sizeBytes: number },
  endOffset: number,
): DamagedRange {
  return {
    file,
    position: 0,
    nextPosition: sizeBytes,
    offset: baseOffset,
    nextOffset: endOffset,
    type: "checksum",
    expected: "a segment header, an index or a first frame that is sound",
    actual: "none",
  };
}

/** Offsets that the next segment's name says should be here. */
export function missingEnd(file: string, from: Place, end: Place): DamagedRange {
  return {
    file,
    position: from.position,
    nextPosition: from.position,
    offset: from.offset,
    nextOffset: end.offset,
    type: "length",
    expected: `frames up to offset ${end.offset}`,
    actual: `end of file at offset ${from.offset}`,
  };
}
