/**
 * Writes a group of entries as frames at the end of the active segment, joined into one write. The frames are
 * encoded into the tail's slab and written from there; a large one with headroom for the header makes a group of its own,
 * is written from where it lies, and becomes a slab itself. A long one is written in pieces, with the event loop given back
 * in between.
 */

import { crc32InPieces } from "../base/checksum.ts";
import { copyInPieces } from "../base/copy.ts";
import { freeMemory } from "../base/free-memory.ts";
import { LONG_BYTES } from "../base/loop-share.ts";
import type { DiskFile } from "../disk/disk.ts";
import { writeInPieces, writeWhole } from "../disk/write-whole.ts";
import { encodeFrame, encodeFrameHeader, FRAME_HEADER_BYTES, type FrameFacts } from "./frame.ts";
import { toggleMask } from "./frame-mask.ts";
import type { LogEntry } from "./log.ts";
import type { Segment } from "./segment.ts";
import type { Tail } from "./tail.ts";

/** Below this a copy costs less than a slab. */
const IN_PLACE_BYTES = 32 * 1024;

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
  const framed = entries.length === 1 ? frameInPlace(entries[0]!) : undefined;
  if (framed !== undefined) {
    const entry = framed.subarray(FRAME_HEADER_BYTES);
    encodeFrameHeader(framed, 0, frameFacts(entries[0]!, place.baseOffset, place), entry);
    writeMasked(file, segment, framed);
    tail.adopt(segment.id, segment.sizeBytes, framed);
  } else {
    writeJoined(file, segment, tail, entries, place);
  }
  noteGroup(segment, entries, place);
}

/** Whether the frame of an entry is written in pieces, by `writeLong`. */
export function isLong(entry: LogEntry): boolean {
  return entry.bytes.length > LONG_BYTES;
}

/**
 * As writeGroup, of one long entry. Nothing else may be written to the segment meanwhile; `openFile` gives its file for
 * each piece.
 */
export async function writeLong(
  openFile: () => DiskFile,
  segment: Segment,
  tail: Tail,
  given: LogEntry,
  place: GroupPlace,
  pause: () => Promise<void>,
): Promise<void> {
  const { crc32 = await crc32InPieces(given.bytes, pause) } = given;
  const framed = frameInPlace(given) ?? (await copyFrame(given, pause));
  const entry = { ...given, bytes: framed.subarray(FRAME_HEADER_BYTES), crc32 };
  encodeFrameHeader(framed, 0, frameFacts(entry, place.baseOffset, place), entry.bytes);
  const { sizeBytes, layout } = segment;
  // Nobody else sees the frame before it is written.
  toggleMask(framed, sizeBytes, layout!.mask);
  await writeInPieces(openFile, framed, sizeBytes, pause);
  toggleMask(framed, sizeBytes, layout!.mask);
  tail.adopt(segment.id, sizeBytes, framed);
  noteGroup(segment, [entry], place);
}

/** The entry behind room for its frame's header. An entry that was given for good is gone then. */
async function copyFrame(
  { bytes, headroomBytes = 0 }: LogEntry,
  pause: () => Promise<void>,
): Promise<Buffer> {
  const framed = Buffer.allocUnsafeSlow(FRAME_HEADER_BYTES + bytes.length);
  await copyInPieces(bytes, framed, FRAME_HEADER_BYTES, pause);
  if (headroomBytes > 0) freeMemory(bytes.buffer);
  return framed;
}

function writeJoined(
  file: DiskFile,
  segment: Segment,
  tail: Tail,
  entries: readonly LogEntry[],
  place: GroupPlace,
): void {
  const groupBytes = entries.reduce((sum, entry) => sum + frameBytesOf(entry), 0);
  const reserved = tail.reserve(segment.id, segment.sizeBytes, groupBytes);
  let at = reserved.at;
  let offset = place.baseOffset;
  for (const entry of entries) {
    at = encodeFrame(reserved.bytes, at, frameFacts(entry, offset, place), entry.bytes);
    offset += entry.count;
  }
  writeMasked(file, segment, reserved.bytes.subarray(reserved.at, at));
  tail.commit(groupBytes);
}

/** Within the call `frames` are masked; before and behind it they are plain, also when it fails. */
function writeMasked(file: DiskFile, { sizeBytes, layout }: Segment, frames: Buffer): void {
  toggleMask(frames, sizeBytes, layout!.mask);
  try {
    writeWhole(file, frames, sizeBytes);
  } finally {
    toggleMask(frames, sizeBytes, layout!.mask);
  }
}

function frameFacts(entry: LogEntry, baseOffset: number, place: GroupPlace): FrameFacts {
  return {
    baseOffset,
    timestampMs: place.timestampMs,
    unsyncedCount: baseOffset - place.syncedEndOffset,
    messageCount: entry.count,
    entryCrc: entry.crc32,
  };
}

/** Whether it is written from where it lies, if it comes alone. */
export function liesInPlace(entry: LogEntry): boolean {
  return frameInPlace(entry) !== undefined;
}

/** The frame's bytes around a large entry that has headroom for the header, where they keep little else alive. */
function frameInPlace({ bytes, headroomBytes = 0 }: LogEntry): Buffer | undefined {
  const frameBytes = FRAME_HEADER_BYTES + bytes.length;
  if (headroomBytes < FRAME_HEADER_BYTES || frameBytes < IN_PLACE_BYTES) return undefined;
  if (bytes.buffer.byteLength > 2 * frameBytes) return undefined;
  return Buffer.from(bytes.buffer, bytes.byteOffset - FRAME_HEADER_BYTES, frameBytes);
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
