/**
 * Batches as the server keeps them (`application/vnd.netlog.messages`): messages with a header of 9 bytes one after
 * another, or one message set, gzipped. Written out here a second time, for the client knows nothing of the server's
 * sources; a test holds the two equal.
 *
 *     0          1        5          9
 *     | compver  | crc32  | length   | payload (length bytes)
 *       u8         u32      u32        big-endian; crc32 is the IEEE CRC-32 of the payload
 */
import { gzip } from "./gzip.ts";
import { crc32Of } from "./message.ts";

export const MESSAGE_HEADER_BYTES = 9;
/** A single message; and a set whose payload, other messages, is gzipped. */
const SINGLE = 0;
const GZIP_SET = 2;

/** What the server takes in one batch, unless it was told otherwise: bytes as sent and as unpacked, and messages. */
export const BATCH_BYTES: number = 8 * 1024 * 1024;
export const BATCH_MESSAGES = 65_536;

/** How the messages of a batch are packed: as they are, or as one gzipped set, which the server keeps so. */
export type BatchCompression = "none" | "gzip";

/** The body of a batch. Payloads are copied. */
export function encodeBatch(payloads: readonly Uint8Array[], compression: BatchCompression): Uint8Array {
  const messages = encodeMessages(payloads);
  if (compression === "none" || payloads.length === 0) return messages;
  const packed = gzip(messages);
  const set = new Uint8Array(MESSAGE_HEADER_BYTES + packed.length);
  encodeMessage(set, viewOf(set), 0, GZIP_SET, packed);
  return set;
}

function encodeMessages(payloads: readonly Uint8Array[]): Uint8Array {
  const sizeBytes = payloads.reduce((sum, { length }) => sum + MESSAGE_HEADER_BYTES + length, 0);
  const messages = new Uint8Array(sizeBytes);
  const view = viewOf(messages);
  let position = 0;
  for (const payload of payloads) position = encodeMessage(messages, view, position, SINGLE, payload);
  return messages;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** `view` is on `target`. Returns the position after it. */
function encodeMessage(
  target: Uint8Array,
  view: DataView,
  position: number,
  compver: number,
  payload: Uint8Array,
): number {
  view.setUint8(position, compver);
  view.setUint32(position + 1, crc32Of(payload));
  view.setUint32(position + 5, payload.length);
  target.set(payload, position + MESSAGE_HEADER_BYTES);
  return position + MESSAGE_HEADER_BYTES + payload.length;
}
