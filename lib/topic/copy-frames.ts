/**
 * Copies the frames of a topic, and goes on where an earlier run ended. A read begins with the last frame that the copy has:
 * where that is not the source's own any more, nothing is appended. So a copy never has messages of two histories.
 */
import { NetlogError } from "../base/errors.ts";
import type { Runtime } from "../base/runtime.ts";
import { decodeFrameHeader, type FrameHeader, frameAt, frameBytes, frameEndOffset } from "../log/frame.ts";
import type { Log } from "../log/log.ts";

/** What there is to copy, as it was at one moment. */
export interface SourceRange {
  readonly startOffset: number;
  readonly endOffset: number;
  /** Where its segments begin. */
  readonly segmentStarts: readonly number[];
}

/** Whole frames, from the one that holds `offset` on; at least that one. @throws what the source refuses with. */
export type ReadFrames = (offset: number, maxMessages: number) => Promise<Buffer>;

export interface CopyFramesOptions {
  /** A server goes on with the source: it may be set back between any two reads. Else one look is enough. */
  readonly isServed: boolean;
  readonly runtime: Pick<Runtime, "pause">;
  readonly onCopied: (messageCount: number, sizeBytes: number) => void;
  /** Asked between two reads: what was read until then is copied. */
  readonly isOver: () => boolean;
}

/**
 * True where the copy goes on; false where nothing that it has is left at the source, so that it is to begin anew.
 *
 * @throws resource_busy: it has what the source has not.
 */
export function goesOn(copy: Log, { startOffset, endOffset }: SourceRange): boolean {
  const { logStartOffset, logEndOffset } = copy;
  if (logEndOffset === logStartOffset) return logStartOffset === startOffset;
  if (logEndOffset > endOffset) {
    throw foreign(`it ends at offset ${logEndOffset}, and the source at ${endOffset}`);
  }
  if (logStartOffset > startOffset) {
    throw foreign(`it begins at offset ${logStartOffset}, and the source at ${startOffset}`);
  }
  return logEndOffset > startOffset;
}

const NOTHING: Promise<Buffer> = Promise.resolve(Buffer.alloc(0));

/** Durable when it resolves. @throws resource_busy: the copy is another topic's; what reading and appending throw. */
export async function copyFrames(
  read: ReadFrames,
  copy: Log,
  range: SourceRange,
  options: CopyFramesOptions,
): Promise<void> {
  const starts = new Set(range.segmentStarts);
  let last = await lastFrameOf(copy);
  let next = copy.logEndOffset;
  let reading = readOn(read, last, next, range.endOffset);
  try {
    for (;;) {
      const bytes = await reading;
      if (bytes.length === 0 || options.isOver()) break;
      const pieces = cutAt(starts, bytes);
      last = lastHeaderOf(bytes);
      next = frameEndOffset(last);
      // The source reads while the copy writes.
      const seen = options.isServed ? last : undefined;
      reading = next < range.endOffset ? readOn(read, seen, next, range.endOffset) : NOTHING;
      for (const piece of pieces) await append(copy, piece, starts, options);
      await options.runtime.pause();
    }
  } finally {
    await reading.catch(() => {});
  }
  if (starts.has(copy.logEndOffset)) await copy.beginSegment();
}

/** The last frame that the copy has; `undefined` where it has none. */
async function lastFrameOf(copy: Log): Promise<FrameHeader | undefined> {
  if (copy.logEndOffset === copy.logStartOffset) return undefined;
  const run = await copy.openCursor().read(copy.logEndOffset - 1, 1);
  if (run === undefined) throw unreadable(copy.logEndOffset - 1);
  return lastHeaderOf(run.bytes);
}

/** Frames behind `last`, which ends at `next`, to `endOffset` at most; none where that is there. */
async function readOn(
  read: ReadFrames,
  last: FrameHeader | undefined,
  next: number,
  endOffset: number,
): Promise<Buffer> {
  const readFrom = async (offset: number) => requireFrames(await read(offset, endOffset - offset));
  if (last === undefined) return next < endOffset ? await readFrom(next) : await NOTHING;
  const bytes = await readFrom(last.baseOffset);
  const first = frameAt(bytes, 0).header;
  if (!isSame(first, last)) {
    throw foreign(`its last message, ${next - 1}, is not the one that the source has there`);
  }
  const rest = bytes.subarray(frameBytes(first));
  return rest.length > 0 || next === endOffset ? rest : await readFrom(next);
}

/** The log that takes them checks their entries. @throws topic_unavailable: a server has answered with something else. */
function requireFrames(bytes: Buffer): Buffer {
  let position = 0;
  while (position < bytes.length) {
    const header = decodeFrameHeader(bytes, position);
    if (header === undefined) break;
    position += frameBytes(header);
  }
  if (position === bytes.length && position > 0) return bytes;
  const reason = "the source's answer holds no whole frames; is it a netlog server of this version?";
  throw new NetlogError("topic_unavailable", { reason });
}

function isSame(one: FrameHeader, other: FrameHeader): boolean {
  return (
    one.baseOffset === other.baseOffset &&
    one.messageCount === other.messageCount &&
    one.timestampMs === other.timestampMs &&
    one.entryBytes === other.entryBytes &&
    one.entryCrc === other.entryCrc
  );
}

async function append(
  copy: Log,
  piece: Buffer,
  starts: ReadonlySet<number>,
  { onCopied }: CopyFramesOptions,
): Promise<void> {
  const before = copy.logEndOffset;
  if (starts.has(before)) await copy.beginSegment();
  await copy.appendFrames(piece, "synced");
  onCopied(copy.logEndOffset - before, piece.length);
}

/** The frames in pieces, each of one segment. */
function cutAt(starts: ReadonlySet<number>, bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  let begin = 0;
  for (let position = 0; position < bytes.length; ) {
    const { header } = frameAt(bytes, position);
    if (position > begin && starts.has(header.baseOffset)) {
      pieces.push(bytes.subarray(begin, position));
      begin = position;
    }
    position += frameBytes(header);
  }
  pieces.push(bytes.subarray(begin));
  return pieces;
}

function lastHeaderOf(bytes: Buffer): FrameHeader {
  for (let position = 0; ; ) {
    const { header } = frameAt(bytes, position);
    position += frameBytes(header);
    if (position >= bytes.length) return header;
  }
}

function unreadable(offset: number): NetlogError {
  return new NetlogError("topic_unavailable", { reason: `message ${offset} of the copy cannot be read` });
}

function foreign(how: string): NetlogError {
  return new NetlogError("resource_busy", {
    reason:
      `the unfinished copy is of another state of the topic: ${how}; the source was set back, or is another one: ` +
      "discard the copy with --discard, and copy again",
  });
}
