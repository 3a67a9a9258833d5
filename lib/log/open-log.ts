/**
 * Opens a log from its folder: finds the segments, recovers the active one, leaves the sealed ones for first use. An
 * active one of the old layout is sealed, and takes no appends.
 */

import { NetlogError } from "../base/errors.ts";
import type { Runtime } from "../base/runtime.ts";
import type { Disk, FileStat } from "../disk/disk.ts";
import { failedRead } from "../disk/disk-refusals.ts";
import { newMask } from "./frame-mask.ts";
import type { Log } from "./log.ts";
import type { OpenLogOptions } from "./log-options.ts";
import { endsAsIndexed, notOurs, recoverActiveSegment } from "./recovery.ts";
import { SealedIndexes } from "./sealed-indexes.ts";
import { Segment } from "./segment.ts";
import { createDataFile, createSegment } from "./segment-files.ts";
import { layoutWith, SEGMENT_HEADER_BYTES, type SegmentLayout } from "./segment-header.ts";
import { findLayout } from "./segment-layout.ts";
import { SegmentList } from "./segment-list.ts";
import { parseDataFileName } from "./segment-name.ts";
import { SegmentedLog } from "./segmented-log.ts";
import { takeOwnCopy } from "./shared-file.ts";
import { restoreTail } from "./tail-rewrite.ts";

/** Makes the first segment of a new log in an existing folder, where offsets begin at `firstOffset`; durable when it resolves. */
export async function createLogFolder(options: {
  readonly disk: Disk;
  readonly runtime: Runtime;
  readonly folder: string;
  readonly firstOffset?: number;
}): Promise<void> {
  const { disk, runtime, folder, firstOffset: baseOffset = 0 } = options;
  const layout = layoutWith(newMask(runtime));
  await createDataFile(disk, { folder, baseOffset, createdAtMs: runtime.now(), layout });
}

/**
 * Opens a log, after a clean stop at once, after a crash by walking the end of its last segment.
 *
 * @throws topic_unavailable with the reason, when there is no log or the disk does not let it be opened.
 */
export async function openLog(options: OpenLogOptions): Promise<Log> {
  const { disk, shared, runtime, logger } = options;
  try {
    const segments = await findSegments(options);
    const active = segments.at(-1)!;
    let nextOffset = await recover(options, active);
    // One of the old layout that was cut back to its header gets a mask; a second segment would have the same name.
    if (active.isEmpty && active.layout!.mask === undefined) nextOffset = await recover(options, active);
    if (nextOffset > active.endOffset! || active.isShared) {
      // Offsets between the two are damage from then on, and not given again.
      active.activeIndex = undefined;
      segments.push(
        await createSegment(disk, shared, {
          folder: active.folder,
          baseOffset: nextOffset,
          createdAtMs: runtime.now(),
          layout: layoutWith(newMask(runtime)),
        }),
      );
    }
    const list = new SegmentList(segments);
    const indexes = new SealedIndexes(disk, shared, logger, list);
    const log = new SegmentedLog(options, list, indexes, await newestTimestamp(segments, indexes));
    await log.leaveOldLayout();
    return log;
  } catch (error) {
    throw failedRead(error);
  }
}

async function recover(options: OpenLogOptions, active: Segment): Promise<number> {
  const { disk, shared, logger, runtime } = options;
  active.sizeBytes = Math.max(active.sizeBytes, await restoreTail(disk, active));
  const recovery = {
    disk,
    shared,
    logger,
    fileSizeBytes: active.sizeBytes,
    modifiedAtMs: active.modifiedAtMs,
    ...(await activeLayout(options, active)),
    nowMs: runtime.now(),
  };
  // One that was sealed is as its index says, and recovery has nothing to write to it.
  if (active.isShared && !(await endsAsIndexed(active, recovery))) await takeOwnCopy(disk, active);
  return await recoverActiveSegment(active, recovery);
}

/**
 * The layout of the active segment. Where there is no mask and no frame, it gets a new one: also where a crash tore
 * the header that an earlier opening wrote over one of the old layout.
 */
async function activeLayout(
  { disk, runtime }: OpenLogOptions,
  active: Segment,
): Promise<{ readonly layout: SegmentLayout; readonly hasHeader: boolean }> {
  const { header, layout } = await findLayout(disk, active);
  if (header === "go-netlog") throw goNetlogError();
  if (active.sizeBytes <= SEGMENT_HEADER_BYTES && layout?.mask === undefined) {
    return { layout: layoutWith(newMask(runtime)), hasHeader: false };
  }
  if (layout === undefined) throw notOurs(active);
  return { layout, hasHeader: header === "valid" };
}

/** The time of the log's newest message, ms: an empty active segment has none, so the segment before says it. */
async function newestTimestamp(segments: readonly Segment[], indexes: SealedIndexes): Promise<number> {
  const active = segments.at(-1)!;
  const newest = active.isEmpty ? (segments.at(-2) ?? active) : active;
  await indexes.get(newest);
  return newest.lastTimestampMs ?? 0;
}

async function findSegments({ disk, folder, shared, runtime }: OpenLogOptions): Promise<Segment[]> {
  const names = await disk.list(folder);
  const baseOffsets = names.map(parseDataFileName).filter((offset) => offset !== undefined);
  if (baseOffsets.length === 0) {
    throw new NetlogError("topic_unavailable", { reason: "there is no data file in its folder" });
  }
  const nowMs = runtime.now();
  const segments: Segment[] = [];
  for (const baseOffset of baseOffsets) {
    const segment = new Segment(shared, folder, baseOffset, nowMs);
    await noteFileFacts(disk, segment);
    segments.push(segment);
  }
  return segments;
}

async function noteFileFacts(disk: Disk, segment: Segment): Promise<void> {
  const data: FileStat | undefined = await disk.stat(segment.file.path);
  const index = await disk.stat(segment.indexPath);
  segment.sizeBytes = data?.sizeBytes ?? 0;
  segment.synced = { ...segment.synced, position: segment.sizeBytes };
  segment.modifiedAtMs = data?.modifiedAtMs ?? segment.modifiedAtMs;
  segment.isShared = (data?.linkCount ?? 1) > 1;
  segment.indexSizeBytes = index?.sizeBytes ?? 0;
}

function goNetlogError(): NetlogError {
  return new NetlogError("topic_unavailable", {
    reason:
      "it was written by the Go NetLog; `netlog import <this data folder> --dir <new one>` brings it over",
  });
}
