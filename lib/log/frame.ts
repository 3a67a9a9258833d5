/**
 * The frame: what is written, checked and handed out as a whole. A 40-byte header, then one entry, whose inside
 * is none of the log's business. All integers are big-endian. This is the exchange format: a frame looks like this in
 * memory, over HTTP and between logs, whatever keeps them. In a data file its magic, flags and headerCrc are masked
 * (frame-mask.ts).
 *
 * ```
 *  0     3       4             12            20         24      28       32         36          40
 *  | NLF | flags | base offset | timestamp   | unsynced | count | length | entryCrc | headerCrc | entry
 *    3B    u8      u64           u64 ms        u32        u32     u32      u32        u32 of 0..36
 * ```
 *
 * `unsynced` is how many messages before this frame were not known to be on the disk when it was written, so
 * `base offset - unsynced` is the synced mark of that moment: what lets recovery tell a torn tail from damage.
 */
import { crc32, crc32Within } from "../base/checksum.ts";
import { readUint64, UINT32_MAX, writeUint64 } from "./bytes.ts";

export const FRAME_HEADER_BYTES = 40;

/** Masked in a file: where the two words lie that no payload can know. */
export const MAGIC_AND_FLAGS = 0x4e4c4600;
export const HEADER_CRC = 36;
const BASE_OFFSET = 4;
const TIMESTAMP = 12;
const UNSYNCED = 20;
const COUNT = 24;
export const LENGTH = 28;
const ENTRY_CRC = 32;

const MAGIC_CRC = crc32(Buffer.from([0x4e, 0x4c, 0x46, 0x00]));

export interface FrameHeader {
  readonly baseOffset: number;
  readonly timestampMs: number;
  /** Messages before this frame that were not known to be synced when it was written; saturates at 2^32-1. */
  readonly unsyncedCount: number;
  readonly messageCount: number;
  readonly entryBytes: number;
  readonly entryCrc: number;
}

/** What a frame is written from. */
export interface FrameFacts
  extends Pick<FrameHeader, "baseOffset" | "timestampMs" | "unsyncedCount" | "messageCount"> {
  /** Computed where it is not known. */
  readonly entryCrc?: number | undefined;
}

/** Offset after the frame's last message. */
export function frameEndOffset(header: FrameHeader): number {
  return header.baseOffset + header.messageCount;
}

/** Bytes of the whole frame. */
export function frameBytes(header: FrameHeader): number {
  return FRAME_HEADER_BYTES + header.entryBytes;
}

/** Writes the frame of `entry` into `target` at `position`; returns the position after it. */
export function encodeFrame(target: Buffer, position: number, frame: FrameFacts, entry: Uint8Array): number {
  encodeFrameHeader(target, position, frame, entry);
  target.set(entry, position + FRAME_HEADER_BYTES);
  return position + FRAME_HEADER_BYTES + entry.length;
}

/** Writes the header alone of the frame of `entry`. */
export function encodeFrameHeader(
  target: Buffer,
  position: number,
  frame: FrameFacts,
  entry: Uint8Array,
): void {
  target.writeUInt32BE(MAGIC_AND_FLAGS, position);
  writeUint64(target, frame.baseOffset, position + BASE_OFFSET);
  writeUint64(target, frame.timestampMs, position + TIMESTAMP);
  target.writeUInt32BE(Math.min(frame.unsyncedCount, UINT32_MAX), position + UNSYNCED);
  target.writeUInt32BE(frame.messageCount, position + COUNT);
  target.writeUInt32BE(entry.length, position + LENGTH);
  target.writeUInt32BE(frame.entryCrc ?? crc32(entry), position + ENTRY_CRC);
  target.writeUInt32BE(headerCrc(target, position), position + HEADER_CRC);
}

/**
 * The header at `position`, or `undefined` where there is no valid one. Does not look at the entry. In a file the
 * two words are XORed with what stands for them.
 */
export function decodeFrameHeader(
  bytes: Buffer,
  position: number,
  magicMask = 0,
  crcMask = 0,
): FrameHeader | undefined {
  if (!beginsFrame(bytes, position, magicMask)) return undefined;
  if ((bytes.readUInt32BE(position + HEADER_CRC) ^ crcMask) >>> 0 !== headerCrc(bytes, position))
    return undefined;
  return readFrameHeader(bytes, position);
}

function beginsFrame(bytes: Buffer, position: number, magicMask = 0): boolean {
  if (position + FRAME_HEADER_BYTES > bytes.length) return false;
  return (bytes.readUInt32BE(position) ^ magicMask) === MAGIC_AND_FLAGS;
}

/** The header's facts, without its checksum. */
function readFrameHeader(bytes: Buffer, position: number): FrameHeader | undefined {
  const baseOffset = readUint64(bytes, position + BASE_OFFSET);
  const timestampMs = readUint64(bytes, position + TIMESTAMP);
  const messageCount = bytes.readUInt32BE(position + COUNT);
  const entryBytes = bytes.readUInt32BE(position + LENGTH);
  if (baseOffset === undefined || timestampMs === undefined) return undefined;
  if (messageCount === 0 || entryBytes === 0) return undefined;
  if (!Number.isSafeInteger(baseOffset + messageCount)) return undefined;
  return {
    baseOffset,
    timestampMs,
    unsyncedCount: bytes.readUInt32BE(position + UNSYNCED),
    messageCount,
    entryBytes,
    entryCrc: bytes.readUInt32BE(position + ENTRY_CRC),
  };
}

/** CRC of the entry of the frame at `position`, all of which must be in `bytes`. */
export function computeEntryCrc(bytes: Buffer, position: number, header: FrameHeader): number {
  return crc32Within(bytes, position + FRAME_HEADER_BYTES, position + frameBytes(header));
}

/** A frame of a run: its header's facts, and its entry as a view. */
export interface Frame {
  readonly header: FrameHeader;
  readonly entry: Buffer;
}

/** The frames of a run's bytes, in order; the bytes were checked when the run was read. */
export function* framesOf(bytes: Buffer): Generator<Frame, void, void> {
  let position = 0;
  while (position < bytes.length) {
    const frame = frameAt(bytes, position);
    yield frame;
    position += frameBytes(frame.header);
  }
}

/** What `eachEntry` reports: where in the bytes an entry lies, and what the header of its frame says. */
export type EntryReport = (
  start: number,
  end: number,
  baseOffset: number,
  messageCount: number,
  timestampMs: number,
) => void;

/** Reports the entries of a run's bytes as `framesOf` gives them, without an object for each. */
export function eachEntry(bytes: Buffer, report: EntryReport): void {
  for (let position = 0; position < bytes.length; ) {
    const start = position + FRAME_HEADER_BYTES;
    const end = start + bytes.readUInt32BE(position + LENGTH);
    const baseOffset = readUint64(bytes, position + BASE_OFFSET)!;
    const timestampMs = readUint64(bytes, position + TIMESTAMP)!;
    report(start, end, baseOffset, bytes.readUInt32BE(position + COUNT), timestampMs);
    position = end;
  }
}

/** The frame at `position` of a run's bytes, which were checked when the run was read. */
export function frameAt(bytes: Buffer, position: number): Frame {
  const header = beginsFrame(bytes, position) ? readFrameHeader(bytes, position) : undefined;
  if (header === undefined)
    throw new RangeError(`no frame at byte ${position} of a run of ${bytes.length} bytes`);
  return {
    header,
    entry: bytes.subarray(position + FRAME_HEADER_BYTES, position + frameBytes(header)),
  };
}

/** The checksum of the header as memory has it, whatever bytes stand in place of its magic. */
export function headerCrc(bytes: Buffer, position: number): number {
  return crc32Within(bytes, position + BASE_OFFSET, position + HEADER_CRC, MAGIC_CRC);
}
