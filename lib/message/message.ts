/**
 * NetLog's message: a header of 9 bytes, and the payload with what it carries. This file has its layout, writes it, and
 * verifies it; message-set.ts has the message whose payload is other messages, fields.ts the fields.
 *
 *     0          1        5          9
 *     | compver  | crc32  | length   | payload (length bytes)              version 0: without fields
 *       u8         u32      u32
 *
 *     0          1        5          9            11
 *     | compver  | crc32  | length   | fieldBytes | fields | payload       version 1: with fields
 *       u8         u32      u32        u16
 *
 * Big-endian. compver is the version in the high 4 bits, the compression in the low 4. length and crc32 (IEEE) cover
 * everything from byte 9 on: who walks messages needs to know no field.
 */
import assert from "node:assert/strict";
import { crc32, crc32Joined, crc32Range } from "../base/checksum.ts";
import { FIELDS_MAX_BYTES, fieldsFlaw } from "./fields.ts";
import type { Flaw, Found } from "./flaw.ts";

export const MESSAGE_HEADER_BYTES = 9;
/** The bytes that say the size of the fields, before them. */
const FIELDS_SIZE_BYTES = 2;
/** The most bytes that a message has beside its payload. */
export const MESSAGE_OVERHEAD_MAX_BYTES: number = MESSAGE_HEADER_BYTES + FIELDS_SIZE_BYTES + FIELDS_MAX_BYTES;
export const COMPRESSION_SINGLE = 0;
export const COMPRESSION_NONE = 1;
export const COMPRESSION_GZIP = 2;
export const COMPRESSION_SNAPPY = 3;

/** How a message set's payload is packed. */
export type SetCompression = typeof COMPRESSION_NONE | typeof COMPRESSION_GZIP | typeof COMPRESSION_SNAPPY;

/** As it stands there, nothing verified. */
export interface MessageHeader {
  readonly version: number;
  /** 0 for a single message; 1, 2, 3 for sets; up to 15 in bytes that are no message. */
  readonly compression: number;
  /** The checksum of everything behind the header. */
  readonly crc32: number;
  /** Bytes behind the header. */
  readonly length: number;
}

/** Added to the compression: the message has fields. */
const WITH_FIELDS = 0x10;
const SINGLE_WITH_FIELDS = COMPRESSION_SINGLE | WITH_FIELDS;

const CRC_POSITION = 1;
const LENGTH_POSITION = 5;

/** Where no message ends. */
export const UNSOUND: number = -1;

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Bytes of a message beside its payload. */
export function overheadBytes(fields: Uint8Array | undefined): number {
  return fields === undefined
    ? MESSAGE_HEADER_BYTES
    : MESSAGE_HEADER_BYTES + FIELDS_SIZE_BYTES + fields.length;
}

/** A single message of `payload`, in a buffer of its own; `fields` as encodeFields makes them. */
export function encodeMessage(payload: Uint8Array, fields?: Uint8Array): Buffer {
  const message = Buffer.allocUnsafe(overheadBytes(fields) + payload.length);
  encodeMessageInto(message, 0, payload, fields);
  return message;
}

/**
 * Writes a single message of `payload` at `position`, where there must be room for it; returns the position
 * after it. The payload is copied once.
 */
export function encodeMessageInto(
  target: Buffer,
  position: number,
  payload: Uint8Array,
  fields?: Uint8Array,
): number {
  const payloadPosition = position + overheadBytes(fields);
  target.set(payload, payloadPosition);
  if (fields === undefined) {
    encodeMessageHeader(target, position, COMPRESSION_SINGLE, crc32(payload), payload.length);
  } else {
    encodeBeforePayload(target, position, COMPRESSION_SINGLE, fields, payload.length);
  }
  return payloadPosition + payload.length;
}

/**
 * Writes header and fields of a message, or of a set whose packed messages are the payload. The payload lies in its
 * place, `overheadBytes` behind `position`; its CRC, where the caller knows it, spares a pass over it.
 */
export function encodeBeforePayload(
  target: Buffer,
  position: number,
  compression: number,
  fields: Uint8Array,
  payloadBytes: number,
  payloadCrc?: number,
): void {
  const start = position + MESSAGE_HEADER_BYTES;
  const payloadPosition = start + FIELDS_SIZE_BYTES + fields.length;
  target.writeUInt16BE(fields.length, start);
  target.set(fields, start + FIELDS_SIZE_BYTES);
  const end = payloadPosition + payloadBytes;
  const crc =
    payloadCrc === undefined
      ? crc32(target.subarray(start, end))
      : crc32Joined(crc32(target.subarray(start, payloadPosition)), payloadCrc, payloadBytes);
  encodeMessageHeader(target, position, compression | WITH_FIELDS, crc, end - start);
}

/** Writes the header alone; `crc` and `length` are those of all that is behind it. */
export function encodeMessageHeader(
  target: Buffer,
  position: number,
  compver: number,
  crc: number,
  length: number,
): void {
  target[position] = compver;
  target.writeUInt32BE(crc, position + CRC_POSITION);
  target.writeUInt32BE(length, position + LENGTH_POSITION);
}

/** Below this a sum over the bytes costs less. */
const DERIVED_FROM_BYTES = 8 * 1024;

/**
 * The CRC-32 of a large message, header and all, from the one that its header has, which must be right: no other pass
 * over the bytes. `undefined` for a small one.
 */
export function derivedCrc32(message: Uint8Array): number | undefined {
  if (message.length < DERIVED_FROM_BYTES) return undefined;
  const header = message.subarray(0, MESSAGE_HEADER_BYTES);
  return crc32Joined(
    crc32(header),
    decodeMessageHeader(viewOf(header), 0).crc32,
    message.length - header.length,
  );
}

/** Whether the CRC in a large message's header is right, given that `entryCrc` is that of the message as a whole. */
export function isCrcVouched(message: Uint8Array, entryCrc: number | undefined): boolean {
  return entryCrc !== undefined && derivedCrc32(message) === entryCrc;
}

/** Reads the header at `position`, where there must be 9 bytes; verifies nothing. */
export function decodeMessageHeader(view: DataView, position: number): MessageHeader {
  const compver = view.getUint8(position);
  return {
    version: compver >>> 4,
    compression: compver & 0x0f,
    crc32: view.getUint32(position + CRC_POSITION),
    length: view.getUint32(position + LENGTH_POSITION),
  };
}

/** Where the payload of the message at `position` begins, whose content is sound. */
export function payloadStart(view: DataView, position: number): number {
  const start = position + MESSAGE_HEADER_BYTES;
  return view.getUint8(position) < WITH_FIELDS ? start : start + FIELDS_SIZE_BYTES + view.getUint16(start);
}

/** The fields of the message at `position` of `bytes`, whose content is sound: a view. `undefined`: it has none. */
export function fieldBytesAt(bytes: Buffer, view: DataView, position: number): Buffer | undefined {
  if (view.getUint8(position) < WITH_FIELDS) return undefined;
  const start = position + MESSAGE_HEADER_BYTES;
  return bytes.subarray(start + FIELDS_SIZE_BYTES, payloadStart(view, position));
}

/**
 * Where the fields of the entry `[start, end)` begin, a message or a set; they end where the payload starts. UNSOUND where
 * it has none, or is not sound.
 */
export function soundFieldsStart(view: DataView, start: number, end: number): number {
  if (view.getUint8(start) < WITH_FIELDS) return UNSOUND;
  if ((headerFlaw(view, start, end) ?? contentFlaw(view, start)) !== undefined) return UNSOUND;
  return start + MESSAGE_HEADER_BYTES + FIELDS_SIZE_BYTES;
}

/** Where the message at `position` ends, whose header is sound. */
export function messageEnd(view: DataView, position: number): number {
  return position + MESSAGE_HEADER_BYTES + view.getUint32(position + LENGTH_POSITION);
}

/** CRC-32 of the payload alone, of the message at `position`, which is sound. */
export function payloadCrc32(view: DataView, position: number): number {
  const crc = view.getUint32(position + CRC_POSITION);
  if (view.getUint8(position) < WITH_FIELDS) return crc;
  const payload = payloadStart(view, position);
  const end = messageEnd(view, position);
  return end - payload < DERIVED_FROM_BYTES
    ? crc32Range(view, payload, end)
    : crc32Joined(crc32Range(view, position + MESSAGE_HEADER_BYTES, payload), crc, end - payload);
}

/**
 * Verifies the single message at `position`: version 0 or 1, compression 0, fields of a sound shape, a payload of at
 * least one byte that ends at or before `end`, and its CRC. Returns where it ends, or UNSOUND; then messageFlaw says
 * why. The hot path of everything that reads messages: it makes no object.
 */
export function soundMessageEnd(view: DataView, position: number, end: number): number {
  const start = position + MESSAGE_HEADER_BYTES;
  if (start >= end) return UNSOUND;
  const compver = view.getUint8(position);
  if (compver !== COMPRESSION_SINGLE && compver !== SINGLE_WITH_FIELDS) return UNSOUND;
  const length = view.getUint32(position + LENGTH_POSITION);
  const next = start + length;
  if (length === 0 || next > end) return UNSOUND;
  if (crc32Range(view, start, next) !== view.getUint32(position + CRC_POSITION)) return UNSOUND;
  if (compver !== COMPRESSION_SINGLE && contentFlaw(view, position) !== undefined) return UNSOUND;
  return next;
}

/** What soundMessageEnd found wrong with the message at `position`; `index` is for the report alone. */
export function messageFlaw(view: DataView, position: number, end: number, index: number): Flaw {
  const found =
    headerFlaw(view, position, end) ??
    nestedFlaw(view, position) ??
    checksumFlaw(view, position) ??
    contentFlaw(view, position);
  assert(found !== undefined, "asked for the flaw of a sound message");
  return { index, position, ...found };
}

/**
 * What is wrong with the header at `position`, of a single message or a set: its 9 bytes are there, version 0 or 1,
 * compression 0 to 3, and what is behind it has at least one byte and ends at or before `end`. `undefined`: nothing.
 */
export function headerFlaw(view: DataView, position: number, end: number): Found | undefined {
  const left = end - position;
  if (left < MESSAGE_HEADER_BYTES) {
    return { type: "length", expected: `${MESSAGE_HEADER_BYTES} bytes of header`, actual: `${left} bytes` };
  }
  const { version, compression, length } = decodeMessageHeader(view, position);
  if (version > 1) return { type: "unknown", expected: "version 0 or 1", actual: `version ${version}` };
  if (compression > COMPRESSION_SNAPPY) {
    return { type: "unknown", expected: "compression 0 to 3", actual: `compression ${compression}` };
  }
  if (length === 0) return { type: "length", expected: "at least 1 byte of payload", actual: "0 bytes" };
  if (length > left - MESSAGE_HEADER_BYTES) {
    return {
      type: "length",
      expected: `${length} bytes of payload`,
      actual: `${left - MESSAGE_HEADER_BYTES} bytes`,
    };
  }
  return undefined;
}

/** What does not have the CRC that the header has. The header is sound. */
export function checksumFlaw(view: DataView, position: number): Found | undefined {
  const header = decodeMessageHeader(view, position);
  const start = position + MESSAGE_HEADER_BYTES;
  const actual = crc32Range(view, start, start + header.length);
  if (actual === header.crc32) return undefined;
  return { type: "checksum", expected: String(header.crc32), actual: String(actual) };
}

/** What is wrong with the fields, where there are some, and with the room that they leave. The header is sound. */
export function contentFlaw(view: DataView, position: number): Found | undefined {
  const { version, length } = decodeMessageHeader(view, position);
  if (version === 0) return undefined;
  const start = position + MESSAGE_HEADER_BYTES;
  const end = start + length;
  const payload = length < FIELDS_SIZE_BYTES ? end : payloadStart(view, position);
  if (payload >= end) {
    return { type: "length", expected: "fields and at least 1 byte of payload", actual: `${length} bytes` };
  }
  const flaw = fieldsFlaw(view, start + FIELDS_SIZE_BYTES, payload);
  return flaw === undefined ? undefined : { type: "unknown", expected: "sound fields", actual: flaw };
}

function nestedFlaw(view: DataView, position: number): Found | undefined {
  if (decodeMessageHeader(view, position).compression === COMPRESSION_SINGLE) return undefined;
  return { type: "unknown", expected: "a single message", actual: "a message set" };
}
