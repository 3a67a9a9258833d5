/** Makes segment files, writes index files: every step that changes which files a log has, but for retention. */

import { replaceFile } from "../disk/atomic-file.ts";
import type { Disk } from "../disk/disk.ts";
import { writeWhole } from "../disk/write-whole.ts";
import type { LogShared } from "./log-shared.ts";
import { Segment } from "./segment.ts";
import { encodeSegmentHeader, SEGMENT_HEADER_BYTES, type SegmentLayout } from "./segment-header.ts";
import { dataFileName, indexFileName } from "./segment-name.ts";
import { SparseIndex } from "./sparse-index.ts";

/** A data file that is to be made. */
export interface NewSegment {
  readonly folder: string;
  readonly baseOffset: number;
  readonly createdAtMs: number;
  readonly layout: SegmentLayout;
}

/**
 * Makes a data file with its header, durably, name included, and beside it an empty index, which has the mask once
 * more. Replaces an empty one that an earlier failed attempt could not remove. On failure nothing of it is left, if the
 * disk lets us.
 */
export async function createDataFile(disk: Disk, segment: NewSegment): Promise<void> {
  const { folder, baseOffset, createdAtMs, layout } = segment;
  const path = `${folder}/${dataFileName(baseOffset)}`;
  const existing = await disk.stat(path);
  if (existing !== undefined) {
    if (existing.sizeBytes > SEGMENT_HEADER_BYTES) throw new Error(`${path} exists and is not empty`);
    await disk.remove(path);
  }
  const file = disk.create(path);
  try {
    writeWhole(file, encodeSegmentHeader(createdAtMs, layout), 0);
    await file.sync();
    await disk.syncFolder(folder);
    await writeFirstIndex(disk, segment);
  } catch (error) {
    await disk.remove(path).catch(() => {});
    throw error;
  } finally {
    file.close();
  }
}

/**
 * Not synced: only damage to the header makes it worth anything, and a torn one is made again. It is written when the
 * data file's name is on the disk, for an opening takes it for the word of a clean stop.
 */
async function writeFirstIndex(disk: Disk, { folder, baseOffset, layout }: NewSegment): Promise<void> {
  const path = `${folder}/${indexFileName(baseOffset)}`;
  if ((await disk.stat(path)) !== undefined) await disk.remove(path);
  const { headerBytes, mask } = layout;
  const bytes = new SparseIndex(baseOffset, headerBytes).encode({
    dataPosition: headerBytes,
    endOffset: baseOffset,
    lastTimestampMs: 0,
    mask,
  });
  const file = disk.create(path);
  try {
    writeWhole(file, bytes, 0);
  } finally {
    file.close();
  }
}

/** Makes the next segment of a log, empty and durable, ready for appends. */
export async function createSegment(disk: Disk, shared: LogShared, made: NewSegment): Promise<Segment> {
  await createDataFile(disk, made);
  const segment = new Segment(shared, made.folder, made.baseOffset, made.createdAtMs);
  segment.activate(shared, made.layout);
  return segment;
}

/**
 * Writes the index of what is synced of an active segment. The caller lets no two writes of one segment's index
 * overlap. @throws what the disk throws; the old index file is then as it was.
 */
export async function writeIndexFile(disk: Disk, segment: Segment): Promise<void> {
  const { position, offset, timestampMs } = segment.synced;
  const bytes = segment.activeIndex!.encode({
    dataPosition: position,
    endOffset: offset,
    lastTimestampMs: timestampMs,
    mask: segment.layout!.mask,
  });
  await replaceFile(disk, segment.indexPath, bytes);
  segment.indexSizeBytes = bytes.length;
}
