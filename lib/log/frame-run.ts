/** Consecutive frames out of bytes that hold them: how far they go together. */
import {
  computeEntryCrc,
  decodeFrameHeader,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  frameBytes,
  frameEndOffset,
} from "./frame.ts";
import type { FrameRun } from "./log.ts";

export interface RunBounds {
  readonly maxBytes: number;
  readonly highWatermark: number;
}

/** The run that begins with the frame `first`, at the start of `bytes`: all that lie in them whole and good. */
export function runOf(
  bytes: Buffer,
  first: FrameHeader,
  bounds: RunBounds,
  checksEntries: boolean,
): FrameRun {
  let at = frameBytes(first);
  let offset = frameEndOffset(first);
  const end = Math.min(bytes.length, bounds.maxBytes);
  while (at + FRAME_HEADER_BYTES < end) {
    const header = decodeFrameHeader(bytes, at);
    if (header === undefined || header.baseOffset !== offset || frameEndOffset(header) > bounds.highWatermark)
      break;
    const next = at + frameBytes(header);
    if (next > end) break;
    if (checksEntries && computeEntryCrc(bytes, at, header) !== header.entryCrc) break;
    at = next;
    offset = frameEndOffset(header);
  }
  return { baseOffset: first.baseOffset, endOffset: offset, bytes: bytes.subarray(0, at) };
}
