/**
 * The fields of a message: what it carries beside its payload. This file has their layout, writes it, and reads it;
 * field-rules.ts says which of them a client may send, and message.ts where they lie in a message.
 *
 *     0     1       3
 *     | tag | size  | value (size bytes) | tag | size | value | …
 *       u8    u16
 *
 *     tag  value
 *     1    key: UTF-8
 *     2    content type
 *     3    header: length of the name (u8), name, value; one tag for each header
 *     4    idempotency: SHA-256 of what was sent (32 bytes), key
 *     16   producer: epoch (u64), sequence number (u64), id
 *     17   stream sequence: bytes
 *     18   closes the topic: no value
 *
 * Big-endian. Tags ascend; headers and unknown tags may repeat. Readers keep unknown tags up to 127, and refuse others:
 * a later version sets the high bit of what nobody may pass over.
 */
import assert from "node:assert/strict";

export type Header = readonly [name: string, value: string];

/** What users of a message see. */
export interface MessageFields {
  readonly key?: string | undefined;
  readonly contentType?: string | undefined;
  /** Names in lower case, in the order in which they were sent. */
  readonly headers?: readonly Header[] | undefined;
}

/** What an entry says of its append. */
export interface AppendFields {
  /** The digest tells bodies apart, and has 32 bytes. */
  readonly idempotency?: { readonly key: string; readonly digest: Uint8Array } | undefined;
  readonly producer?: { readonly id: string; readonly epoch: number; readonly seq: number } | undefined;
  /** It must be above the one before, byte by byte: 1 to 1,024 bytes. */
  readonly streamSequence?: Uint8Array | undefined;
  /** With it the topic is closed. */
  readonly closes?: boolean | undefined;
}

/** All fields of a message, or of a message set as a whole. */
export interface EntryFields extends MessageFields, AppendFields {
  /** In ascending order. */
  readonly unknown?: readonly { readonly tag: number; readonly value: Uint8Array }[];
}

const TAG_KEY = 1;
const TAG_CONTENT_TYPE = 2;
export const TAG_HEADER = 3;
const TAG_IDEMPOTENCY = 4;
const TAG_PRODUCER = 16;
const TAG_STREAM_SEQUENCE = 17;
const TAG_CLOSES = 18;
const CRITICAL_TAG = 0x80;

/** All fields together, as they lie in a message: their size is a u16. */
export const FIELDS_MAX_BYTES = 0xffff;
const TAG_BYTES = 3;
/** The value of an idempotency field begins with the digest; the key is the rest. */
export const DIGEST_BYTES = 32;
/** Where no field is. */
export const NO_FIELD: number = -1;
const PRODUCER_BYTES = 16;
const STREAM_SEQUENCE_MAX_BYTES = 1024;
/** No character has more: a text that is cut off by the end of the scratch ends behind the maximum. */
const CHARACTER_BYTES = 4;

const scratch = Buffer.allocUnsafeSlow(FIELDS_MAX_BYTES + CHARACTER_BYTES);

/** In a buffer of their own, with those of an append from `append`. What is empty or absent is left out. */
export function encodeFields(fields: EntryFields, append: AppendFields = fields): Buffer {
  const { key, contentType, headers, unknown = [] } = fields;
  const { idempotency, producer, streamSequence, closes } = append;
  let end = 0;
  if (key !== undefined) end = writeText(end, TAG_KEY, 0, key);
  if (contentType !== undefined) end = writeText(end, TAG_CONTENT_TYPE, 0, contentType);
  if (headers !== undefined) for (const header of headers) end = writeHeader(end, header);
  if (idempotency !== undefined) {
    assert.equal(idempotency.digest.length, DIGEST_BYTES);
    scratch.set(idempotency.digest, end + TAG_BYTES);
    end = writeText(end, TAG_IDEMPOTENCY, DIGEST_BYTES, idempotency.key);
  }
  for (const { tag, value } of unknown) if (tag < TAG_PRODUCER) end = writeBytes(end, tag, value);
  if (producer !== undefined) {
    writeU64(end + TAG_BYTES, producer.epoch);
    writeU64(end + TAG_BYTES + 8, producer.seq);
    end = writeText(end, TAG_PRODUCER, PRODUCER_BYTES, producer.id);
  }
  if (streamSequence !== undefined) end = writeBytes(end, TAG_STREAM_SEQUENCE, streamSequence);
  if (closes === true) end = writeTag(end, TAG_CLOSES, 0);
  for (const { tag, value } of unknown) if (tag > TAG_PRODUCER) end = writeBytes(end, tag, value);
  assert(end <= FIELDS_MAX_BYTES, "fields of more than a message can hold");
  return Buffer.from(scratch.subarray(0, end));
}

/** The value is a text behind `before` bytes, which are written. */
function writeText(position: number, tag: number, before: number, text: string): number {
  const start = position + TAG_BYTES + before;
  return writeTag(position, tag, before + scratch.write(text, start));
}

function writeHeader(position: number, [name, value]: Header): number {
  const nameStart = position + TAG_BYTES + 1;
  const nameBytes = scratch.write(name, nameStart);
  scratch[nameStart - 1] = nameBytes;
  return writeText(position, TAG_HEADER, 1 + nameBytes, value);
}

function writeBytes(position: number, tag: number, value: Uint8Array): number {
  assert(position + TAG_BYTES + value.length <= FIELDS_MAX_BYTES, "fields of more than a message can hold");
  scratch.set(value, position + TAG_BYTES);
  return writeTag(position, tag, value.length);
}

function writeTag(position: number, tag: number, sizeBytes: number): number {
  scratch[position] = tag;
  scratch[position + 1] = sizeBytes >>> 8;
  scratch[position + 2] = sizeBytes;
  return position + TAG_BYTES + sizeBytes;
}

function writeU64(position: number, value: number): void {
  scratch.writeUInt32BE(Math.floor(value / 2 ** 32), position);
  scratch.writeUInt32BE(value >>> 0, position + 4);
}

/**
 * What is wrong with the shape of the fields in `[start, end)`; `undefined`: nothing. It looks at no text: a later
 * version may allow others.
 */
export function fieldsFlaw(view: DataView, start: number, end: number): string | undefined {
  let lastTag = 0;
  let position = start;
  while (position < end) {
    const valueStart = position + TAG_BYTES;
    if (valueStart > end) return "a field that is cut off";
    const tag = view.getUint8(position);
    const next = valueStart + view.getUint16(position + 1);
    if (next > end) return `tag ${tag}, which runs past the end of the fields`;
    if (tag === 0 || tag >= CRITICAL_TAG) return `tag ${tag}`;
    if (tag < lastTag) return `tag ${tag} behind tag ${lastTag}`;
    if (tag === lastTag && tag !== TAG_HEADER && isKnown(tag)) return `tag ${tag} twice`;
    if (!hasSoundShape(view, tag, valueStart, next)) return `tag ${tag} with a value of a wrong shape`;
    lastTag = tag;
    position = next;
  }
  return undefined;
}

function isKnown(tag: number): boolean {
  return tag <= TAG_IDEMPOTENCY || (tag >= TAG_PRODUCER && tag <= TAG_CLOSES);
}

function hasSoundShape(view: DataView, tag: number, start: number, end: number): boolean {
  const sizeBytes = end - start;
  switch (tag) {
    case TAG_KEY:
    case TAG_CONTENT_TYPE:
      return sizeBytes > 0;
    case TAG_HEADER:
      return sizeBytes > 1 && view.getUint8(start) > 0 && view.getUint8(start) < sizeBytes;
    case TAG_IDEMPOTENCY:
      return sizeBytes > DIGEST_BYTES;
    case TAG_PRODUCER:
      return sizeBytes > PRODUCER_BYTES && isSafeU64(view, start) && isSafeU64(view, start + 8);
    case TAG_STREAM_SEQUENCE:
      return sizeBytes <= STREAM_SEQUENCE_MAX_BYTES;
    case TAG_CLOSES:
      return sizeBytes === 0;
    default:
      return true;
  }
}

/** At most 2^53 - 1. */
function isSafeU64(view: DataView, position: number): boolean {
  return view.getUint32(position) < 2 ** 21;
}

/** The highest tag there is, of fields whose shape is sound; 0 where there is none. */
export function highestTag(view: DataView, start: number, end: number): number {
  let tag = 0;
  for (let position = start; position < end; position += TAG_BYTES + view.getUint16(position + 1)) {
    tag = view.getUint8(position);
  }
  return tag;
}

/**
 * What the fields in `[start, end)`, whose shape is sound, say of their append; `undefined` where all of them are for
 * users. The bytes in the result are copies.
 */
export function decodeAppendFields(bytes: Buffer, start: number, end: number): AppendFields | undefined {
  let fields: Mutable<AppendFields> | undefined;
  for (let position = firstAppendField(bytes, start, end); position < end; ) {
    const valueStart = position + TAG_BYTES;
    const valueEnd = valueStart + sizeAt(bytes, position);
    fields ??= {};
    setAppendField(fields, bytes[position]!, bytes, valueStart, valueEnd);
    position = valueEnd;
  }
  return fields;
}

/**
 * Where the value of an idempotency key begins, which ends with the fields in `[start, end)`; `NO_FIELD` where the fields
 * say something else of their append, or nothing. Most appends that are remembered have that field alone.
 */
export function loneIdempotencyAt(bytes: Buffer, start: number, end: number): number {
  const position = firstAppendField(bytes, start, end);
  if (position >= end || bytes[position] !== TAG_IDEMPOTENCY) return NO_FIELD;
  return position + TAG_BYTES + sizeAt(bytes, position) === end ? position + TAG_BYTES : NO_FIELD;
}

/** Tags ascend, and those for users come first. */
function firstAppendField(bytes: Buffer, start: number, end: number): number {
  let position = start;
  while (position < end && bytes[position]! <= TAG_HEADER) position += TAG_BYTES + sizeAt(bytes, position);
  return position;
}

function sizeAt(bytes: Buffer, position: number): number {
  return (bytes[position + 1]! << 8) | bytes[position + 2]!;
}

/** The key alone, of fields whose shape is sound. It is cheaper than all of them. */
export function decodeKeyField(bytes: Buffer): string | undefined {
  if (bytes[0] !== TAG_KEY) return undefined;
  return bytes.toString("utf8", TAG_BYTES, TAG_BYTES + bytes.readUInt16BE(1));
}

/**
 * Fields with `typeField`, which is a content type alone, where they have no content type of their own. Their shape is
 * sound; `undefined`: there are none.
 */
export function withContentType(bytes: Buffer | undefined, typeField: Buffer): Buffer {
  if (bytes === undefined) return typeField;
  const place = bytes[0] === TAG_KEY ? TAG_BYTES + bytes.readUInt16BE(1) : 0;
  if (bytes[place] === TAG_CONTENT_TYPE) return bytes;
  return Buffer.concat([bytes.subarray(0, place), typeField, bytes.subarray(place)]);
}

/** @throws Error where their shape is not sound. The bytes in the result are copies. */
export function decodeFields(bytes: Buffer): EntryFields {
  const flaw = fieldsFlaw(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
  if (flaw !== undefined) throw new Error(`no fields: ${flaw}`);
  return readFields(bytes, CRITICAL_TAG);
}

/** What users see of fields whose shape is sound. */
export function decodeMessageFields(bytes: Buffer): MessageFields {
  return readFields(bytes, TAG_HEADER + 1);
}

/** Those with tags below `endTag`. */
function readFields(bytes: Buffer, endTag: number): EntryFields {
  const fields: Mutable<EntryFields> = {};
  const headers: Header[] = [];
  const unknown: { tag: number; value: Uint8Array }[] = [];
  let position = 0;
  while (position < bytes.length) {
    const tag = bytes[position]!;
    if (tag >= endTag) break;
    const start = position + TAG_BYTES;
    const end = start + bytes.readUInt16BE(position + 1);
    if (tag === TAG_HEADER) {
      const nameEnd = start + 1 + bytes[start]!;
      headers.push([bytes.toString("utf8", start + 1, nameEnd), bytes.toString("utf8", nameEnd, end)]);
    } else if (tag === TAG_KEY) {
      fields.key = bytes.toString("utf8", start, end);
    } else if (tag === TAG_CONTENT_TYPE) {
      fields.contentType = bytes.toString("utf8", start, end);
    } else if (isKnown(tag)) {
      setAppendField(fields, tag, bytes, start, end);
    } else {
      unknown.push({ tag, value: Buffer.from(bytes.subarray(start, end)) });
    }
    position = end;
  }
  if (headers.length > 0) fields.headers = headers;
  if (unknown.length > 0) fields.unknown = unknown;
  return fields;
}

type Mutable<Fields> = { -readonly [Name in keyof Fields]: Fields[Name] };

function setAppendField(
  fields: Mutable<AppendFields>,
  tag: number,
  bytes: Buffer,
  start: number,
  end: number,
): void {
  switch (tag) {
    case TAG_IDEMPOTENCY:
      fields.idempotency = {
        key: bytes.toString("utf8", start + DIGEST_BYTES, end),
        digest: Buffer.from(bytes.subarray(start, start + DIGEST_BYTES)),
      };
      break;
    case TAG_PRODUCER:
      fields.producer = {
        id: bytes.toString("utf8", start + PRODUCER_BYTES, end),
        epoch: Number(bytes.readBigUInt64BE(start)),
        seq: Number(bytes.readBigUInt64BE(start + 8)),
      };
      break;
    case TAG_STREAM_SEQUENCE:
      fields.streamSequence = Buffer.from(bytes.subarray(start, end));
      break;
    case TAG_CLOSES:
      fields.closes = true;
  }
}
