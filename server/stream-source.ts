/** Where a stream's bytes come from: a topic read from an offset on, as messages or as frames, or a scanner. */
import {
  isNetlogError,
  type Lease,
  type Limits,
  type Message,
  type Scanner,
  type TopicCursor,
} from "../lib/index.ts";
import type { MessageBody } from "./formats/message-body.ts";

/** Tells what ends the wait when the client leaves. */
type OnWaiting = (leave: () => void) => void;

/** What is written at once. */
export interface Piece {
  /** Good until the next piece is asked for. */
  readonly bytes: Buffer;
  readonly messageCount: number;
  /** To be called when the bytes were handed to the network in full, or were not. */
  readonly settle?: (handedOver: boolean) => void;
}

/** Both throw what ends the stream: damage, a deleted topic or scanner, a server that stops, dropped offsets. */
export interface StreamSource {
  /** What is there; `undefined` when that is nothing. */
  poll(): Promise<Piece | undefined>;
  /** Waits for something. `undefined` when the client has left. */
  next(onWaiting: OnWaiting): Promise<Piece | undefined>;
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
  protected offset: number;

  constructor(cursor: TopicCursor, { start, end }: OffsetRange) {
    this.cursor = cursor;
    this.offset = start;
    this.end = end;
  }

  async poll(): Promise<Piece | undefined> {
    while (this.offset < Math.min(this.end, this.cursor.endOffset)) {
      const piece = await this.read();
      if (piece !== undefined) return piece;
    }
    return undefined;
  }

  async next(onWaiting: OnWaiting): Promise<Piece | undefined> {
    for (;;) {
      const piece = await this.poll();
      if (piece !== undefined) return piece;
      this.rest();
      const waited = await this.cursor.wait(this.offset, { waitMs: undefined, onWaiting });
      if (waited === "cancelled") return undefined;
    }
  }

  /** Reads at `offset`, where there is something, and moves on. */
  protected abstract read(): Promise<Piece | undefined>;

  /** Lets go of memory while nothing comes. */
  protected abstract rest(): void;
}

export class MessageSource extends OffsetSource {
  readonly #body: MessageBody;
  /** Dropped by retention and not told yet. */
  #skipped = 0;

  constructor(cursor: TopicCursor, range: OffsetRange, body: MessageBody) {
    super(cursor, range);
    this.#body = body;
  }

  protected async read(): Promise<Piece | undefined> {
    this.#body.clear();
    const { startOffset } = this.cursor;
    if (this.offset < startOffset) {
      this.#skipped += startOffset - this.offset;
      this.offset = startOffset;
    }
    try {
      this.offset = await this.cursor.readMessages(this.offset, this.end, this.#take);
    } catch (error) {
      // Retention was faster than the read.
      if (isNetlogError(error, "offset_not_found") && this.offset < this.cursor.startOffset) return undefined;
      throw error;
    }
    return this.#body.count === 0 ? undefined : { bytes: this.#body.view, messageCount: this.#body.count };
  }

  protected rest(): void {
    this.#body.release();
  }

  readonly #take = (message: Message): boolean => {
    if (!this.#body.take(message, this.#skipped)) return false;
    this.#skipped = 0;
    return true;
  };
}

/** Frames as they lie in the file. */
export class FrameSource extends OffsetSource {
  readonly #maxBytes: number;

  constructor(cursor: TopicCursor, range: OffsetRange, limits: Limits) {
    super(cursor, range);
    this.#maxBytes = limits.readAheadBytes;
  }

  protected async read(): Promise<Piece | undefined> {
    const run = await this.cursor.readFrames(this.offset, this.#maxBytes);
    if (run === undefined) return undefined;
    this.offset = run.endOffset;
    return { bytes: run.bytes, messageCount: run.endOffset - run.baseOffset };
  }

  protected rest(): void {
    this.cursor.release();
  }
}

export class ScannerSource implements StreamSource {
  readonly #scanner: Scanner;
  readonly #body: MessageBody;
  readonly #limits: Limits;
  /** Missed before the first message: told in the headers where the format cannot. */
  skippedFirst = 0;
  /** Of the first message, once there was one. */
  firstOffset: number | undefined;
  /** One for the connection; `undefined` of a scanner without acknowledgements. */
  readonly lease: Lease | undefined;

  constructor(scanner: Scanner, body: MessageBody, limits: Limits) {
    this.#scanner = scanner;
    this.lease = scanner.openLease();
    this.#body = body;
    this.#limits = limits;
  }

  async poll(): Promise<Piece | undefined> {
    return await this.#scan(0, () => {});
  }

  async next(onWaiting: OnWaiting): Promise<Piece | undefined> {
    let hasLeft = false;
    const whileWaiting: OnWaiting = (leave) =>
      onWaiting(() => {
        hasLeft = true;
        leave();
      });
    for (;;) {
      this.#body.release();
      const piece = await this.#scan(this.#limits.waitMs, whileWaiting);
      if (piece !== undefined || hasLeft) return piece;
    }
  }

  async #scan(waitMs: number, onWaiting: OnWaiting): Promise<Piece | undefined> {
    this.#body.clear();
    try {
      const { lease } = this;
      const request = { waitMs, onWaiting, max: this.#limits.readMessagesMax, take: this.#take, lease };
      const delivery = await this.#scanner.scanMany(request);
      if (delivery === undefined) return undefined;
      const messageCount = this.#body.count;
      return { bytes: this.#body.view, messageCount, settle: (handedOver) => delivery.settle(handedOver) };
    } catch (error) {
      if (isNetlogError(error, "end_of_topic")) return undefined;
      throw error;
    }
  }

  readonly #take = (message: Message, skipped: number): boolean => {
    const isTold = this.firstOffset !== undefined || this.#body.encoding.skipped !== undefined;
    if (!this.#body.take(message, isTold ? skipped : 0)) return false;
    if (!isTold) this.skippedFirst += skipped;
    this.firstOffset ??= message.offset;
    return true;
  };
}
