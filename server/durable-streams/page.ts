/**
 * What one answer takes of a stream: payloads one after the other, cut anywhere, or JSON values, which stay whole, as an
 * array.
 */
import type { Message, Taken, TopicCursor } from "../../lib/index.ts";
import { ByteWriter } from "../formats/byte-writer.ts";
import { tooManyAnswers } from "../wire/errors.ts";
import { invalidPlace, type Place } from "./place.ts";

const COMMA = 0x2c;
const [OPENING_BRACKET, CLOSING_BRACKET] = [0x5b, 0x5d];
/** What makes an array of values. */
const BRACKETS_BYTES = 2;

export interface PageBounds {
  /** Bytes of a page; one JSON value always. */
  readonly maxBytes: number;
  /** Whether so much memory may be used. */
  readonly mayUse: (bytes: number) => boolean;
  /** Takes a JSON value that is larger than a page, in place of the page; without it a page grows with its value. */
  readonly takeLarge?: (message: Message) => void;
}

export interface Page {
  /** Good for as long as the caller likes. */
  readonly bytes: Buffer;
  /** Messages that begin in it. */
  readonly messageCount: number;
  /** Behind the page. */
  readonly next: Place;
  /** Where the last of its messages begin in it, so that a page of text can be cut a few bytes before its end. */
  readonly starts: readonly MessageStart[];
}

export interface MessageStart {
  /** In the page. */
  readonly position: number;
  readonly place: Place;
}

/** Messages that the last bytes of a page may lie in. */
const STARTS = 4;

/**
 * Reads what there is from `start` on, up to the bounds. Nothing there: an empty page.
 *
 * @throws too_many_requests; invalid_offset: the message has fewer bytes than the place says; what
 *   TopicCursor.readMessages throws.
 */
export async function readPage(
  cursor: TopicCursor,
  start: Place,
  isJson: boolean,
  bounds: PageBounds,
): Promise<Page> {
  const page = isJson ? new ValuesPage(start, bounds) : new BytesPage(start, bounds);
  if (start.message < cursor.endOffset) {
    await cursor.readMessages(start.message, Number.POSITIVE_INFINITY, page.take);
  }
  return page.finish();
}

abstract class GrowingPage {
  protected readonly writer: ByteWriter;
  protected readonly bounds: PageBounds;
  protected next: Place;
  protected messageCount = 0;

  constructor(start: Place, bounds: PageBounds) {
    this.next = start;
    this.bounds = bounds;
    this.writer = new ByteWriter(bounds.maxBytes);
  }

  abstract readonly take: (message: Message) => Taken;

  abstract finish(): Page;

  /** Whether there is memory for `moreBytes`. @throws too_many_requests: not even for the first of them. */
  protected hasMemory(moreBytes: number): boolean {
    if (this.bounds.mayUse(this.writer.length + moreBytes)) return true;
    if (this.messageCount === 0) throw tooManyAnswers();
    return false;
  }
}

class BytesPage extends GrowingPage {
  readonly #starts: MessageStart[] = [];

  readonly take = ({ offset, payload }: Message): Taken => {
    const { writer, bounds } = this;
    const start = offset === this.next.message ? this.next.byte : 0;
    if (start > 0 && start >= payload.length) {
      throw invalidPlace(`message ${offset} has ${payload.length} bytes; take what Stream-Next-Offset said`);
    }
    const end = Math.min(payload.length, start + bounds.maxBytes - writer.length);
    if (!this.hasMemory(end - start)) return false;
    if (this.#starts.length === STARTS) this.#starts.shift();
    this.#starts.push({ position: writer.length, place: { message: offset, byte: start } });
    writer.bytes(payload.subarray(start, end));
    this.messageCount += 1;
    if (end < payload.length) {
      this.next = { message: offset, byte: end };
      return false;
    }
    this.next = { message: offset + 1, byte: 0 };
    return writer.length < bounds.maxBytes ? true : "last";
  };

  finish(): Page {
    const { writer, messageCount, next } = this;
    return { bytes: writer.view, messageCount, next, starts: this.#starts };
  }
}

class ValuesPage extends GrowingPage {
  readonly take = (message: Message): Taken => {
    const { offset, payload } = message;
    const { writer, bounds, messageCount } = this;
    if (this.next.byte > 0) {
      throw invalidPlace(
        "a place in a stream of JSON is the beginning of a value; take what Stream-Next-Offset said",
      );
    }
    const { takeLarge } = bounds;
    if (messageCount === 0 && payload.length > bounds.maxBytes && takeLarge !== undefined) {
      takeLarge(message);
      this.messageCount = 1;
      this.next = { message: offset + 1, byte: 0 };
      return "last";
    }
    const moreBytes = payload.length + BRACKETS_BYTES;
    if (messageCount > 0 && writer.length + moreBytes > bounds.maxBytes) return false;
    if (!this.hasMemory(moreBytes)) return false;
    writer.byte(messageCount === 0 ? OPENING_BRACKET : COMMA);
    writer.bytes(payload);
    this.messageCount += 1;
    this.next = { message: offset + 1, byte: 0 };
    return true;
  };

  finish(): Page {
    const { writer, messageCount, next } = this;
    if (messageCount === 0) writer.byte(OPENING_BRACKET);
    writer.byte(CLOSING_BRACKET);
    return { bytes: writer.view, messageCount, next, starts: [] };
  }
}
