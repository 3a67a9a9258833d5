/**
 * Writes a group of entries as frames at the end of the active segment, joined into one write. The frames are
 * encoded into the tail's slab and written from there.
 */
import type { DiskFile } from "../disk/disk.ts";
import { encodeFrame, FRAME_HEADER_BYTES } from "./frame.ts";
import type { LogEntry } from "./log.ts";
import type { Segment } from "./segment.ts";
import type { Tail } from "./tail.ts";
import { writeWhole } from "./write-whole.ts";

export interface GroupPlace {
  readonly baseOffset: number;
  /** Everything below was known to be on the disk when the group is written. */
  readonly syncedEndOffset: number;
  readonly timestampMs: number;
}

/** Bytes that an entry takes in the file. */
export function frameBytesOf(entry: LogEntry): number {
  return FRAME_HEADER_BYTES + entry.bytes.length;
}

/**
 * Appends the entries to `segment` and keeps its facts; on failure nothing of the segment's facts has changed, and
 * the file may have grown by a part of the group.
 *
 * @throws IncompleteWrite.
 */
export function writeGroup(
  file: DiskFile,
  segment: Segment,
  tail: Tail,
  entries: readonly LogEntry[],
  place: GroupPlace,
): void {
  const groupBytes = entries.reduce((sum, entry) => sum + frameBytesOf(entry), 0);
  const room = tail.reserve(segment.id, segment.sizeBytes, groupBytes);
  let at = room.at;
  let offset = place.baseOffset;
  for (const entry of entries) {
    const frame = {
      baseOffset: offset,
      timestampMs: place.timestampMs,
      unsyncedCount: offset - place.syncedEndOffset,
      messageCount: entry.count,
    };
    at = encodeFrame(room.bytes, at, frame, entry.bytes);
    offset += entry.count;
  }
  writeWhole(file, room.bytes.subarray(room.at, at), segment.sizeBytes);
  tail.commit(groupBytes);
  noteGroup(segment, entries, place);
}

function noteGroup(segment: Segment, entries: readonly LogEntry[], place: GroupPlace): void {
  let offset = place.baseOffset;
  for (const entry of entries) {
    segment.activeIndex!.add(offset, segment.sizeBytes, place.timestampMs);
    segment.sizeBytes += frameBytesOf(entry);
    offset += entry.count;
  }
  segment.endOffset = offset;
  segment.firstTimestampMs ??= place.timestampMs;
  segment.lastTimestampMs = place.timestampMs;
  segment.modifiedAtMs = place.timestampMs;
}
