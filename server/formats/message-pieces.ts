/**
 * A stream out, one bounded piece after the other: messages in one format. A message that is larger than a piece goes
 * on in the next one.
 */
import { compact, type Message, PIECE_WORK_BYTES, type Taken } from "../../lib/index.ts";
import { tooManyAnswers } from "../wire/errors.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { Encoding } from "./encoding.ts";
import { refusalOf } from "./refusal.ts";
import { STEP_BYTES, type Steps } from "./steps.ts";

/** No format makes more of a message: so many times its payload and fields, and so much beside them. */
const MOST_TIMES = 7;
const MOST_FIELDS_BYTES = 512;
/** A piece has at most so many bytes while memory is short. A step fits in. */
const SMALL_PIECE_BYTES = 64 * 1024;

export interface PieceBounds {
  /** Messages of a piece. */
  readonly max: number;
  readonly maxBytes: number;
}

/** What a stream asks of its surroundings. */
export interface PieceMemory {
  /** Whether so much may be used for a piece, from now on until it is given back. */
  mayUse(bytes: number): boolean;
  giveBack(): void;
  /** Whether a payload may be held for a while; then it is to be released. */
  hold(payload: Buffer): boolean;
  release(payload: Buffer): void;
}

export class MessagePieces {
  readonly encoding: Encoding;
  readonly #bounds: PieceBounds;
  readonly #memory: PieceMemory;
  readonly #writer: ByteWriter;
  /** Bytes that the piece may have. */
  #allowedBytes = SMALL_PIECE_BYTES;
  /** Messages that begin in the piece. */
  #count = 0;
  #isFirst = true;
  /** The message that is begun and not written in full. */
  #steps: Steps | undefined;
  #payload: Buffer | undefined;

  constructor(encoding: Encoding, bounds: PieceBounds, memory: PieceMemory) {
    this.encoding = encoding;
    this.#bounds = bounds;
    this.#memory = memory;
    this.#writer = new ByteWriter(bounds.maxBytes);
  }

  get count(): number {
    return this.#count;
  }

  /** A message is begun that goes on in the next piece. */
  get isOpen(): boolean {
    return this.#steps !== undefined;
  }

  /** The piece: a view, good until something else is written. */
  get view(): Buffer {
    return this.#writer.view;
  }

  /**
   * Writes a message, and before it that `skipped` are missing; false when it does not fit into this piece, or
   * it cannot be told in this format. "last": it is begun, and `fill` writes it.
   *
   * @throws for the first of a piece: HttpError not_acceptable (the format cannot hold it), offset_not_found (the
   *   format cannot tell of missing ones), too_many_requests (there is no memory for it).
   */
  take(message: Message, skipped: number): Taken {
    if (this.#count === this.#bounds.max || this.isOpen) return false;
    const refusal = refusalOf(this.encoding, message, skipped);
    if (refusal !== undefined) return this.#refuse(refusal);
    const isWhole = this.#fits(message.payload.length + (message.fieldBytes?.length ?? 0));
    if (!isWhole && !this.#begin(message)) return false;
    if (skipped > 0) this.#writer.utf8(this.encoding.skipped?.(skipped, message.offset) ?? "");
    if (isWhole) this.encoding.encode(this.#writer, message, this.#isFirst);
    this.#count += 1;
    this.#isFirst = false;
    return isWhole || "last";
  }

  /** Goes on with the message that is begun, for a piece of work. True when more of it fits into the piece. */
  fill(): boolean {
    const workEnd = this.#writer.length + PIECE_WORK_BYTES;
    while (this.#steps !== undefined && this.#writer.length + STEP_BYTES <= this.#allowedBytes) {
      if (this.#writer.length >= workEnd) return true;
      if (this.#steps.next().done === true) this.#end();
    }
    return false;
  }

  /** Forgets the piece, which has gone out. */
  clear(): void {
    this.#writer.truncate(0);
    this.#count = 0;
  }

  /** Lets go of all memory, and of the message that is begun. */
  release(): void {
    this.#end();
    this.#writer.release();
    this.#count = 0;
    this.#allowedBytes = SMALL_PIECE_BYTES;
    this.#memory.giveBack();
  }

  /** Whether a message of so many bytes, payload and fields, fits in, whatever it becomes. */
  #fits(messageBytes: number): boolean {
    const { length } = this.#writer;
    // This bound holds for any format, and decides for most messages.
    if (length + MOST_TIMES * messageBytes + MOST_FIELDS_BYTES <= this.#allowedBytes) return true;
    const { maxBytes } = this.#bounds;
    const bytes = length + this.encoding.mostBytes(messageBytes);
    if (bytes <= this.#allowedBytes) return true;
    if (this.#allowedBytes < maxBytes && this.#memory.mayUse(maxBytes)) this.#allowedBytes = maxBytes;
    return bytes <= this.#allowedBytes;
  }

  /** False when its first step does not fit in. */
  #begin(message: Message): boolean {
    if (this.#writer.length + STEP_BYTES > this.#allowedBytes) return false;
    const payload = compact(message.payload);
    if (!this.#memory.hold(payload)) return this.#refuse(tooManyAnswers());
    this.#payload = payload;
    const { offset, timestampMs, crc32, delivery } = message;
    const fieldBytes = message.fieldBytes && compact(message.fieldBytes);
    const plain = { offset, timestampMs, crc32, payload, fieldBytes };
    const kept = delivery === undefined ? plain : { ...plain, delivery };
    this.#steps = this.encoding.encodeInSteps(this.#writer, kept, this.#isFirst);
    return true;
  }

  #end(): void {
    this.#steps = undefined;
    if (this.#payload !== undefined) this.#memory.release(this.#payload);
    this.#payload = undefined;
  }

  /** The first of a piece is refused with `error`; another one is the first of the next piece. */
  #refuse(error: Error): false {
    if (this.#writer.length === 0) throw error;
    return false;
  }
}
