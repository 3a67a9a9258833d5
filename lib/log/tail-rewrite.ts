/**
 * Writes the end of an active segment once more when it is opened after a crash: a sync that failed before may have
 * left pages that count as clean and are not on the disk. The same bytes may as well have been there all along, and
 * acknowledged, and a loss of power garbles what is being written: so they are copied into a file beside the segment
 * first, and an opening that finds such a copy puts it back.
 */

import type { Logger } from "../base/logger.ts";
import { replaceFile } from "../disk/atomic-file.ts";
import type { Disk, DiskFile } from "../disk/disk.ts";
import { isNoRoom } from "../disk/disk-refusals.ts";
import { writeWhole } from "../disk/write-whole.ts";
import type { Segment } from "./segment.ts";
import { parseRewriteFileName, rewriteFileName } from "./segment-name.ts";
import { takeOwnCopy } from "./shared-file.ts";

/** What is copied and rewritten at a time. */
const REWRITE_BYTES = 1024 * 1024;

/**
 * Rewrites `[position, end of segment)`; on the disk when it resolves, save for the removal of the last copy, which
 * takes a sync of the folder. Without room for a copy it does without.
 */
export async function rewriteTail(
  disk: Disk,
  logger: Logger,
  file: DiskFile,
  segment: Segment,
  position: number,
): Promise<void> {
  for (let start = position; start < segment.sizeBytes; start += REWRITE_BYTES) {
    const bytes = await segment.file.read(start, Math.min(REWRITE_BYTES, segment.sizeBytes - start));
    const copy = `${segment.folder}/${rewriteFileName(segment.baseOffset, start)}`;
    const isCopied = await tryToCopy(disk, logger, copy, bytes);
    writeWhole(file, bytes, start);
    await file.sync();
    if (isCopied) await disk.remove(copy);
  }
}

/** Puts back what an interrupted `rewriteTail` has copied; resolves to where that ends, 0 when there is nothing. */
export async function restoreTail(disk: Disk, segment: Segment): Promise<number> {
  const copies = (await disk.list(segment.folder))
    .map((name) => ({ path: `${segment.folder}/${name}`, place: parseRewriteFileName(name) }))
    .filter(({ place }) => place?.baseOffset === segment.baseOffset);
  let end = 0;
  if (copies.length > 0 && segment.isShared) await takeOwnCopy(disk, segment);
  const file = segment.file.acquire();
  try {
    for (const { path, place } of copies) {
      if (place?.isWhole !== true) continue;
      const bytes = await disk.readFile(path);
      writeWhole(file, bytes, place.position);
      end = Math.max(end, place.position + bytes.length);
    }
    if (end > 0) await file.sync();
  } finally {
    segment.file.release();
  }
  for (const { path } of copies) await disk.remove(path);
  // A copy that came back later would overwrite what is appended from now on.
  if (copies.length > 0) await disk.syncFolder(segment.folder);
  return end;
}

async function tryToCopy(disk: Disk, logger: Logger, path: string, bytes: Buffer): Promise<boolean> {
  try {
    await replaceFile(disk, path, bytes);
    return true;
  } catch (error) {
    if (!isNoRoom(error)) throw error;
    logger.warn({ err: error, path }, "the end of a segment is rewritten without a copy: the disk is full");
    return false;
  }
}
