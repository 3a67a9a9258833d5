/**
 * Events as the bytes of protobuf that they came in. They are stored as they are, so nothing here makes objects of them: this
 * file finds an event's id, and checks that every client can decode what it gets back.
 * Encoding: https://protobuf.dev/programming-guides/encoding/
 */
import { isUtf8 } from "node:buffer";

export interface StoredEvent {
  readonly id: string;
  /** A view of the request. */
  readonly bytes: Buffer;
}

/** These bytes are no event, or no list of events. */
export class EventFlaw extends Error {}

/** What a field of a known number holds; `undefined`: the number is not known, and the field is kept all the same. */
type Kind = "varint" | "bytes" | "text" | Shape;
type Shape = readonly (Kind | undefined)[];

const VARINT = 0;
const FIXED_64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;
const VARINT_MAX_BYTES = 10;
const MAX_FIELD = 2 ** 29 - 1;
/** The id of an event, and the list of a request or an answer. */
const FIRST_FIELD = 1;

const TIMESTAMP: Shape = [undefined, "varint", "varint"];
const ANY: Shape = [undefined, "text", "bytes"];
/** pb.CloudEventAttributeValue */
const ATTRIBUTE: Shape = [undefined, "varint", "varint", "text", "bytes", "text", "text", TIMESTAMP];
const ATTRIBUTES: Shape = [undefined, "text", ATTRIBUTE];
/** pb.CloudEvent */
const EVENT: Shape = [undefined, "text", "text", "text", "text", ATTRIBUTES, "bytes", "text", ANY];

/** The id of a whole event; empty: it has none. @throws EventFlaw: a client could not decode the event. */
export function checkEvent(bytes: Buffer): string {
  let id = "";
  new Walk(bytes).check(EVENT, (start, end) => {
    id = bytes.toString("utf8", start, end);
  });
  return id;
}

/**
 * The first `max` events of a list, as requests have it.
 *
 * @throws EventFlaw: the bytes are no list, or one of these events is none.
 */
export function cutEvents(bytes: Buffer, max: number): StoredEvent[] {
  const events: StoredEvent[] = [];
  new Walk(bytes).check([undefined, "bytes"], (start, end) => {
    if (events.length === max) return;
    const event = bytes.subarray(start, end);
    events.push({ id: checkEvent(event), bytes: event });
  });
  return events;
}

/** Bytes of an event in a list. */
export function listedBytes(sizeBytes: number): number {
  let lengthBytes = 1;
  for (let rest = sizeBytes; rest > 0x7f; rest >>>= 7) lengthBytes += 1;
  return 1 + lengthBytes + sizeBytes;
}

/** The list of these events, as answers have it. */
export function joinEvents(events: readonly Uint8Array[]): Buffer {
  const list = Buffer.allocUnsafe(events.reduce((bytes, { length }) => bytes + listedBytes(length), 0));
  let place = 0;
  for (const event of events) {
    list[place++] = (FIRST_FIELD << 3) | LENGTH_DELIMITED;
    let rest = event.length;
    for (; rest > 0x7f; rest >>>= 7) list[place++] = (rest & 0x7f) | 0x80;
    list[place++] = rest;
    list.set(event, place);
    place += event.length;
  }
  return list;
}

type Take = (start: number, end: number) => void;

class Walk {
  readonly #bytes: Buffer;
  #place = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Calls `take` for each field 1. */
  check(shape: Shape, take: Take): void {
    this.#message(shape, this.#bytes.length, take);
  }

  #message(shape: Shape, end: number, take?: Take): void {
    while (this.#place < end) {
      const tag = this.#varint(end);
      const field = Math.floor(tag / 8);
      if (field < 1 || field > MAX_FIELD) throw new EventFlaw("a field has a number that none can have");
      const kind = shape[field];
      const type = tag % 8;
      if (kind !== undefined && type !== (kind === "varint" ? VARINT : LENGTH_DELIMITED)) {
        throw new EventFlaw("a field holds another type than it should");
      }
      if (type === LENGTH_DELIMITED) this.#delimited(kind, end, field === FIRST_FIELD ? take : undefined);
      else this.#pass(type, end);
    }
  }

  #delimited(kind: Kind | undefined, end: number, take: Take | undefined): void {
    const length = this.#varint(end);
    const start = this.#place;
    const fieldEnd = start + length;
    if (fieldEnd > end) throw cutOff();
    if (kind === "text" && !isUtf8(this.#bytes.subarray(start, fieldEnd))) {
      throw new EventFlaw("a text is no UTF-8");
    }
    if (typeof kind === "object") this.#message(kind, fieldEnd);
    this.#place = fieldEnd;
    take?.(start, fieldEnd);
  }

  #pass(type: number, end: number): void {
    if (type === VARINT) this.#varint(end);
    else if (type === FIXED_64) this.#place += 8;
    else if (type === FIXED_32) this.#place += 4;
    else throw new EventFlaw("a field is a group, or of no type");
    if (this.#place > end) throw cutOff();
  }

  /** Exact up to 2^53. */
  #varint(end: number): number {
    let value = 0;
    for (let place = 0, unit = 1; place < VARINT_MAX_BYTES; place++, unit *= 0x80) {
      if (this.#place >= end) throw cutOff();
      const byte = this.#bytes[this.#place++]!;
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value;
    }
    throw new EventFlaw("a number does not end");
  }
}

function cutOff(): EventFlaw {
  return new EventFlaw("the bytes end within a field");
}
