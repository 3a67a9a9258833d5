/**
 * Requests from the bytes of the wire. The library makes an object of each field before anything can be refused, so the
 * fields are counted first: a request of few bytes could hold the server up with millions of them.
 */
import { type DescMessage, fromBinary, type MessageShape, ScalarType } from "@bufbuild/protobuf";
import { badRequest } from "../wire/errors.ts";

/** How the value of a field lies in the bytes: https://protobuf.dev/programming-guides/encoding/ */
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;
/** Bytes of a varint at most. */
const VARINT_BYTES = 10;

/** @throws bad_request: the bytes are no such message, or have more than `mostFields` fields and elements. */
export function decodeRequest<Desc extends DescMessage>(
  type: Desc,
  bytes: Uint8Array,
  mostFields: number,
): MessageShape<Desc> {
  new FieldCount(mostFields).add(type, bytes);
  try {
    return fromBinary(type, bytes, { readUnknownFields: false });
  } catch (cause) {
    throw malformed(cause);
  }
}

/**
 * The values of one repeated field of messages, and the bytes of all other fields.
 *
 * @throws bad_request: the bytes are no message, or have more than `mostFields` fields.
 */
export function splitField(
  bytes: Uint8Array,
  number: number,
  mostFields: number,
): { readonly values: Uint8Array[]; readonly rest: Uint8Array } {
  const values: Uint8Array[] = [];
  const rest: Uint8Array[] = [];
  const walk = new FieldWalk(bytes);
  let restStart = 0;
  for (let left = mostFields; walk.next(); left--) {
    if (left === 0) throw tooMany(mostFields);
    if (walk.number !== number || walk.kind !== BYTES) continue;
    values.push(bytes.subarray(walk.valueStart, walk.end));
    if (restStart < walk.start) rest.push(bytes.subarray(restStart, walk.start));
    restStart = walk.end;
  }
  rest.push(bytes.subarray(restStart));
  return { values, rest: rest.length === 1 ? rest[0]! : Buffer.concat(rest) };
}

/** Counts what the library would make values of: fields, those of messages within, and elements of packed lists. */
class FieldCount {
  readonly #most: number;
  #count = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** @throws bad_request. */
  add(type: DescMessage, bytes: Uint8Array): void {
    const fields = numbered(type);
    const walk = new FieldWalk(bytes);
    while (walk.next()) {
      this.#note(1);
      if (walk.kind !== BYTES) continue;
      const inner = fields.get(walk.number);
      if (inner === undefined) continue;
      const value = bytes.subarray(walk.valueStart, walk.end);
      if (inner === "packed") this.#note(varintsIn(value));
      else if (inner === "map") this.#noteFields(value);
      else this.add(inner, value);
    }
  }

  #noteFields(bytes: Uint8Array): void {
    const walk = new FieldWalk(bytes);
    while (walk.next()) this.#note(1);
  }

  #note(more: number): void {
    this.#count += more;
    if (this.#count > this.#most) throw tooMany(this.#most);
  }
}

/** Fields whose value holds further ones, by number. */
type Numbered = ReadonlyMap<number, DescMessage | "packed" | "map">;

const NUMBERED = new WeakMap<DescMessage, Numbered>();

function numbered(type: DescMessage): Numbered {
  const known = NUMBERED.get(type);
  if (known !== undefined) return known;
  const fields = new Map<number, DescMessage | "packed" | "map">();
  for (const field of type.fields) {
    if (field.fieldKind === "map") fields.set(field.number, "map");
    else if (field.message !== undefined) fields.set(field.number, field.message);
    else if (
      field.fieldKind === "list" &&
      field.scalar !== ScalarType.STRING &&
      field.scalar !== ScalarType.BYTES
    )
      fields.set(field.number, "packed");
  }
  NUMBERED.set(type, fields);
  return fields;
}

/** Goes from field to field of a message. */
class FieldWalk {
  number = 0;
  kind = VARINT;
  /** Where the field begins, where its value does, and where it ends. */
  start = 0;
  valueStart = 0;
  end = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** False at the end. @throws bad_request. */
  next(): boolean {
    this.start = this.end;
    if (this.start === this.#bytes.length) return false;
    const tag = this.#varint();
    this.number = tag >>> 3;
    this.kind = tag & 7;
    this.valueStart = this.end;
    if (this.kind === BYTES) {
      const length = this.#varint();
      this.valueStart = this.end;
      this.end += length;
    } else if (this.kind === VARINT) this.#varint();
    else if (this.kind === FIXED64) this.end += 8;
    else if (this.kind === FIXED32) this.end += 4;
    else throw malformed();
    if (this.end > this.#bytes.length) throw malformed();
    return true;
  }

  /** Exact up to 2^53: no length and no tag is larger. */
  #varint(): number {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < VARINT_BYTES; i++) {
      const byte = this.#bytes[this.end++];
      if (byte === undefined) throw malformed();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 0x80;
    }
    throw malformed();
  }
}

function varintsIn(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte < 0x80) count += 1;
  return count;
}

function malformed(cause?: unknown): Error {
  const error = badRequest("the request is no message of this method's type");
  if (cause !== undefined) error.cause = cause;
  return error;
}

function tooMany(most: number): Error {
  return badRequest(`the request has more than ${most} fields; send fewer, in several calls`);
}
