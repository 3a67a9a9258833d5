/** When an index file may be believed: only as far as its data agrees. The data file is the truth. */
import { FRAME_HEADER_BYTES } from "./frame.ts";
import { decodeMaskedHeader, sameMask } from "./frame-mask.ts";
import type { PooledFile } from "./open-files.ts";
import type { SegmentLayout } from "./segment-header.ts";
import type { DecodedIndex } from "./sparse-index.ts";

/** What an index is held against. */
export interface IndexedData {
  readonly file: PooledFile;
  readonly layout: SegmentLayout;
  readonly sizeBytes: number;
}

/** Whether the index fits a sealed segment, whose offsets end at `endOffset` or before. @throws what the disk throws. */
export async function fitsSealed(
  decoded: DecodedIndex,
  data: IndexedData,
  endOffset: number,
): Promise<boolean> {
  const { footer } = decoded;
  if (footer.dataPosition !== data.sizeBytes || footer.endOffset > endOffset) return false;
  return sameMask(footer.mask, data.layout.mask) && (await isConfirmed(decoded, data));
}

/** Whether the index fits an active segment; it may cover only a part of it. @throws what the disk throws. */
export async function fitsActive(decoded: DecodedIndex, data: IndexedData): Promise<boolean> {
  const { dataPosition, mask } = decoded.footer;
  if (dataPosition < data.layout.headerBytes || dataPosition > data.sizeBytes) return false;
  return sameMask(mask, data.layout.mask) && (await isConfirmed(decoded, data));
}

/**
 * True when an active segment has lost its end: the index speaks of data that was synced and is not there, and what is
 * left does not contradict it. @throws what the disk throws.
 */
export async function provesLoss(decoded: DecodedIndex, data: IndexedData): Promise<boolean> {
  if (decoded.footer.dataPosition <= data.sizeBytes) return false;
  decoded.index.cutFrom(Math.max(0, data.sizeBytes - FRAME_HEADER_BYTES + 1));
  return await isConfirmed(decoded, data);
}

/**
 * False when another frame stands where the last entry says. A damaged one speaks against the data, not against the
 * index: without the index, which knows what was synced, it could be taken for a torn tail.
 */
async function isConfirmed({ index }: DecodedIndex, { file, layout }: IndexedData): Promise<boolean> {
  const entry = index.lastEntry;
  if (entry === undefined) return true;
  const bytes = await file.read(entry.position, FRAME_HEADER_BYTES);
  const header = decodeMaskedHeader(bytes, 0, entry.position, layout.mask);
  return header === undefined || header.baseOffset === entry.offset;
}
