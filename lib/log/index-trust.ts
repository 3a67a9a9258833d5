/** When an index file may be believed: only as far as its data agrees. The data file is the truth. */
import { decodeFrameHeader, FRAME_HEADER_BYTES } from "./frame.ts";
import type { PooledFile } from "./open-files.ts";
import { SEGMENT_HEADER_BYTES } from "./segment-header.ts";
import type { DecodedIndex } from "./sparse-index.ts";

/** Of a sealed segment of `sizeBytes`, whose offsets end at `endOffset` or before. @throws what the disk throws. */
export async function fitsSealed(
  decoded: DecodedIndex,
  file: PooledFile,
  sizeBytes: number,
  endOffset: number,
): Promise<boolean> {
  const { footer } = decoded;
  if (footer.dataPosition !== sizeBytes || footer.endOffset > endOffset) return false;
  return await isConfirmed(decoded, file);
}

/** Of an active segment of `sizeBytes`: the index may speak of a part of it only. @throws what the disk throws. */
export async function fitsActive(
  decoded: DecodedIndex,
  file: PooledFile,
  sizeBytes: number,
): Promise<boolean> {
  const { dataPosition } = decoded.footer;
  if (dataPosition < SEGMENT_HEADER_BYTES || dataPosition > sizeBytes) return false;
  return await isConfirmed(decoded, file);
}

/**
 * True when an active segment of `sizeBytes` has lost its end: the index speaks of data that was synced and is not
 * there, and what is left does not contradict it. @throws what the disk throws.
 */
export async function provesLoss(
  decoded: DecodedIndex,
  file: PooledFile,
  sizeBytes: number,
): Promise<boolean> {
  if (decoded.footer.dataPosition <= sizeBytes) return false;
  decoded.index.cutFrom(Math.max(0, sizeBytes - FRAME_HEADER_BYTES + 1));
  return await isConfirmed(decoded, file);
}

/**
 * False when another frame stands where the last entry says. A damaged one speaks against the data, not against the
 * index: without the index, which knows what was synced, it could be taken for a torn tail.
 */
async function isConfirmed({ index }: DecodedIndex, file: PooledFile): Promise<boolean> {
  const entry = index.lastEntry;
  if (entry === undefined) return true;
  const header = decodeFrameHeader(await file.read(entry.position, FRAME_HEADER_BYTES), 0);
  return header === undefined || header.baseOffset === entry.offset;
}
