/** Many frames of a log as one run, for an answer that holds them all. */
import { isNetlogError, NetlogError } from "../base/errors.ts";
import { frameBytes, frameEndOffset, framesOf } from "../log/frame.ts";
import type { FrameRun, LogCursor } from "../log/log.ts";

/** Read first, in the hope that it is enough; then twice as much each time, up to the second. */
const FIRST_READ_BYTES = 128 * 1024;
const LARGEST_READ_BYTES = 512 * 1024;

/** Frames are taken while they keep within both; the first always is. */
export interface FrameBounds {
  readonly maxMessages: number;
  readonly maxBytes: number;
  /** Whether so much memory may be used; where it may not they are fewer. */
  readonly mayUse?: (bytes: number) => boolean;
}

/**
 * The frames from the one that holds `offset` on. What stops it behind the first is not told now. The bytes are
 * a view of `buffer` where they fit in. The event loop is given back by `pause` between two reads.
 *
 * @throws offset_not_found also when there is none yet; else what LogCursor.read throws.
 */
export async function collectFrames(
  cursor: LogCursor,
  offset: number,
  bounds: FrameBounds,
  buffer: Buffer,
  pause: () => Promise<void>,
): Promise<FrameRun> {
  let stepBytes = FIRST_READ_BYTES;
  const firstRead = await cursor.read(offset, bounds.maxBytes, buffer.subarray(0, stepBytes));
  if (firstRead === undefined) throw new NetlogError("offset_not_found");
  const first = limitRun(firstRead, bounds, true);
  let all = first;
  let target = buffer;
  for (;;) {
    const left = {
      maxMessages: bounds.maxMessages - (all.endOffset - all.baseOffset),
      maxBytes: bounds.maxBytes - all.bytes.length,
    };
    if (left.maxMessages <= 0 || left.maxBytes <= 0) return all;
    stepBytes = Math.min(2 * stepBytes, LARGEST_READ_BYTES);
    const filledBytes = all.bytes.length;
    if (bounds.mayUse?.(filledBytes + stepBytes) === false) return all;
    await pause();
    if (filledBytes + stepBytes > target.length && target === buffer) {
      target = Buffer.allocUnsafeSlow(Math.max(bounds.maxBytes, filledBytes));
    }
    if (!beginsAt(target, 0, all.bytes)) {
      target.set(all.bytes);
      all = { ...all, bytes: target.subarray(0, filledBytes) };
    }
    const spare = target.subarray(filledBytes, filledBytes + stepBytes);
    const read = await readOn(cursor, all.endOffset, left.maxBytes, spare);
    const run = read === undefined ? undefined : limitRun(read, left, false);
    if (run === undefined || run.bytes.length === 0) return all;
    // A frame that is larger than the step comes in memory of its own.
    const sizeBytes = filledBytes + run.bytes.length;
    if (bounds.mayUse?.(sizeBytes) === false) return all;
    if (sizeBytes > target.length) {
      target = Buffer.allocUnsafeSlow(Math.max(bounds.maxBytes, sizeBytes));
      target.set(all.bytes);
    }
    all = join(target, all, run);
  }
}

/** Both as one run, for which there is room; `all` lies in `target` already, from its beginning on. */
function join(target: Buffer, all: FrameRun, run: FrameRun): FrameRun {
  const sizeBytes = all.bytes.length + run.bytes.length;
  if (!beginsAt(target, all.bytes.length, run.bytes)) target.set(run.bytes, all.bytes.length);
  return { baseOffset: all.baseOffset, endOffset: run.endOffset, bytes: target.subarray(0, sizeBytes) };
}

function beginsAt(target: Buffer, position: number, bytes: Buffer): boolean {
  return bytes.buffer === target.buffer && bytes.byteOffset === target.byteOffset + position;
}

async function readOn(
  cursor: LogCursor,
  offset: number,
  maxBytes: number,
  buffer: Buffer,
): Promise<FrameRun | undefined> {
  try {
    return await cursor.read(offset, maxBytes, buffer);
  } catch (error) {
    if (isNetlogError(error)) return undefined;
    throw error;
  }
}

/** The frames of `run` that keep within the bounds; with `takesFirst` its first one always. */
function limitRun(run: FrameRun, { maxMessages, maxBytes }: FrameBounds, takesFirst: boolean): FrameRun {
  if (run.endOffset - run.baseOffset <= maxMessages && run.bytes.length <= maxBytes) return run;
  let endOffset = run.baseOffset;
  let position = 0;
  for (const { header } of framesOf(run.bytes)) {
    const end = position + frameBytes(header);
    const isWithin = frameEndOffset(header) - run.baseOffset <= maxMessages && end <= maxBytes;
    if (!isWithin && !(takesFirst && position === 0)) break;
    endOffset = frameEndOffset(header);
    position = end;
  }
  return { baseOffset: run.baseOffset, endOffset, bytes: run.bytes.subarray(0, position) };
}
