/**
 * What makes a frame in a data file one that this log wrote there. A payload may hold the bytes of frames, and after
 * a crash or damage the log looks for frames behind a bad place. So each segment has a mask, two random words that
 * nothing hands out, and each frame of its file has them XORed into its header:
 *
 * ```
 *  0               4                       36            40
 *  | magic, flags  | as in memory (frame.ts) | headerCrc  | entry
 *    ^ magic ^ pos                             ^ crc
 * ```
 *
 * `pos` is the position of the frame in the file: a frame that is copied elsewhere in it is none. A writer who does
 * not know the mask hits these 64 bits once in 2^64 tries for each place. The mask leaves the process by no way: it is
 * in no log line, finding, dump, answer or metric, and neither is a masked word, for the plain word stands beside it.
 * What lies in memory outside of a read or a write is plain.
 */
import type { Runtime } from "../base/runtime.ts";
import {
  decodeFrameHeader,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  HEADER_CRC,
  headerCrc,
  LENGTH,
  MAGIC_AND_FLAGS,
} from "./frame.ts";

/** Two u32. */
export interface FrameMask {
  readonly magic: number;
  readonly crc: number;
}

/** The random digits of a UUID lie at its ends; the version and variant between them. */
export function newMask(runtime: Pick<Runtime, "randomId">): FrameMask {
  const id = runtime.randomId();
  return { magic: Number.parseInt(id.slice(0, 8), 16), crc: Number.parseInt(id.slice(-8), 16) };
}

/** Segments of the old layout have none. */
export function sameMask(one: FrameMask | undefined, other: FrameMask | undefined): boolean {
  return one?.magic === other?.magic && one?.crc === other?.crc;
}

/** The header at `at` of `bytes`, which lies at `position` of a file with this mask. */
export function decodeMaskedHeader(
  bytes: Buffer,
  at: number,
  position: number,
  mask: FrameMask | undefined,
): FrameHeader | undefined {
  if (mask === undefined) return decodeFrameHeader(bytes, at);
  return decodeFrameHeader(bytes, at, mask.magic ^ position, mask.crc);
}

/** Where in `[from, end)` of `bytes` a word stands that may begin a frame; -1 when nowhere. */
export function findMaskedMagic(
  bytes: Buffer,
  from: number,
  end: number,
  position: number,
  mask: FrameMask | undefined,
): number {
  const last = Math.min(end, bytes.length - FRAME_HEADER_BYTES + 1);
  for (let at = from; at < last; at++) {
    const magicMask = mask === undefined ? 0 : mask.magic ^ (position + at);
    if ((bytes.readUInt32BE(at) ^ magicMask) === MAGIC_AND_FLAGS) return at;
  }
  return -1;
}

/**
 * Masks the whole frames of which `bytes` consists, the first of them at `position` of the file, or takes the mask off
 * them: XOR is its own inverse.
 */
export function toggleMask(bytes: Buffer, position: number, mask: FrameMask | undefined): void {
  if (mask === undefined) return;
  for (let at = 0; at < bytes.length; at += FRAME_HEADER_BYTES + bytes.readUInt32BE(at + LENGTH)) {
    bytes.writeUInt32BE((bytes.readUInt32BE(at) ^ mask.magic ^ (position + at)) >>> 0, at);
    bytes.writeUInt32BE((bytes.readUInt32BE(at + HEADER_CRC) ^ mask.crc) >>> 0, at + HEADER_CRC);
  }
}

/** The one mask under which a frame begins at `at` of `bytes`, `position` of the file, if one does. */
export function maskOf(bytes: Buffer, at: number, position: number): FrameMask {
  return {
    magic: (bytes.readUInt32BE(at) ^ MAGIC_AND_FLAGS ^ position) >>> 0,
    crc: (bytes.readUInt32BE(at + HEADER_CRC) ^ headerCrc(bytes, at)) >>> 0,
  };
}
