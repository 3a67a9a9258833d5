/** Data files as they were written before frames were masked. */
import { encodeFrame, FRAME_HEADER_BYTES, type FrameFacts } from "../../lib/log/frame.ts";
import { encodeSegmentHeader, OLD_LAYOUT, OLD_SEGMENT_HEADER_BYTES } from "../../lib/log/segment-header.ts";

export { OLD_SEGMENT_HEADER_BYTES };

/** A plain frame of its own. */
export function plainFrame(facts: FrameFacts, entry: Uint8Array): Buffer {
  const bytes = Buffer.alloc(FRAME_HEADER_BYTES + entry.length);
  encodeFrame(bytes, 0, facts, entry);
  return bytes;
}

/** Frames of one message each, from `baseOffset` on, all but the last synced before the next was written. */
export function plainFramesOf(entries: readonly Uint8Array[], baseOffset = 0, timestampMs = 1): Buffer {
  const frames = entries.map((entry, i) => {
    return plainFrame({ baseOffset: baseOffset + i, timestampMs, unsyncedCount: 0, messageCount: 1 }, entry);
  });
  return Buffer.concat(frames);
}

export function oldDataFile(createdAtMs: number, frames: Uint8Array): Buffer {
  return Buffer.concat([encodeSegmentHeader(createdAtMs, OLD_LAYOUT), frames]);
}
