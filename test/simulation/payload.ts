/** Payloads that can be told apart, and payloads that look like a part of the log. */
import fc from "fast-check";
import { encodeFrame, FRAME_HEADER_BYTES } from "../../lib/log/frame.ts";
import { encodeMessage } from "../../lib/message/message.ts";

/** `sizeBytes` of a text that begins with `id`; where there is no room for that, bytes that few others have. */
export function payloadOf(id: number, sizeBytes: number): Buffer {
  if (sizeBytes < 8) return Buffer.alloc(sizeBytes, id % 251);
  return Buffer.from(`${id}.`.padEnd(sizeBytes, `${id % 7}abcdefgh`)).subarray(0, sizeBytes);
}

/** The payload of an adversary, who has read every byte that the API gives. */
export interface Forgery {
  /** Frames in it, one behind the other. */
  readonly count: number;
  /** How far the first frame's offset lies beyond the one that the message itself is likely to get. */
  readonly ahead: number;
  /** What each says of the messages before it: that all were synced, or none. */
  readonly unsynced: "none" | "all";
  readonly timeAheadMs: number;
  /** As frames stand in memory and over HTTP, or masked like those of a file, with words that the adversary made up. */
  readonly layout: "plain" | "masked";
}

export const forgery: fc.Arbitrary<Forgery> = fc.record({
  count: fc.constantFrom(1, 2, 3, 10, 40),
  ahead: fc.constantFrom(0, 1, 1, 1, 2, 5, 1000, 2 ** 53),
  unsynced: fc.constantFrom("none", "none", "all"),
  timeAheadMs: fc.constantFrom(0, 0, 0, 3_600_000, 48 * 3_600_000, 8.6e15),
  layout: fc.constantFrom("plain", "plain", "masked"),
});

const HEADER_CRC = 36;

/** A payload that consists of frames, valid in every respect, with messages that nobody published. */
export function forgedPayload(id: number, forgery: Forgery, nextOffset: number, nowMs: number): Buffer {
  const timestampMs = nowMs + forgery.timeAheadMs;
  const pieces: Buffer[] = [Buffer.from(`${id}.`)];
  for (let i = 0; i < forgery.count; i++) {
    const baseOffset = Math.min(nextOffset + forgery.ahead, Number.MAX_SAFE_INTEGER - forgery.count) + i;
    const entry = encodeMessage(Buffer.from(`a message that nobody published, in ${id}`));
    const frame = Buffer.alloc(FRAME_HEADER_BYTES + entry.length);
    const unsyncedCount = forgery.unsynced === "all" ? baseOffset : 0;
    encodeFrame(frame, 0, { baseOffset, timestampMs, unsyncedCount, messageCount: 1 }, entry);
    if (forgery.layout === "masked") disguise(frame, id);
    pieces.push(frame);
  }
  return Buffer.concat(pieces);
}

function disguise(frame: Buffer, id: number): void {
  for (const place of [0, HEADER_CRC]) {
    frame.writeUInt32BE((frame.readUInt32BE(place) ^ Math.imul(id, 0x9e3779b1)) >>> 0, place);
  }
}
