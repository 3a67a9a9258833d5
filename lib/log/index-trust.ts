/** When an index file may be believed: only as far as its data agrees. The data file is the truth. */
import { decodeFrameHeader, FRAME_HEADER_BYTES } from "./frame.ts";
import type { PooledFile } from "./open-files.ts";
import { SEGMENT_HEADER_BYTES } from "./segment-header.ts";
import type { DecodedIndex } from "./sparse-index.ts";

/**
 * Of a sealed segment of `sizeBytes`, whose offsets end at `endOffset` or before: the index speaks of all of it. A
 * damaged frame under its last entry speaks against the data, not against the index. @throws what the disk throws.
 */
export async function fitsSealed(
  { index, footer }: DecodedIndex,
  file: PooledFile,
  sizeBytes: number,
  endOffset: number,
): Promise<boolean> {
  if (footer.dataPosition !== sizeBytes || footer.endOffset > endOffset) return false;
  const entry = index.lastEntry;
  if (entry === undefined) return true;
  const header = decodeFrameHeader(await file.read(entry.position, FRAME_HEADER_BYTES), 0);
  return header === undefined || header.baseOffset === entry.offset;
}

/**
 * Of an active segment of `sizeBytes`: the index may speak of a part of it only, and its last entry names a frame
 * that is there. @throws what the disk throws.
 */
export async function fitsActive(
  { index, footer }: DecodedIndex,
  file: PooledFile,
  sizeBytes: number,
): Promise<boolean> {
  if (footer.dataPosition < SEGMENT_HEADER_BYTES || footer.dataPosition > sizeBytes) return false;
  const entry = index.lastEntry;
  if (entry === undefined) return true;
  const header = decodeFrameHeader(await file.read(entry.position, FRAME_HEADER_BYTES), 0);
  return header?.baseOffset === entry.offset;
}
