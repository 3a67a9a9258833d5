/**
 * NetLog's message: a header of 9 bytes and the payload. This file has its layout, writes it, and verifies it;
 * message-set.ts has the message whose payload is other messages.
 *
 *     0          1        5          9
 *     | compver  | crc32  | length   | payload (length bytes)
 *       u8         u32      u32
 *
 * Big-endian. compver is the version in the high 4 bits, the compression in the low 4. crc32 is the IEEE CRC-32
 * of the payload. Version 0 is the only one known; 1 is reserved for messages with metadata.
 */
import assert from "node:assert/strict";
import { crc32, crc32Joined, crc32Range } from "../base/checksum.ts";
import type { Flaw, Found } from "./flaw.ts";

export const MESSAGE_HEADER_BYTES = 9;
export const COMPRESSION_SINGLE = 0;
export const COMPRESSION_NONE = 1;
export const COMPRESSION_GZIP = 2;
export const COMPRESSION_SNAPPY = 3;

/** How a message set's payload is packed. */
export type SetCompression = typeof COMPRESSION_NONE | typeof COMPRESSION_GZIP | typeof COMPRESSION_SNAPPY;

/** The fields as they stand there, nothing verified. */
export interface MessageHeader {
  readonly version: number;
  /** 0 for a single message; 1, 2, 3 for sets; up to 15 in bytes that are no message. */
  readonly compression: number;
  readonly crc32: number;
  /** Bytes of payload that the header tells of. */
  readonly length: number;
}

const CRC_POSITION = 1;
const LENGTH_POSITION = 5;

/** Where no message ends. */
export const UNSOUND: number = -1;

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A single message of `payload`, in a buffer of its own. */
export function encodeMessage(payload: Uint8Array): Buffer {
  const message = Buffer.allocUnsafe(MESSAGE_HEADER_BYTES + payload.length);
  encodeMessageInto(message, 0, payload);
  return message;
}

/**
 * Writes a single message of `payload` at `position`, where there must be room for it; returns the position
 * after it. The payload is copied once.
 */
export function encodeMessageInto(target: Buffer, position: number, payload: Uint8Array): number {
  encodeMessageHeader(target, position, COMPRESSION_SINGLE, crc32(payload), payload.length);
  target.set(payload, position + MESSAGE_HEADER_BYTES);
  return position + MESSAGE_HEADER_BYTES + payload.length;
}

/** Writes the header alone, of version 0; `crc` and `length` are those of the payload. */
export function encodeMessageHeader(
  target: Buffer,
  position: number,
  compression: number,
  crc: number,
  length: number,
): void {
  target[position] = compression;
  target.writeUInt32BE(crc, position + CRC_POSITION);
  target.writeUInt32BE(length, position + LENGTH_POSITION);
}

/** Below this a sum over the bytes costs less. */
const DERIVED_FROM_BYTES = 8 * 1024;

/**
 * The CRC-32 of a large message, header and all, from the one of its payload that its header tells, which must be
 * right: no other pass over the bytes. `undefined` for a small one.
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

/** Whether the CRC of a large message's payload is right, given that `entryCrc` is that of the message as a whole. */
export function isPayloadVouched(message: Uint8Array, entryCrc: number | undefined): boolean {
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

/**
 * Verifies the single message at `position`: version 0, compression 0, a payload of at least one byte that
 * ends at or before `end`, and its CRC. Returns where it ends, or UNSOUND; then messageFlaw says why.
 * The hot path of everything that reads messages: it makes no object.
 */
export function soundMessageEnd(view: DataView, position: number, end: number): number {
  const payload = position + MESSAGE_HEADER_BYTES;
  if (payload >= end || view.getUint8(position) !== COMPRESSION_SINGLE) return UNSOUND;
  const length = view.getUint32(position + LENGTH_POSITION);
  const next = payload + length;
  if (length === 0 || next > end) return UNSOUND;
  if (crc32Range(view, payload, next) !== view.getUint32(position + CRC_POSITION)) return UNSOUND;
  return next;
}

/** What soundMessageEnd found wrong with the message at `position`; `index` is for the report alone. */
export function messageFlaw(view: DataView, position: number, end: number, index: number): Flaw {
  const found = headerFlaw(view, position, end) ?? nestedFlaw(view, position) ?? checksumFlaw(view, position);
  assert(found !== undefined, "asked for the flaw of a sound message");
  return { index, position, ...found };
}

/**
 * What is wrong with the header at `position`, of a single message or a set: its 9 bytes are there, version 0,
 * compression 0 to 3, a payload of at least one byte that ends at or before `end`. `undefined`: nothing.
 */
export function headerFlaw(view: DataView, position: number, end: number): Found | undefined {
  const left = end - position;
  if (left < MESSAGE_HEADER_BYTES) {
    return { type: "length", expected: `${MESSAGE_HEADER_BYTES} bytes of header`, actual: `${left} bytes` };
  }
  const { version, compression, length } = decodeMessageHeader(view, position);
  if (version !== 0) return { type: "unknown", expected: "version 0", actual: `version ${version}` };
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

/** Where the payload does not have the CRC that its header tells. The header is sound. */
export function checksumFlaw(view: DataView, position: number): Found | undefined {
  const header = decodeMessageHeader(view, position);
  const payload = position + MESSAGE_HEADER_BYTES;
  const actual = crc32Range(view, payload, payload + header.length);
  if (actual === header.crc32) return undefined;
  return { type: "checksum", expected: String(header.crc32), actual: String(actual) };
}

function nestedFlaw(view: DataView, position: number): Found | undefined {
  if (decodeMessageHeader(view, position).compression === COMPRESSION_SINGLE) return undefined;
  return { type: "unknown", expected: "a single message", actual: "a message set" };
}
