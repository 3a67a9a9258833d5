/**
 * Opens the active segment: trusts its index as far as that speaks, walks what follows, and decides what is torn
 * and what is damaged.
 *
 * The synced mark is the highest that the index footer or any valid frame tells. A bad frame at or above it was
 * never confirmed to anybody: the tail is torn there and cut, with everything after it, valid or not. A bad frame
 * below it is damage: it stays, is reported, and its offsets are never given again.
 */
import type { Disk, DiskFile } from "../disk/disk.ts";
import type { Logger } from "../logger.ts";
import { type DamagedRange, insertDamage } from "./damage.ts";
import { FileWindow } from "./file-window.ts";
import { decodeFrameHeader, FRAME_HEADER_BYTES, frameBytes, frameEndOffset } from "./frame.ts";
import { type FramePlace, walkFrames } from "./frame-walk.ts";
import type { LogShared } from "./log-shared.ts";
import type { Segment } from "./segment.ts";
import { encodeSegmentHeader, SEGMENT_HEADER_BYTES } from "./segment-header.ts";
import { SparseIndex } from "./sparse-index.ts";
import { keepTornBytes } from "./torn-tail.ts";
import { writeWhole } from "./write-whole.ts";

/** Bytes above the mark are read back and rewritten in pieces of this size. */
const REWRITE_BYTES = 1024 * 1024;

export interface RecoveryOptions {
  readonly disk: Disk;
  readonly shared: LogShared;
  readonly logger: Logger;
  /** Its last file's size, and whether that begins with a valid header. */
  readonly fileSizeBytes: number;
  readonly hasHeader: boolean;
  readonly nowMs: number;
}

interface Walked {
  /** The index speaks of all of the file: all of it, and its name, was synced at a clean close. */
  readonly wasClosed: boolean;
  readonly index: SparseIndex;
  readonly end: FramePlace;
  readonly syncedMark: number;
  readonly damages: readonly { readonly range: DamagedRange; readonly timestampMs: number }[];
}

/**
 * Gives the segment its facts and its index, and cuts a torn tail. Afterwards every byte of it, and its name, is on
 * the disk: what a crash left in the page cache alone is rewritten and synced before anybody reads it.
 *
 * @throws what the disk throws.
 */
export async function recoverActiveSegment(segment: Segment, options: RecoveryOptions): Promise<void> {
  const { shared, logger } = options;
  const fileSizeBytes = Math.max(options.fileSizeBytes, SEGMENT_HEADER_BYTES);
  const file = segment.file.acquire();
  try {
    if (!options.hasHeader) writeWhole(file, encodeSegmentHeader(options.nowMs), 0);
    const walked = await walk(segment, options, fileSizeBytes);
    const torn = walked.damages.find(({ range }) => range.offset >= walked.syncedMark);
    for (const { range } of walked.damages) {
      if (range === torn?.range) break;
      insertDamage(segment.damages, range);
      logger.error({ ...range }, "damage in a segment");
    }
    const end = torn === undefined ? walked.end : { ...torn.range, timestampMs: torn.timestampMs };
    segment.sizeBytes = end.position;
    segment.endOffset = end.offset;
    walked.index.cutFrom(end.position);
    segment.firstTimestampMs = walked.index.firstTimestampMs;
    segment.lastTimestampMs = segment.isEmpty ? undefined : end.timestampMs;
    segment.activate(shared, walked.index);
    if (end.position < fileSizeBytes) {
      await keepTornBytes(options.disk, logger, segment, fileSizeBytes);
      file.truncate(end.position);
    }
    if (!walked.wasClosed) {
      await rewriteAbove(file, segment, walked.syncedMark);
      await file.sync();
      await options.disk.syncFolder(segment.folder);
    }
    segment.synced = segment.end;
  } finally {
    segment.file.release();
  }
}

async function walk(segment: Segment, options: RecoveryOptions, sizeBytes: number): Promise<Walked> {
  const { index, start, isIndexed } = await startingPlace(segment, options, sizeBytes);
  const damages: { range: DamagedRange; timestampMs: number }[] = [];
  let syncedMark = start.offset;
  let timestampMs = start.timestampMs;
  const window = new FileWindow(segment.file, sizeBytes);
  const end = await walkFrames(
    window,
    segment.file.path,
    start,
    { kind: "open" },
    {
      frame(header, position) {
        index.add(header.baseOffset, position, header.timestampMs);
        syncedMark = Math.max(syncedMark, header.baseOffset - header.unsyncedCount);
        timestampMs = header.timestampMs;
      },
      damage(range) {
        damages.push({ range, timestampMs });
      },
    },
  );
  const wasClosed = options.hasHeader && isIndexed && start.position === options.fileSizeBytes;
  return { wasClosed, index, end, syncedMark, damages };
}

/** Where the index stops to speak; the beginning when there is none that agrees with the data. */
async function startingPlace(
  segment: Segment,
  { disk, shared, logger }: RecoveryOptions,
  sizeBytes: number,
): Promise<{ index: SparseIndex; start: FramePlace; isIndexed: boolean }> {
  const { indexIntervalBytes } = shared.limits;
  const beginning = { position: SEGMENT_HEADER_BYTES, offset: segment.baseOffset, timestampMs: 0 };
  const anew = {
    index: new SparseIndex(segment.baseOffset, indexIntervalBytes),
    start: beginning,
    isIndexed: false,
  };
  if ((await disk.stat(segment.indexPath))?.kind !== "file") return anew;
  const bytes = await disk.readFile(segment.indexPath);
  const decoded = SparseIndex.decode(bytes, segment.baseOffset, indexIntervalBytes);
  const isUsable =
    decoded !== undefined &&
    decoded.footer.dataPosition <= sizeBytes &&
    decoded.footer.dataPosition >= SEGMENT_HEADER_BYTES &&
    (await isAgreed(segment, decoded.index));
  if (!isUsable) {
    logger.warn({ file: segment.indexPath }, "an index does not fit its data and is rebuilt");
    return anew;
  }
  segment.indexSizeBytes = bytes.length;
  const { dataPosition, endOffset, lastTimestampMs } = decoded.footer;
  return {
    index: decoded.index,
    start: { position: dataPosition, offset: endOffset, timestampMs: lastTimestampMs },
    isIndexed: true,
  };
}

async function isAgreed(segment: Segment, index: SparseIndex): Promise<boolean> {
  const entry = index.lastEntry;
  if (entry === undefined) return true;
  const header = decodeFrameHeader(await segment.file.read(entry.position, FRAME_HEADER_BYTES), 0);
  return header?.baseOffset === entry.offset;
}

/**
 * Writes again what lies above the synced mark, so that the sync that follows covers it: a sync that failed before
 * the crash may have left pages that count as clean and are not on the disk. Nothing below the mark is touched.
 */
async function rewriteAbove(file: DiskFile, segment: Segment, syncedMark: number): Promise<void> {
  const from = await positionOf(segment, syncedMark);
  for (let position = from; position < segment.sizeBytes; position += REWRITE_BYTES) {
    const length = Math.min(REWRITE_BYTES, segment.sizeBytes - position);
    writeWhole(file, await segment.file.read(position, length), position);
  }
}

/** Where the frame of `offset`, or the first one behind it, begins. */
async function positionOf(segment: Segment, offset: number): Promise<number> {
  const window = new FileWindow(segment.file, segment.sizeBytes);
  let place = segment.activeIndex!.floorByOffset(offset) ?? {
    position: SEGMENT_HEADER_BYTES,
    offset: segment.baseOffset,
  };
  while (place.position < segment.sizeBytes && place.offset < offset) {
    const header = decodeFrameHeader(await window.at(place.position, FRAME_HEADER_BYTES), 0);
    if (header !== undefined && header.baseOffset === place.offset) {
      place = { position: place.position + frameBytes(header), offset: frameEndOffset(header) };
    } else {
      const damage = segment.damages.find((range) => range.offset === place.offset)!;
      place = { position: damage.nextPosition, offset: damage.nextOffset };
    }
  }
  return place.position;
}
