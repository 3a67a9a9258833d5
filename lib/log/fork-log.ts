/**
 * Begins the log of a fork with what an open log has up to a place. Sealed segments below the place are the same files
 * under a second name, and sealed segments never change; what follows is copied into segments that have masks of their own.
 */
import { isNetlogError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Runtime } from "../base/runtime.ts";
import { WorkMeter } from "../base/work-meter.ts";
import type { Disk } from "../disk/disk.ts";
import { hasCode } from "../disk/disk-error.ts";
import { type Frame, frameEndOffset, framesOf } from "./frame.ts";
import type { Limits } from "./limits.ts";
import type { Log } from "./log.ts";
import { LogBuilder } from "./log-builder.ts";
import { dataFileName, indexFileName } from "./segment-name.ts";

const READ_BYTES = 512 * 1024;
/** What a file system answers that gives a file no second name, or no further one. */
const NO_LINK_CODES = ["EXDEV", "EPERM", "EMLINK", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"];

export interface ForkLogOptions {
  readonly disk: Disk;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: Limits;
  /** The folder of `source`. */
  readonly sourceFolder: string;
  /** The fork's folder, which exists. */
  readonly folder: string;
  /** It is open, and its messages below `endOffset` are on the disk. */
  readonly source: Log;
  /** Frames that end at or below are taken as they are. */
  readonly wholeBelow: number;
  /** Where the fork's log ends: `wholeBelow`, or one message further. */
  readonly endOffset: number;
  /** The entry of those messages of a frame that lie below `endOffset`. */
  readonly cut: (frame: Frame) => Promise<Buffer>;
}

/**
 * Durable when it resolves, save for the folder's own name. The source's damage is the fork's. Where the file system
 * allows no link, messages are copied.
 *
 * @throws offset_not_found: retention has dropped what lies below `endOffset`; what reading, `cut` and the disk throw.
 */
export function forkLog(options: ForkLogOptions): Promise<void> {
  return options.source.keepSegments(async () => {
    const start = await linkSegments(options);
    await copyFrames(options, start);
  });
}

/** Resolves to where the copy is to begin. */
async function linkSegments({
  disk,
  logger,
  source,
  sourceFolder,
  folder,
  wholeBelow,
}: ForkLogOptions): Promise<number> {
  const { segments } = await source.describe();
  let start = segments[0]!.baseOffset;
  for (const { baseOffset } of segments.slice(1)) {
    if (baseOffset > wholeBelow) break;
    const name = dataFileName(start);
    try {
      await disk.link(`${sourceFolder}/${name}`, `${folder}/${name}`);
    } catch (error) {
      if (!NO_LINK_CODES.some((code) => hasCode(error, code))) throw error;
      logger.warn({ err: error, folder }, "a fork copies segments: the file system does not link them");
      break;
    }
    await linkIndex(disk, `${sourceFolder}/${indexFileName(start)}`, `${folder}/${indexFileName(start)}`);
    start = baseOffset;
  }
  return start;
}

/** An index is replaced, never written to. One that is missing is built when it is needed. */
async function linkIndex(disk: Disk, from: string, to: string): Promise<void> {
  try {
    await disk.link(from, to);
  } catch (error) {
    if (!["ENOENT", ...NO_LINK_CODES].some((code) => hasCode(error, code))) throw error;
  }
}

async function copyFrames(options: ForkLogOptions, start: number): Promise<void> {
  const { disk, runtime, folder, limits, source, endOffset } = options;
  const { segments } = await source.describe();
  const begins = segments.map(({ baseOffset }) => baseOffset).filter((begin) => begin > start);
  const createdAtMs = runtime.now();
  const builder = new LogBuilder({ disk, runtime, folder, limits });
  const meter = new WorkMeter();
  builder.beginSegment({ baseOffset: start, createdAtMs });
  try {
    for await (const frame of framesBetween(options, start)) {
      const { header } = frame;
      for (; begins.length > 0 && begins[0]! <= header.baseOffset; begins.shift()) {
        builder.beginSegment({ baseOffset: begins[0]!, createdAtMs });
      }
      await append(builder, frame, options);
      if (meter.isDue(frame.entry.length)) await runtime.pause();
    }
    await builder.finish(endOffset);
  } finally {
    builder.close();
  }
}

/** Sound frames that begin in `[start, endOffset)`. A frame is borrowed until the next one. */
async function* framesBetween(
  { source, endOffset, logger }: ForkLogOptions,
  start: number,
): AsyncGenerator<Frame, void, void> {
  const cursor = source.openCursor();
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  for (let offset = start; offset < endOffset; ) {
    try {
      const run = await cursor.read(offset, READ_BYTES, buffer);
      if (run === undefined) return;
      for (const frame of framesOf(run.bytes)) {
        if (frame.header.baseOffset >= endOffset) return;
        if (frame.header.baseOffset >= offset) yield frame;
      }
      offset = run.endOffset;
    } catch (error) {
      if (!isNetlogError(error, "checksum_error")) throw error;
      logger.warn({ err: error }, "a fork lacks messages that are damaged in its source");
      offset = Math.max(offset + 1, error.details.nextOffset ?? 0);
    }
  }
}

async function append(builder: LogBuilder, frame: Frame, options: ForkLogOptions): Promise<void> {
  const { header, entry } = frame;
  const { wholeBelow, endOffset, cut, logger } = options;
  if (frameEndOffset(header) <= wholeBelow) return builder.append(header, entry);
  const { baseOffset, timestampMs } = header;
  let kept: Buffer;
  try {
    kept = await cut(frame);
  } catch (error) {
    // The frame is what was written, and no message set.
    if (!isNetlogError(error, "checksum_error")) throw error;
    logger.warn({ err: error }, "a fork lacks messages that are damaged in its source");
    return;
  }
  await builder.append({ baseOffset, timestampMs, messageCount: endOffset - baseOffset }, kept);
}
