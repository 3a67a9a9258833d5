/**
 * Batches as the server keeps them (`application/vnd.netlog.messages`): messages with a header of 9 bytes one after
 * another, or one message set, gzipped. Written out here a second time, for the client knows nothing of the server's
 * sources; a test holds the two equal.
 *
 *     0          1        5          9
 *     | compver  | crc32  | length   | payload (length bytes)              a message without fields
 *       u8         u32      u32
 *
 *     0          1        5          9            11
 *     | compver  | crc32  | length   | fieldBytes | fields | payload       a message with fields
 *       u8         u32      u32        u16
 *
 *     | tag | size | value (size bytes) |                                  a field: 1 key, 2 content type, 3 header,
 *       u8    u16                                                          whose value is length of name (u8), name, value
 *
 * Big-endian. length and crc32 (IEEE) cover everything from byte 9 on. Tags ascend.
 */
import { gzipSync } from "fflate";
import { joined } from "./bytes.ts";
import { type CheckedFields, checkFields, type MessageFields } from "./fields.ts";
import { crc32Of } from "./message.ts";
import { type Payload, payloadBytes } from "./payload.ts";

export const MESSAGE_HEADER_BYTES = 9;
/** The size of the fields, which stands before them. */
const FIELDS_SIZE_BYTES = 2;
/** A single message, one with fields, and a set whose payload, other messages, is gzipped. */
const SINGLE = 0;
const SINGLE_WITH_FIELDS = 0x10;
const GZIP_SET = 2;
const KEY = 1;
const CONTENT_TYPE = 2;
const HEADER = 3;

/** What the server takes in one batch, unless it was told otherwise: bytes as sent and as unpacked, and messages. */
export const BATCH_BYTES: number = 8 * 1024 * 1024;
export const BATCH_MESSAGES = 65_536;

/** How the messages of a batch are packed: as they are, or as one gzipped set, which the server keeps so. */
export type BatchCompression = "none" | "gzip";

/** A message of a batch that has fields; a Message that was read is one. */
export interface NewMessage extends MessageFields {
  readonly payload: Payload;
}

/** A message as callers give it: its payload alone, or with what it carries. */
export type Publishable = Payload | NewMessage;

/** A message as it goes into a batch: its payload, or payload and fields. */
export type PackedMessage = Uint8Array | MessageWithFields;

interface MessageWithFields {
  readonly payload: Uint8Array;
  readonly fields: CheckedFields;
  readonly fieldBytes: Uint8Array;
}

const encoder = new TextEncoder();

/** @throws invalid_argument for what is no payload, and for fields that no message has. */
export function packMessage(given: Publishable): PackedMessage {
  if (typeof given === "string" || !isMessage(given)) return payloadBytes(given);
  const payload = payloadBytes(given.payload);
  const fields = checkFields(given);
  return fields === undefined ? payload : { payload, fields, fieldBytes: encodeFields(fields) };
}

/** Plain JavaScript gives anything, `null` too. */
function isMessage(given: Uint8Array | ArrayBuffer | NewMessage): given is NewMessage {
  return typeof given === "object" && given !== null && "payload" in given;
}

/** The size of the message in a batch, with its header. */
export function packedBytes(message: PackedMessage): number {
  if (!("fields" in message)) return MESSAGE_HEADER_BYTES + message.length;
  return MESSAGE_HEADER_BYTES + FIELDS_SIZE_BYTES + message.fieldBytes.length + message.payload.length;
}

export function payloadOf(message: PackedMessage): Uint8Array {
  return "fields" in message ? message.payload : message;
}

/** The body of a batch. Payloads are copied. */
export function encodeBatch(packed: readonly PackedMessage[], compression: BatchCompression): Uint8Array {
  const messages = encodeMessages(packed);
  if (compression === "none" || packed.length === 0) return messages;
  const content = gzip(messages);
  const set = new Uint8Array(MESSAGE_HEADER_BYTES + content.length);
  encodeMessage(set, viewOf(set), 0, GZIP_SET, content);
  return set;
}

function encodeMessages(packed: readonly PackedMessage[]): Uint8Array {
  const messages = new Uint8Array(packed.reduce((sum, message) => sum + packedBytes(message), 0));
  const view = viewOf(messages);
  let position = 0;
  for (const message of packed) {
    if ("fields" in message) {
      const { fieldBytes, payload } = message;
      const content = joined([Uint8Array.of(fieldBytes.length >> 8, fieldBytes.length), fieldBytes, payload]);
      position = encodeMessage(messages, view, position, SINGLE_WITH_FIELDS, content);
    } else {
      position = encodeMessage(messages, view, position, SINGLE, message);
    }
  }
  return messages;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** `view` is on `target`, `content` all that is behind the header. Returns the position after it. */
function encodeMessage(
  target: Uint8Array,
  view: DataView,
  position: number,
  compver: number,
  content: Uint8Array,
): number {
  view.setUint8(position, compver);
  view.setUint32(position + 1, crc32Of(content));
  view.setUint32(position + 5, content.length);
  target.set(content, position + MESSAGE_HEADER_BYTES);
  return position + MESSAGE_HEADER_BYTES + content.length;
}

function encodeFields({ key, contentType, headers }: CheckedFields): Uint8Array {
  const pieces: Uint8Array[] = [];
  const add = (tag: number, ...value: readonly Uint8Array[]): void => {
    const sizeBytes = value.reduce((sum, { length }) => sum + length, 0);
    pieces.push(Uint8Array.of(tag, sizeBytes >> 8, sizeBytes), ...value);
  };
  if (key !== undefined) add(KEY, encoder.encode(key));
  if (contentType !== undefined) add(CONTENT_TYPE, encoder.encode(contentType));
  for (const [name, value] of headers) {
    add(HEADER, Uint8Array.of(name.length), encoder.encode(name), encoder.encode(value));
  }
  return joined(pieces);
}

interface Zlib {
  gzipSync(bytes: Uint8Array): Uint8Array;
}

interface Surroundings {
  readonly process?: { getBuiltinModule?(name: "zlib"): Zlib | undefined };
}

/**
 * Node's own gzip, several times as fast, where it is there; fflate's everywhere else. The same bytes give the same
 * result on the same platform: no time stands in it.
 */
function gzip(bytes: Uint8Array): Uint8Array {
  // Not imported: what bundles for pages would look for it.
  const zlib = (globalThis as Surroundings).process?.getBuiltinModule?.("zlib");
  return zlib === undefined ? gzipSync(bytes, { mtime: 0 }) : zlib.gzipSync(bytes);
}
