/** The body of an answer, or one piece of a stream after the other: messages in one format, within bounds. */
import { type Message, NetlogError } from "../../lib/index.ts";
import { HttpError, tooManyAnswers } from "../errors.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { Encoding } from "./encoding.ts";

export interface BodyBounds {
  readonly max: number;
  /** A message that is larger still goes, alone. */
  readonly maxBytes: number;
  /** Whether so much memory may be used; where it may not the body ends earlier. */
  readonly mayUse?: (bytes: number) => boolean;
}

export class MessageBody {
  readonly encoding: Encoding;
  readonly #bounds: BodyBounds;
  readonly #writer = new ByteWriter();
  /** Messages since the last `clear`, and of all. */
  #count = 0;
  #isFirst = true;

  constructor(encoding: Encoding, bounds: BodyBounds) {
    this.encoding = encoding;
    this.#bounds = bounds;
  }

  get count(): number {
    return this.#count;
  }

  /** A view, good until something else is written or `clear`ed. */
  get view(): Buffer {
    return this.#writer.view;
  }

  open(): void {
    this.#writer.ascii(this.encoding.opening);
  }

  close(): void {
    this.#writer.ascii(this.encoding.closing);
  }

  /**
   * Writes a message, and before it that `skipped` are missing; false when there is no room for it, or it cannot be
   * told in this format.
   *
   * @throws for the first since the last `clear`: HttpError not_acceptable (the format cannot hold it),
   *   offset_not_found (the format cannot tell of missing ones), too_many_requests (there is no memory for it).
   */
  take(message: Message, skipped: number): boolean {
    const { encoding } = this;
    if (this.#count === this.#bounds.max) return false;
    const refusal = this.#refusal(message, skipped);
    if (refusal !== undefined) {
      if (this.#count === 0) throw refusal;
      return false;
    }
    const start = this.#writer.length;
    // Most formats write at least the payload.
    const fewestBytes = start + message.payload.length;
    if (this.#count === 0 && this.#bounds.mayUse?.(fewestBytes) === false) {
      throw tooManyAnswers();
    }
    if (skipped > 0) this.#writer.utf8(encoding.skipped?.(skipped, message.offset) ?? "");
    encoding.encode(this.#writer, message, this.#isFirst);
    const sizeBytes = this.#writer.length + encoding.closing.length;
    const isInMemory = this.#bounds.mayUse?.(this.#writer.capacity) !== false;
    if (!isInMemory && this.#count === 0) throw tooManyAnswers();
    if (!isInMemory || (this.#count > 0 && sizeBytes > this.#bounds.maxBytes)) {
      this.#writer.truncate(start);
      return false;
    }
    this.#count += 1;
    this.#isFirst = false;
    return true;
  }

  /** Forgets what was written, which has gone out. */
  clear(): void {
    this.#writer.truncate(0);
    this.#count = 0;
  }

  /** Lets go of the memory as well. */
  release(): void {
    this.#writer.release();
    this.#count = 0;
  }

  #refusal(message: Message, skipped: number): Error | undefined {
    const { encoding } = this;
    if (skipped > 0 && encoding.skipped === undefined) {
      return new NetlogError("offset_not_found", { details: { firstOffset: message.offset } });
    }
    const reason = encoding.refusal?.(message.payload);
    if (reason === undefined) return undefined;
    return new HttpError("not_acceptable", { reason: `${reason}: ask for another format` });
  }
}
