/**
 * A walk over a topic for those who read many messages at once and need no scanner: as messages, or as frames the
 * way they lie in the file. Holds no buffer but while it reads.
 */
import { isNetlogError } from "../base/errors.ts";
import { MESSAGE_WORK_BYTES, PIECE_WORK_BYTES } from "../base/loop-share.ts";
import type { Runtime } from "../base/runtime.ts";
import type { FrameRun, Log, LogCursor } from "../log/log.ts";
import { collectFrames, type FrameBounds } from "./collect-frames.ts";
import type { FrameCursors } from "./frame-cursors.ts";
import type { KeySearch } from "./key-search.ts";
import type { Limits } from "./limits.ts";
import { type Message, type MessageCursor, passingMessage, type Taken } from "./message-reader.ts";
import type { ReadBuffers } from "./read-buffers.ts";
import type { TopicWaits, WaitEnd, WaitRequest } from "./topic-waits.ts";

export interface TopicCursorOptions {
  readonly log: Log;
  readonly messages: MessageCursor;
  readonly waits: TopicWaits;
  readonly frameCursors: FrameCursors;
  readonly readBuffers: ReadBuffers;
  readonly runtime: Runtime;
  readonly limits: Limits;
  /** Messages without one of its keys are passed over; `undefined`: none are. */
  readonly search: KeySearch | undefined;
}

export class TopicCursor {
  readonly #log: Log;
  readonly #messages: MessageCursor;
  readonly #waits: TopicWaits;
  readonly #frameCursors: FrameCursors;
  readonly #readBuffers: ReadBuffers;
  readonly #runtime: Runtime;
  readonly #limits: Limits;
  readonly #search: KeySearch | undefined;
  #hasMore = false;
  /** Where frames are read into, one read after the other. */
  #buffer: Buffer | undefined;
  #frames: LogCursor | undefined;
  /** Behind the last frame read. */
  #nextOffset = 0;

  constructor({
    log,
    messages,
    waits,
    frameCursors,
    readBuffers,
    runtime,
    limits,
    search,
  }: TopicCursorOptions) {
    this.#log = log;
    this.#messages = messages;
    this.#waits = waits;
    this.#frameCursors = frameCursors;
    this.#readBuffers = readBuffers;
    this.#runtime = runtime;
    this.#limits = limits;
    this.#search = search;
  }

  /** First offset still kept. */
  get startOffset(): number {
    return this.#log.logStartOffset;
  }

  /** The end of a topic that is closed, once that can be read; `undefined`: it is open. */
  get closedAt(): number | undefined {
    return this.#log.isEnded ? this.#log.highWatermark : undefined;
  }

  /** Readable below this, exclusive. */
  get endOffset(): number {
    return this.#log.highWatermark;
  }

  /**
   * The last call of readMessages stopped before the end on its own account: it had passed over as much as one call
   * may, or something stopped it behind the first message.
   */
  get hasMore(): boolean {
    return this.#hasMore;
  }

  /**
   * Gives the messages `[offset, end)`, as far as there are any, to `take`, until it says no; a message is to be used
   * before anything is awaited. Returns the offset to go on from, behind all that was looked at. What stops it behind
   * the first message is reported by the next read, which begins with it. The event loop is given back from time to
   * time.
   *
   * @throws offset_not_found (with firstOffset, when it was dropped), checksum_error (with offset, nextOffset),
   *   topic_unavailable, topic_not_found, shutting_down; and what `take` throws.
   */
  async readMessages(offset: number, end: number, take: (message: Message) => Taken): Promise<number> {
    let next = offset;
    const looked = { lookedBytes: 0, workBytes: 0 };
    this.#hasMore = false;
    try {
      while (next < Math.min(end, this.#log.highWatermark)) {
        const read = this.#messages.readEntry(next, this.#limits.readAheadBytes);
        const set = read instanceof Promise ? await this.#turnOf(read) : read;
        const setEnd = Math.min(set.endOffset, end);
        while (next < setEnd) {
          if (this.#search !== undefined) {
            next = this.#search.pass(set, next, setEnd, looked);
            this.#hasMore = this.#search.isOver(looked) && next < Math.min(end, this.#log.highWatermark);
            if (this.#hasMore) return next;
          }
          if (next < setEnd && looked.workBytes < PIECE_WORK_BYTES) {
            const message = passingMessage(set, next);
            const taken = take(message);
            if (taken !== true) return taken === "last" ? next + 1 : next;
            looked.workBytes += message.payload.length + MESSAGE_WORK_BYTES;
            next += 1;
          }
          if (looked.workBytes < PIECE_WORK_BYTES) continue;
          looked.workBytes = 0;
          await this.#runtime.pause();
        }
      }
    } catch (error) {
      if (next === offset || !isNetlogError(error)) throw error;
      this.#hasMore = true;
    } finally {
      this.#messages.release();
    }
    return next;
  }

  /**
   * Whole frames from the one that holds `offset` on, which may begin before it: up to `maxBytes`, at least one;
   * may be fewer than there are. `undefined` when there is none yet. The bytes are not to be changed, and good until
   * the next call; `release` lets go of the memory that is kept for it.
   *
   * @throws offset_not_found (with firstOffset), checksum_error (with offset, nextOffset), topic_unavailable,
   *   topic_not_found, shutting_down.
   */
  async readFrames(offset: number, maxBytes: number): Promise<FrameRun | undefined> {
    // Memory to read into is for those who read much.
    if (maxBytes >= this.#limits.readAheadBytes) this.#buffer ??= this.#readBuffers.take();
    this.#frames ??= this.#frameCursors.take(offset);
    const run = await this.#frames.read(offset, maxBytes, this.#buffer);
    this.#nextOffset = run?.endOffset ?? offset;
    return run;
  }

  /**
   * All frames within the bounds. An error behind the first frame is left for the next read.
   *
   * @throws offset_not_found also when there is none yet; else what readFrames throws.
   */
  async collectFrames(offset: number, bounds: FrameBounds): Promise<FrameRun> {
    this.#buffer ??= this.#readBuffers.take();
    this.#frames ??= this.#frameCursors.take(offset);
    const pause = (): Promise<void> => this.#runtime.pause();
    const run = await collectFrames(this.#frames, offset, bounds, this.#buffer, pause);
    this.#nextOffset = run.endOffset;
    return run;
  }

  /** What was read, in a turn of its own: reads of many may end in one turn of the event loop. */
  async #turnOf<Read>(read: Promise<Read>): Promise<Read> {
    const result = await read;
    await this.#runtime.pause();
    return result;
  }

  /** Gives the memory of frames back. Nobody may use them any more, a write to a socket included. */
  release(): void {
    if (this.#buffer !== undefined) this.#readBuffers.giveBack(this.#buffer);
    if (this.#frames !== undefined) this.#frameCursors.giveBack(this.#nextOffset, this.#frames);
    this.#buffer = undefined;
    this.#frames = undefined;
  }

  /** Waits until `offset` can be read. @throws topic_not_found (deleted meanwhile), shutting_down. */
  wait(offset: number, request: WaitRequest): Promise<WaitEnd> {
    return this.#waits.wait(offset, request);
  }
}
