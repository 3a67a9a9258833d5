/**
 * Events as the bytes of protobuf that they came in. They are stored as they are, so nothing here makes objects of them: this
 * file finds an event's id, and checks that every client can decode what it gets back.
 * Encoding: https://protobuf.dev/programming-guides/encoding/
 */
import { isUtf8 } from "node:buffer";
import { LIMITS } from "./limits.ts";

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
/** The id of an event, and the events of a request or an answer. */
const FIRST_FIELD = 1;

const TIMESTAMP: Shape = [undefined, "varint", "varint"];
const ANY: Shape = [undefined, "text", "bytes"];
/** pb.CloudEventAttributeValue */
const ATTRIBUTE: Shape = [undefined, "varint", "varint", "text", "bytes", "text", "text", TIMESTAMP];
const ATTRIBUTES: Shape = [undefined, "text", ATTRIBUTE];
/** pb.CloudEvent */
const EVENT: Shape = [undefined, "text", "text", "text", "text", ATTRIBUTES, "bytes", "text", ANY];

/** PutBatchRequest: what its events are is looked at one by one. */
const LIST: Shape = [undefined, "bytes"];

/** The id of a whole event; empty: it has none. @throws EventFlaw: a client could not decode the event. */
export function checkEvent(bytes: Buffer, budget: FieldBudget = new FieldBudget()): string {
  const walk = new Walk(bytes, budget);
  let id = "";
  while (walk.next(EVENT)) {
    if (walk.field === FIRST_FIELD) id = bytes.toString("utf8", walk.start, walk.end);
  }
  return id;
}

/**
 * The first `max` events of a list, as requests have it. What comes behind them is not looked at.
 *
 * @throws EventFlaw: the bytes are no list, or one of these events is none.
 */
export function cutEvents(bytes: Buffer, max: number): StoredEvent[] {
  const events: StoredEvent[] = [];
  const budget = new FieldBudget();
  const walk = new Walk(bytes, budget);
  while (events.length < max && walk.next(LIST)) {
    if (walk.field !== FIRST_FIELD) continue;
    const event = bytes.subarray(walk.start, walk.end);
    events.push({ id: checkEvent(event, budget), bytes: event });
  }
  return events;
}

/** The same memory as a Buffer. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
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

/** Fields that may still come: millions of them fit into few bytes, and would hold the server up. */
class FieldBudget {
  #left = LIMITS.fields;

  /** @throws EventFlaw. */
  take(): void {
    this.#left -= 1;
    if (this.#left < 0) throw new EventFlaw(`there are more than ${LIMITS.fields} fields`);
  }
}

/** Goes from field to field of a message, and through the messages within. */
class Walk {
  /** The number of the last field, and where its value lies if it has a length. */
  field = 0;
  start = 0;
  end = 0;
  readonly #bytes: Buffer;
  readonly #budget: FieldBudget;
  #place = 0;

  constructor(bytes: Buffer, budget: FieldBudget) {
    this.#bytes = bytes;
    this.#budget = budget;
  }

  /** Passes one field; false at the end. @throws EventFlaw. */
  next(shape: Shape): boolean {
    const { length } = this.#bytes;
    if (this.#place === length) return false;
    this.field = this.#pass(shape, length);
    this.end = this.#place;
    return true;
  }

  /** Gives the number of the field. */
  #pass(shape: Shape, end: number): number {
    this.#budget.take();
    const tag = this.#varint(end);
    const field = Math.floor(tag / 8);
    if (field < 1 || field > MAX_FIELD) throw new EventFlaw("a field has a number that none can have");
    const kind = shape[field];
    const type = tag % 8;
    if (kind !== undefined && type !== (kind === "varint" ? VARINT : LENGTH_DELIMITED)) {
      throw new EventFlaw("a field holds another type than it should");
    }
    if (type === LENGTH_DELIMITED) this.#delimited(kind, end);
    else this.#scalar(type, end);
    return field;
  }

  #delimited(kind: Kind | undefined, end: number): void {
    const length = this.#varint(end);
    const start = this.#place;
    const fieldEnd = start + length;
    if (fieldEnd > end) throw cutOff();
    if (kind === "text" && !isUtf8(this.#bytes.subarray(start, fieldEnd))) {
      throw new EventFlaw("a text is no UTF-8");
    }
    if (typeof kind === "object") while (this.#place < fieldEnd) this.#pass(kind, fieldEnd);
    this.#place = fieldEnd;
    this.start = start;
  }

  #scalar(type: number, end: number): void {
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
