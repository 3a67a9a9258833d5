/** The body of an answer: messages in one format, within bounds, whole before it is sent. */
import { compact, type Message, PIECE_WORK_BYTES } from "../../lib/index.ts";
import { tooManyAnswers } from "../wire/errors.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { Encoding } from "./encoding.ts";
import { refusalOf } from "./refusal.ts";
import { STEP_BYTES } from "./steps.ts";

/** A body consists of pieces of about this size, so that nothing is copied while it grows. */
const PIECE_BYTES = 512 * 1024;
/** A longer payload is rendered in steps, with the event loop given back in between. */
const LARGE_BYTES = 256 * 1024;
/** What a message that is held takes in memory beside its bytes, about. */
const HELD_MESSAGE_BYTES = 320;

export interface BodyBounds {
  readonly max: number;
  /** A message that is larger still goes, alone. */
  readonly maxBytes: number;
}

/** What a body asks of its surroundings. */
export interface BodyMemory {
  /** Whether so much memory may be used; where it may not the body ends earlier. */
  mayUse(bytes: number): boolean;
  /** No more than so much of it is in use from here on. */
  shrinkTo(bytes: number): void;
  /** Whether a payload may be held for a while; then it is to be released. */
  hold(payload: Buffer): boolean;
  release(payload: Buffer): void;
  /** Gives the event loop back. Rejects when the client has left. */
  pause(): Promise<void>;
}

export class MessageBody {
  readonly #encoding: Encoding;
  readonly #bounds: BodyBounds;
  readonly #memory: BodyMemory;
  readonly #writer = new ByteWriter(PIECE_BYTES);
  /** What was written before what is in the writer, each in memory of its own; and the bytes of both. */
  readonly #pieces: Buffer[] = [];
  #pieceBytes = 0;
  #memoryBytes = 0;
  /** Taken and not written yet: a large message, and those behind it. Their payloads are held. */
  readonly #later: Message[] = [];
  /** At least what the format will write of them. */
  #laterBytes = 0;
  /** Memory of theirs that `hold` does not count. */
  #heldBytes = 0;
  #count = 0;
  #nextOffset = 0;

  constructor(encoding: Encoding, bounds: BodyBounds, memory: BodyMemory) {
    this.#encoding = encoding;
    this.#bounds = bounds;
    this.#memory = memory;
    this.#writer.ascii(encoding.opening);
  }

  /** Messages that were written. */
  get count(): number {
    return this.#count;
  }

  /** It takes no further message. */
  get isFull(): boolean {
    return this.#count + this.#later.length === this.#bounds.max;
  }

  /** Behind the last of them. */
  get nextOffset(): number {
    return this.#nextOffset;
  }

  /**
   * Takes a message, to be written now or by `render`; false when it does not fit in, or it cannot be told in
   * this format.
   *
   * @throws for the first: HttpError not_acceptable (the format cannot hold it), too_many_requests (there is no
   *   memory for it).
   */
  take(message: Message): boolean {
    if (this.isFull) return false;
    const refusal = refusalOf(this.#encoding, message, 0);
    if (refusal !== undefined) return this.#refuse(refusal);
    const start = this.#writer.length;
    const fewestBytes = this.#pieceBytes + start + this.#laterBytes + this.#fewestBytesOf(message);
    if (this.#isEmpty && !this.#memory.mayUse(fewestBytes)) throw tooManyAnswers();
    if (this.#later.length > 0 || message.payload.length > LARGE_BYTES) {
      return (this.#isEmpty || fewestBytes <= this.#bounds.maxBytes) && this.#takeLater(message);
    }
    return this.#write(message);
  }

  /**
   * Writes what was taken for later. False when that has become too much: the body ends at `nextOffset`.
   *
   * @throws too_many_requests (there is no memory for the first); what `pause` throws.
   */
  async render(): Promise<boolean> {
    const takenCount = this.#later.length;
    try {
      for (const message of this.#later) {
        const { length } = this.#pieces;
        const isLarge = message.payload.length > LARGE_BYTES;
        if (!(isLarge ? await this.#writeInSteps(message) : this.#write(message))) return false;
        if (this.#pieces.length > length) await this.#memory.pause();
      }
      return this.#later.length === takenCount;
    } finally {
      this.release();
    }
  }

  /** Lets go of what was taken for later. To be called where `render` is not. */
  release(): void {
    if (this.#later.length > 0) this.#releaseFrom(0);
  }

  /** Ends the body, and gives all of it. */
  close(): readonly Buffer[] {
    this.#writer.ascii(this.#encoding.closing);
    this.#endPiece();
    return this.#pieces;
  }

  get #isEmpty(): boolean {
    return this.#count === 0 && this.#later.length === 0;
  }

  #takeLater(given: Message): boolean {
    const { offset, timestampMs, crc32, delivery } = given;
    const payload = compact(given.payload);
    const givenFields = this.#fieldBytesOf(given);
    const fieldBytes = givenFields && compact(givenFields);
    const message = { offset, timestampMs, crc32, payload, fieldBytes };
    const heldBytes = heldBytesOf(message);
    if (!this.#memory.mayUse(this.#usedBytes + heldBytes) || !this.#memory.hold(payload)) {
      return this.#refuse(tooManyAnswers());
    }
    this.#later.push(delivery === undefined ? message : { ...message, delivery });
    this.#laterBytes += this.#fewestBytesOf(message);
    this.#heldBytes += heldBytes;
    return true;
  }

  /** Lets go of what was taken for later from the one at `place` on. */
  #releaseFrom(place: number): void {
    for (const message of this.#later.splice(place)) {
      this.#memory.release(message.payload);
      this.#heldBytes -= heldBytesOf(message);
    }
    this.#memory.shrinkTo(this.#usedBytes);
  }

  /** Most formats write at least the payload, and the fields in more bytes than a message has them in. */
  #fewestBytesOf(message: Message): number {
    return message.payload.length + (this.#fieldBytesOf(message)?.length ?? 0);
  }

  /** Those that the format writes. */
  #fieldBytesOf({ fieldBytes }: Message): Buffer | undefined {
    return this.#encoding.writesFields === true ? fieldBytes : undefined;
  }

  /** Memory of its own, without the payloads that it holds. */
  get #usedBytes(): number {
    return this.#memoryBytes + this.#writer.capacity + this.#heldBytes;
  }

  /** False, and nothing written, when it does not fit in. @throws as #isWithinBounds. */
  #write(message: Message): boolean {
    const start = this.#writer.length;
    this.#encoding.encode(this.#writer, message, this.#count === 0);
    if (!this.#isWithinBounds()) {
      this.#writer.truncate(start);
      return false;
    }
    this.#note(message);
    if (this.#writer.length >= PIECE_BYTES) this.#endPiece();
    return true;
  }

  /** Writes a large message in steps. @throws also what `pause` throws. */
  async #writeInSteps(message: Message): Promise<boolean> {
    await this.#memory.pause();
    this.#endPiece();
    const mark = this.#pieces.length;
    const steps = this.#encoding.encodeInSteps(this.#writer, message, this.#count === 0);
    let workEnd = PIECE_WORK_BYTES;
    while (steps.next().done !== true) {
      if (this.#writer.length < workEnd) continue;
      if (!this.#isWithinBounds()) return this.#drop(mark);
      if (this.#writer.length + PIECE_WORK_BYTES + STEP_BYTES > PIECE_BYTES) this.#endPiece();
      workEnd = this.#writer.length + PIECE_WORK_BYTES;
      await this.#memory.pause();
    }
    if (!this.#isWithinBounds()) return this.#drop(mark);
    this.#note(message);
    return true;
  }

  /** Takes back the pieces from `mark` on, and what is in the writer. */
  #drop(mark: number): false {
    this.#writer.release();
    for (const { length, buffer } of this.#pieces.splice(mark)) {
      this.#pieceBytes -= length;
      this.#memoryBytes -= buffer.byteLength;
    }
    return false;
  }

  /** @throws too_many_requests: it holds one message, and there is no memory for it. */
  #isWithinBounds(): boolean {
    let isInMemory = this.#memory.mayUse(this.#usedBytes);
    if (!isInMemory && this.#count === 0) {
      // Those behind the first message are the first of another answer.
      this.#releaseFrom(1);
      isInMemory = this.#memory.mayUse(this.#usedBytes);
      if (!isInMemory) throw tooManyAnswers();
    }
    const sizeBytes = this.#pieceBytes + this.#writer.length + this.#encoding.closing.length;
    return isInMemory && (this.#count === 0 || sizeBytes <= this.#bounds.maxBytes);
  }

  /** The first is refused with `error`; another one is the first of another answer. */
  #refuse(error: Error): false {
    if (this.#isEmpty) throw error;
    return false;
  }

  #note({ offset }: Message): void {
    this.#count += 1;
    this.#nextOffset = offset + 1;
  }

  #endPiece(): void {
    if (this.#writer.length === 0) return;
    this.#memoryBytes += this.#writer.capacity;
    const piece = this.#writer.detach();
    this.#pieceBytes += piece.length;
    this.#pieces.push(piece);
  }
}

/** Memory of a held message, beside its payload. */
function heldBytesOf({ fieldBytes }: Message): number {
  return HELD_MESSAGE_BYTES + (fieldBytes?.length ?? 0);
}
