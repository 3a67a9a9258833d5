/** Where a stream's bytes come from: a topic read from an offset on, as messages or as frames. scanner-source.ts: a scanner. */
import { isNetlogError, type Message, type Taken, type TopicCursor } from "../../lib/index.ts";
import type { MessagePieces } from "../formats/message-pieces.ts";
import type { StreamMemory } from "../formats/stream-memory.ts";
import type { OnWaiting } from "../http/answer.ts";
import type { Limits } from "../http/limits.ts";
import { tooManyAnswers } from "../wire/errors.ts";

/** What is written at once. */
export interface Piece {
  /** Good until the next piece is asked for. */
  readonly bytes: Buffer;
  /** Messages that begin in it. */
  readonly messageCount: number;
  /** Its last message goes on in the next piece. */
  readonly isOpen: boolean;
  /** To be called when the bytes were handed to the network in full, or were not. */
  readonly settle?: (handedOver: boolean) => void;
}

/** Much was looked at and nothing found, and this is not the end: the reader may have left meanwhile. */
export const NOTHING_YET: Piece = { bytes: Buffer.alloc(0), messageCount: 0, isOpen: false };

/** Both reads throw what ends the stream: damage, a deleted topic or scanner, a server that stops, dropped offsets. */
export interface StreamSource {
  /** The end of the topic, where it is closed and all of it was given. */
  readonly closedAt: number | undefined;
  /** What is there; `undefined` when that is nothing, or the client has left. */
  poll(onWaiting: OnWaiting): Promise<Piece | undefined>;
  /** Where a reader goes on that breaks off while nothing is under way. */
  readonly place: number;
  /** Waits for something. `undefined` when the client has left, or nothing will come. */
  next(onWaiting: OnWaiting): Promise<Piece | undefined>;
  /** Gives back all that it holds. */
  close(): void;
}

export interface OffsetRange {
  readonly start: number;
  /** Infinity: follows. */
  readonly end: number;
}

/** Common to those that need no scanner. */
abstract class OffsetSource implements StreamSource {
  protected readonly cursor: TopicCursor;
  protected readonly end: number;
  protected readonly memory: StreamMemory;
  protected offset: number;
  #hasBegun = false;
  #place: number;

  constructor(cursor: TopicCursor, { start, end }: OffsetRange, memory: StreamMemory) {
    this.cursor = cursor;
    this.offset = start;
    this.#place = start;
    this.end = end;
    this.memory = memory;
  }

  get place(): number {
    return this.#place;
  }

  get closedAt(): number | undefined {
    const { closedAt } = this.cursor;
    return closedAt === this.offset && !this.isOpen ? closedAt : undefined;
  }

  async poll(onWaiting: OnWaiting): Promise<Piece | undefined> {
    while (this.isOpen || this.offset < Math.min(this.end, this.cursor.endOffset)) {
      if (!this.isOpen) this.#place = this.offset;
      try {
        const piece = await this.read();
        this.#hasBegun ||= piece !== undefined;
        if (piece !== undefined) return piece;
        if (this.cursor.hasMore) return NOTHING_YET;
      } catch (error) {
        if (!this.#hasBegun || !(await this.memory.awaitMemory(error, onWaiting))) throw error;
      }
    }
    this.#place = this.offset;
    return undefined;
  }

  async next(onWaiting: OnWaiting): Promise<Piece | undefined> {
    for (;;) {
      const piece = await this.poll(onWaiting);
      if (piece !== undefined) return piece;
      this.rest();
      const waited = await this.cursor.wait(this.offset, { waitMs: undefined, onWaiting });
      if (waited === "cancelled" || waited === "closed") return undefined;
    }
  }

  close(): void {
    this.rest();
  }

  /** A message, or a frame, goes on in the next piece. */
  protected abstract readonly isOpen: boolean;

  /** Reads at `offset`, where there is something, and moves on. */
  protected abstract read(): Promise<Piece | undefined>;

  /** Lets go of memory while nothing comes. */
  protected abstract rest(): void;
}

export class MessageSource extends OffsetSource {
  readonly #pieces: MessagePieces;
  /** Dropped by retention and not told yet. */
  #skipped = 0;

  constructor(cursor: TopicCursor, range: OffsetRange, pieces: MessagePieces, memory: StreamMemory) {
    super(cursor, range, memory);
    this.#pieces = pieces;
  }

  protected get isOpen(): boolean {
    return this.#pieces.isOpen;
  }

  protected async read(): Promise<Piece | undefined> {
    const pieces = this.#pieces;
    pieces.clear();
    do {
      while (pieces.fill()) await this.memory.pause();
    } while (!pieces.isOpen && (await this.#readMore()));
    if (pieces.view.length === 0) return undefined;
    return { bytes: pieces.view, messageCount: pieces.count, isOpen: pieces.isOpen };
  }

  protected rest(): void {
    this.#pieces.release();
  }

  /** True when it stopped at a large message, which was begun. */
  async #readMore(): Promise<boolean> {
    const { startOffset } = this.cursor;
    if (this.offset < startOffset) {
      this.#skipped += startOffset - this.offset;
      this.offset = startOffset;
    }
    try {
      this.offset = await this.cursor.readMessages(this.offset, this.end, this.#take);
    } catch (error) {
      // Retention was faster than the read.
      const isDropped = isNetlogError(error, "offset_not_found") && this.offset < this.cursor.startOffset;
      // What is in the piece goes out first.
      if (!isDropped && this.#pieces.view.length === 0) throw error;
    }
    return this.#pieces.isOpen;
  }

  readonly #take = (message: Message): Taken => {
    const taken = this.#pieces.take(message, this.#skipped);
    if (taken !== false) this.#skipped = 0;
    return taken;
  };
}

/** Frames as they lie in the file. */
export class FrameSource extends OffsetSource {
  readonly #limits: Limits;
  /** A frame that is larger than a piece: what is left of it, and all of it, which is held. */
  #left: Buffer | undefined;
  #large: Buffer | undefined;

  constructor(cursor: TopicCursor, range: OffsetRange, limits: Limits, memory: StreamMemory) {
    super(cursor, range, memory);
    this.#limits = limits;
  }

  protected get isOpen(): boolean {
    return this.#left !== undefined;
  }

  protected async read(): Promise<Piece | undefined> {
    if (this.#left !== undefined) return this.#cut(this.#left, 0);
    this.#releaseLarge();
    const { readAheadBytes, uncountedBytes } = this.#limits;
    const hasMemory = this.memory.mayUse(readAheadBytes);
    const run = await this.cursor.readFrames(this.offset, hasMemory ? readAheadBytes : uncountedBytes);
    if (run === undefined) return undefined;
    if (run.bytes.length > readAheadBytes) {
      if (!this.memory.hold(run.bytes)) throw tooManyAnswers();
      this.#large = run.bytes;
    }
    this.offset = run.endOffset;
    return this.#cut(run.bytes, run.endOffset - run.baseOffset);
  }

  protected rest(): void {
    this.#left = undefined;
    this.#releaseLarge();
    this.cursor.release();
    this.memory.giveBack();
  }

  /** A piece of `bytes`; the rest is left. */
  #cut(bytes: Buffer, messageCount: number): Piece {
    const { readAheadBytes } = this.#limits;
    this.#left = bytes.length > readAheadBytes ? bytes.subarray(readAheadBytes) : undefined;
    return { bytes: bytes.subarray(0, readAheadBytes), messageCount, isOpen: this.isOpen };
  }

  #releaseLarge(): void {
    if (this.#large !== undefined) this.memory.release(this.#large);
    this.#large = undefined;
  }
}
