/** Consecutive frames out of bytes that hold them: how far they go together. */
import {
  computeEntryCrc,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  frameBytes,
  frameEndOffset,
} from "./frame.ts";
import { decodeMaskedHeader, type FrameMask } from "./frame-mask.ts";
import type { FrameRun } from "./log.ts";

export interface RunBounds {
  readonly maxBytes: number;
  readonly highWatermark: number;
}

/** Where bytes come from: memory, where frames are plain, or the position of a file with this mask. */
export interface RunSource {
  readonly position: number;
  readonly mask: FrameMask | undefined;
  /** What was written here needs no check of its entries. */
  readonly checksEntries: boolean;
}

export const MEMORY: RunSource = { position: 0, mask: undefined, checksEntries: false };

/** The run that begins with the frame `first`, at the start of `bytes`: all that lie in them whole and good. */
export function runOf(bytes: Buffer, first: FrameHeader, bounds: RunBounds, source: RunSource): FrameRun {
  let at = frameBytes(first);
  let offset = frameEndOffset(first);
  const end = Math.min(bytes.length, bounds.maxBytes);
  while (at + FRAME_HEADER_BYTES < end) {
    const header = decodeMaskedHeader(bytes, at, source.position + at, source.mask);
    if (header === undefined || header.baseOffset !== offset || frameEndOffset(header) > bounds.highWatermark)
      break;
    const next = at + frameBytes(header);
    if (next > end) break;
    if (source.checksEntries && computeEntryCrc(bytes, at, header) !== header.entryCrc) break;
    at = next;
    offset = frameEndOffset(header);
  }
  return { baseOffset: first.baseOffset, endOffset: offset, bytes: bytes.subarray(0, at) };
}
