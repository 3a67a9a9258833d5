/**
 * A walk over a topic for those who read many messages at once and need no scanner: as messages, or as frames the
 * way they lie in the file. Holds no buffer but while it reads.
 */
import { isNetlogError, NetlogError } from "./errors.ts";
import type { Limits } from "./limits.ts";
import { frameBytes, frameEndOffset, framesOf } from "./log/index.ts";
import type { FrameRun, Log, LogCursor } from "./log/log.ts";
import { type Message, type MessageCursor, passingMessage } from "./message-reader.ts";
import type { TopicWaits, WaitEnd, WaitRequest } from "./topic-waits.ts";

export interface TopicCursorOptions {
  readonly log: Log;
  readonly messages: MessageCursor;
  readonly waits: TopicWaits;
  readonly limits: Limits;
}

export class TopicCursor {
  readonly #log: Log;
  readonly #messages: MessageCursor;
  readonly #frames: LogCursor;
  readonly #waits: TopicWaits;
  readonly #limits: Limits;

  constructor({ log, messages, waits, limits }: TopicCursorOptions) {
    this.#log = log;
    this.#messages = messages;
    this.#frames = log.openCursor();
    this.#waits = waits;
    this.#limits = limits;
  }

  /** First offset still kept. */
  get startOffset(): number {
    return this.#log.logStartOffset;
  }

  /** Readable below this, exclusive. */
  get endOffset(): number {
    return this.#log.highWatermark;
  }

  /**
   * Gives the messages `[offset, end)`, as far as there are any, to `take`, until it says no; a message is to be used
   * before anything is awaited. Returns the offset to go on from. What stops it behind the first message is not
   * told now: it is what the next read begins with.
   *
   * @throws offset_not_found (with firstOffset, when it was dropped), checksum_error (with offset, nextOffset),
   *   topic_unavailable, topic_not_found, shutting_down; and what `take` throws.
   */
  async readMessages(offset: number, end: number, take: (message: Message) => boolean): Promise<number> {
    let next = offset;
    try {
      while (next < Math.min(end, this.#log.highWatermark)) {
        const read = this.#messages.readSet(next, this.#limits.readAheadBytes);
        const set = read instanceof Promise ? await read : read;
        const setEnd = Math.min(set.endOffset, end);
        for (; next < setEnd; next++) if (!take(passingMessage(set, next))) return next;
      }
    } catch (error) {
      if (next === offset || !isNetlogError(error)) throw error;
    } finally {
      this.#messages.release();
    }
    return next;
  }

  /**
   * Whole frames from the one that holds `offset` on, which may begin before it: up to `maxBytes`, at least one;
   * may be fewer than there are. `undefined` when there is none yet. The bytes are shared: they are not to be
   * changed, and keep more than themselves alive.
   *
   * @throws offset_not_found (with firstOffset), checksum_error (with offset, nextOffset), topic_unavailable,
   *   topic_not_found, shutting_down.
   */
  readFrames(offset: number, maxBytes: number): Promise<FrameRun | undefined> {
    return this.#frames.read(offset, maxBytes);
  }

  /**
   * Likewise all that there are, up to `maxBytes` and `maxMessages`. What stops it behind the first frame is not told
   * now.
   *
   * @throws offset_not_found also when there is none yet; else what readFrames throws.
   */
  async collectFrames(offset: number, maxMessages: number, maxBytes: number): Promise<FrameRun> {
    const first = await this.#frames.read(offset, maxBytes);
    if (first === undefined) throw new NetlogError("offset_not_found");
    const runs = [limitRun(first, maxMessages, first.bytes.length, true)];
    const { baseOffset } = runs[0]!;
    let { endOffset, bytes } = runs[0]!;
    let sizeBytes = bytes.length;
    while (endOffset - baseOffset < maxMessages && sizeBytes < maxBytes) {
      const run = await this.#readOn(endOffset, maxBytes - sizeBytes);
      if (run === undefined) break;
      const limited = limitRun(run, maxMessages - (endOffset - baseOffset), maxBytes - sizeBytes, false);
      if (limited.bytes.length === 0) break;
      runs.push(limited);
      ({ endOffset, bytes } = limited);
      sizeBytes += bytes.length;
    }
    const parts = runs.map((run) => run.bytes);
    return { baseOffset, endOffset, bytes: parts.length === 1 ? parts[0]! : Buffer.concat(parts, sizeBytes) };
  }

  /** Waits until `offset` can be read. @throws topic_not_found (deleted meanwhile), shutting_down. */
  wait(offset: number, request: WaitRequest): Promise<WaitEnd> {
    return this.#waits.wait(offset, request);
  }

  async #readOn(offset: number, maxBytes: number): Promise<FrameRun | undefined> {
    try {
      return await this.#frames.read(offset, maxBytes);
    } catch (error) {
      if (isNetlogError(error)) return undefined;
      throw error;
    }
  }
}

/** The frames of `run` that keep within both bounds; with `takesFirst` its first one always. */
function limitRun(run: FrameRun, maxMessages: number, maxBytes: number, takesFirst: boolean): FrameRun {
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
