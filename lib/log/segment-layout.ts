/**
 * Finds out how the frames of a data file lie in it. Its header says so. Where that is damaged, the index does; and
 * where there is none, the first frame gives the mask away that it was written with, and the place that its length
 * leads to bears it out.
 */
import type { Disk } from "../disk/disk.ts";
import {
  computeEntryCrc,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  frameBytes,
  frameEndOffset,
} from "./frame.ts";
import { decodeMaskedHeader, maskOf } from "./frame-mask.ts";
import type { PooledFile } from "./open-files.ts";
import {
  decodeSegmentHeader,
  layoutWith,
  OLD_LAYOUT,
  SEGMENT_HEADER_BYTES,
  type SegmentLayout,
} from "./segment-header.ts";
import { SparseIndex } from "./sparse-index.ts";

/** A data file and its index, which may be missing. */
export interface SegmentFiles {
  readonly file: PooledFile;
  readonly indexPath: string;
  readonly baseOffset: number;
  readonly sizeBytes: number;
}

export interface FoundLayout {
  /** What the file's own header is. */
  readonly header: "valid" | "go-netlog" | "damaged";
  /** `undefined` of a file of the Go NetLog, and where nothing tells: then no frame of the file can be read. */
  readonly layout: SegmentLayout | undefined;
}

/** @throws what the disk throws. */
export async function findLayout(disk: Disk, files: SegmentFiles): Promise<FoundLayout> {
  const header = decodeSegmentHeader(await files.file.read(0, SEGMENT_HEADER_BYTES));
  if (header.kind === "valid") return { header: "valid", layout: header.layout };
  if (header.kind === "go-netlog") return { header: "go-netlog", layout: undefined };
  return { header: "damaged", layout: (await layoutOfIndex(disk, files)) ?? (await layoutOfFrames(files)) };
}

async function layoutOfIndex(disk: Disk, files: SegmentFiles): Promise<SegmentLayout | undefined> {
  if ((await disk.stat(files.indexPath))?.kind !== "file") return undefined;
  const decoded = SparseIndex.decode(await disk.readFile(files.indexPath), files.baseOffset, 1);
  if (decoded === undefined) return undefined;
  const { mask } = decoded.footer;
  return mask === undefined ? OLD_LAYOUT : layoutWith(mask);
}

/** What stands in the place of the first frame's header was written by the log, whatever became of it. */
async function layoutOfFrames(files: SegmentFiles): Promise<SegmentLayout | undefined> {
  for (const layout of [OLD_LAYOUT, await layoutByFirstFrame(files.file)]) {
    if (layout !== undefined && (await isBorneOut(files, layout))) return layout;
  }
  return undefined;
}

async function layoutByFirstFrame(file: PooledFile): Promise<SegmentLayout | undefined> {
  const bytes = await file.read(SEGMENT_HEADER_BYTES, FRAME_HEADER_BYTES);
  if (bytes.length < FRAME_HEADER_BYTES) return undefined;
  return layoutWith(maskOf(bytes, 0, SEGMENT_HEADER_BYTES));
}

/** The first frame leads to the second one, or to the end of the file and is whole. */
async function isBorneOut(
  { file, baseOffset, sizeBytes }: SegmentFiles,
  layout: SegmentLayout,
): Promise<boolean> {
  const start = layout.headerBytes;
  const headerAt = async (position: number): Promise<FrameHeader | undefined> =>
    decodeMaskedHeader(await file.read(position, FRAME_HEADER_BYTES), 0, position, layout.mask);
  const first = await headerAt(start);
  if (first?.baseOffset !== baseOffset) return false;
  const nextPosition = start + frameBytes(first);
  if (nextPosition > sizeBytes) return false;
  if (nextPosition < sizeBytes) return (await headerAt(nextPosition))?.baseOffset === frameEndOffset(first);
  const whole = await file.read(start, frameBytes(first));
  return computeEntryCrc(whole, 0, first) === first.entryCrc;
}
