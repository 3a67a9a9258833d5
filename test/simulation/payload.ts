/** Payloads that can be told apart, and such that hold what looks like a part of the log. */
import { encodeFrame, FRAME_HEADER_BYTES } from "../../lib/log/frame.ts";
import { encodeMessage } from "../../lib/message/message.ts";

/** `sizeBytes` of a text that begins with `id`; where there is no room for that, bytes that few others have. */
export function payloadOf(id: number, sizeBytes: number): Buffer {
  if (sizeBytes < 8) return Buffer.alloc(sizeBytes, id % 251);
  return Buffer.from(`${id}.`.padEnd(sizeBytes, `${id % 7}abcdefgh`)).subarray(0, sizeBytes);
}

/**
 * A payload that holds a frame, valid in every respect, with a message for `offset`. It does not claim that what lies
 * before it had been synced: a payload that does is taken at its word where the header before it is torn.
 */
export function payloadWithFrame(id: number, offset: number, timestampMs: number): Buffer {
  const entry = encodeMessage(Buffer.from(`a message that nobody published, in ${id}`));
  const frame = Buffer.alloc(FRAME_HEADER_BYTES + entry.length);
  encodeFrame(frame, 0, { baseOffset: offset, timestampMs, unsyncedCount: offset, messageCount: 1 }, entry);
  return Buffer.concat([Buffer.from(`${id}.`), frame, Buffer.from("behind it")]);
}
