/** Makes segment files, writes index files: every step that changes which files a log has, but for retention. */

import { replaceFile } from "../disk/atomic-file.ts";
import type { Disk } from "../disk/disk.ts";
import type { LogShared } from "./log-shared.ts";
import { Segment } from "./segment.ts";
import { encodeSegmentHeader, SEGMENT_HEADER_BYTES } from "./segment-header.ts";
import { dataFileName } from "./segment-name.ts";
import { writeWhole } from "./write-whole.ts";

/**
 * Makes a data file with its header, durably, name included. Replaces an empty one that an earlier failed attempt
 * could not remove. On failure nothing of it is left, if the disk lets us.
 */
export async function createDataFile(
  disk: Disk,
  folder: string,
  baseOffset: number,
  nowMs: number,
): Promise<void> {
  const path = `${folder}/${dataFileName(baseOffset)}`;
  const existing = await disk.stat(path);
  if (existing !== undefined) {
    if (existing.sizeBytes > SEGMENT_HEADER_BYTES) throw new Error(`${path} exists and is not empty`);
    await disk.remove(path);
  }
  const file = disk.create(path);
  try {
    writeWhole(file, encodeSegmentHeader(nowMs), 0);
    await file.sync();
    await disk.syncFolder(folder);
  } catch (error) {
    await disk.remove(path).catch(() => {});
    throw error;
  } finally {
    file.close();
  }
}

/** Makes the next segment of a log, empty and durable, ready for appends. */
export async function createSegment(
  disk: Disk,
  shared: LogShared,
  folder: string,
  baseOffset: number,
  nowMs: number,
): Promise<Segment> {
  await createDataFile(disk, folder, baseOffset, nowMs);
  const segment = new Segment(shared, folder, baseOffset, nowMs);
  segment.activate(shared);
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
  });
  await replaceFile(disk, segment.indexPath, bytes);
  segment.indexSizeBytes = bytes.length;
}
