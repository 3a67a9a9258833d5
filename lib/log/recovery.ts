/**
 * Opens the active segment: trusts its index as far as that speaks, walks what follows (active-walk.ts decides what
 * is torn and what is damaged), cuts what is torn, and makes durable what stays.
 */
import { basename } from "node:path/posix";
import { NetlogError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Disk } from "../disk/disk.ts";
import { writeWhole } from "../disk/write-whole.ts";
import { walkActive } from "./active-walk.ts";
import { insertDamage } from "./damage.ts";
import { FileWindow } from "./file-window.ts";
import { frameBytes, frameEndOffset } from "./frame.ts";
import type { FramePlace } from "./frame-place.ts";
import { fitsActive, provesLoss } from "./index-trust.ts";
import type { LogShared } from "./log-shared.ts";
import type { Segment } from "./segment.ts";
import { writeIndexFile } from "./segment-files.ts";
import { encodeSegmentHeader, type SegmentLayout } from "./segment-header.ts";
import { SparseIndex } from "./sparse-index.ts";
import { rewriteTail } from "./tail-rewrite.ts";
import { keepTornBytes } from "./torn-tail.ts";

export interface RecoveryOptions {
  readonly disk: Disk;
  readonly shared: LogShared;
  readonly logger: Logger;
  /** Its last file: its size, when it was written to, its layout, and whether it begins with a header that says so. */
  readonly fileSizeBytes: number;
  readonly modifiedAtMs: number;
  readonly layout: SegmentLayout;
  readonly hasHeader: boolean;
  readonly nowMs: number;
}

interface StartingPlace {
  readonly index: SparseIndex;
  readonly start: FramePlace;
  readonly isIndexed: boolean;
  /** The index, although it is not believed, proves that messages below this one were on the disk. */
  readonly provenEnd: number;
}

/**
 * Gives the segment its facts and its index, and cuts a torn tail. Afterwards every byte of it, and its name, is on
 * the disk: what a crash left in the page cache alone is rewritten and synced before anybody reads it. Resolves to the
 * next offset that may be given: behind the segment's end where messages that were there have been taken away.
 *
 * @throws what the disk throws.
 */
export async function recoverActiveSegment(segment: Segment, options: RecoveryOptions): Promise<number> {
  const { shared, logger, layout } = options;
  const file = segment.file.acquire();
  try {
    const fileSizeBytes = Math.max(options.fileSizeBytes, layout.headerBytes);
    const { index, start, isIndexed, provenEnd } = await startingPlace(segment, options, fileSizeBytes);
    const window = new FileWindow(segment.file, fileSizeBytes, layout.mask);
    const { end, syncedMark, damages } = await walkActive(
      window,
      segment.file.path,
      { place: start, latestMs: Math.max(options.nowMs, options.modifiedAtMs) },
      (header, position) => index.add(header.baseOffset, position, header.timestampMs),
    );
    if (!options.hasHeader) {
      if (end.position === layout.headerBytes && fileSizeBytes > layout.headerBytes) throw notOurs(segment);
      writeWhole(file, encodeSegmentHeader(options.nowMs, layout), 0);
    }
    for (const range of damages) {
      insertDamage(segment.damages, range);
      logger.error({ ...range }, "damage in a segment");
    }
    segment.sizeBytes = end.position;
    segment.endOffset = end.offset;
    index.cutFrom(end.position);
    segment.firstTimestampMs = index.firstTimestampMs;
    segment.activate(shared, layout, index);
    segment.lastTimestampMs = segment.isEmpty ? undefined : end.timestampMs;
    if (end.position < fileSizeBytes) {
      await keepTornBytes(options.disk, logger, segment, fileSizeBytes, shared.limits.tornBytes);
      file.truncate(end.position);
      shared.counters.cuts += 1;
      shared.counters.cutBytes += fileSizeBytes - end.position;
    }
    // Where the index speaks of all of the file, all of it, and its name, was synced at a clean close.
    const wasClosed = options.hasHeader && isIndexed && start.position === fileSizeBytes;
    if (!wasClosed) {
      if (fileSizeBytes > layout.headerBytes) shared.counters.recoveries += 1;
      await rewriteTail(options.disk, logger, file, segment, await positionOf(segment, start, syncedMark));
      await file.sync();
      await options.disk.syncFolder(segment.folder);
    }
    segment.synced = segment.end;
    // One that proves a loss stays until a new segment is there.
    if (!isIndexed && provenEnd <= end.offset) await tryToWriteIndex(options, segment);
    return Math.max(end.offset, provenEnd);
  } finally {
    segment.file.release();
  }
}

/**
 * True when the index speaks of all of the file, and vouches that it was synced: recovery writes nothing to it. False of a
 * segment without messages, too.
 */
export async function endsAsIndexed(segment: Segment, options: RecoveryOptions): Promise<boolean> {
  const { fileSizeBytes, layout, hasHeader } = options;
  if (!hasHeader || fileSizeBytes <= layout.headerBytes) return false;
  const { isIndexed, start } = await startingPlace(segment, options, fileSizeBytes);
  return isIndexed && start.position === fileSizeBytes;
}

/** So that the mask is there twice, and no index of another layout lies beside the data. */
async function tryToWriteIndex({ disk, logger }: RecoveryOptions, segment: Segment): Promise<void> {
  try {
    await writeIndexFile(disk, segment);
  } catch (error) {
    logger.warn({ err: error, file: segment.indexPath }, "an index could not be written");
  }
}

/** A header is synced before anything follows it: what has neither header nor frame was not torn by a crash. */
export function notOurs(segment: Segment): NetlogError {
  const reason = `${basename(segment.file.path)} has neither a valid header nor a frame that can be read, so it is left as it is; bring it back from a backup, or move it away`;
  return new NetlogError("topic_unavailable", { reason });
}

/** Where the index stops to speak; the beginning when there is none that agrees with the data. */
async function startingPlace(
  segment: Segment,
  { disk, shared, logger, layout }: RecoveryOptions,
  sizeBytes: number,
): Promise<StartingPlace> {
  const { indexIntervalBytes } = shared.limits;
  const beginning = { position: layout.headerBytes, offset: segment.baseOffset, timestampMs: 0 };
  const anew = {
    index: new SparseIndex(segment.baseOffset, indexIntervalBytes),
    start: beginning,
    isIndexed: false,
    provenEnd: 0,
  };
  if ((await disk.stat(segment.indexPath))?.kind !== "file") return anew;
  const bytes = await disk.readFile(segment.indexPath);
  const decoded = SparseIndex.decode(bytes, segment.baseOffset, indexIntervalBytes);
  const data = { file: segment.file, layout, sizeBytes };
  if (decoded === undefined || !(await fitsActive(decoded, data))) {
    logger.warn({ file: segment.indexPath }, "an index does not fit its data and is rebuilt");
    const isLost = decoded !== undefined && (await provesLoss(decoded, data));
    return isLost ? { ...anew, provenEnd: decoded.footer.endOffset } : anew;
  }
  segment.indexSizeBytes = bytes.length;
  const { dataPosition, endOffset, lastTimestampMs } = decoded.footer;
  return {
    index: decoded.index,
    start: { position: dataPosition, offset: endOffset, timestampMs: lastTimestampMs },
    isIndexed: true,
    provenEnd: endOffset,
  };
}

/**
 * Where the frame of `offset`, or the first one behind it, begins. `start` is at or before it, and what is damaged
 * behind `start` is known.
 */
async function positionOf(segment: Segment, start: FramePlace, offset: number): Promise<number> {
  const window = new FileWindow(segment.file, segment.sizeBytes, segment.layout!.mask);
  const floor = segment.activeIndex!.floorByOffset(offset);
  let place: Pick<FramePlace, "position" | "offset"> =
    floor === undefined || floor.position < start.position ? start : floor;
  while (place.position < segment.sizeBytes && place.offset < offset) {
    const header = await window.header(place.position);
    if (header !== undefined && header.baseOffset === place.offset) {
      place = { position: place.position + frameBytes(header), offset: frameEndOffset(header) };
    } else {
      const damage = segment.damages.find((range) => range.offset === place.offset)!;
      place = { position: damage.nextPosition, offset: damage.nextOffset };
    }
  }
  return place.position;
}
