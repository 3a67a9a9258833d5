/** How much goes into one message of a log's stream: a pure function of what waits, and of what is there. */
import type { NetlogError } from "../../base/errors.ts";
import { frameBytesOf } from "../../log/frame-writer.ts";
import type { LogEntry, LogLimits } from "../../log/log.ts";
import { fitsSegment } from "../../log/roll-policy.ts";
import type { Limits } from "../nats/limits.ts";
import { ENVELOPE_BYTES } from "./envelope.ts";
import { tooLongForNats } from "./log-failures.ts";
import type { StreamSegment } from "./stream-segments.ts";

/** The envelope, and the headers that the publisher adds: stream and sequence with their names. */
const BESIDE_FRAMES_BYTES: number = ENVELOPE_BYTES + 512;

export interface MessageRoom {
  /** The active one; frames of the message that is being made count in it already. */
  readonly segment: StreamSegment;
  readonly limits: LogLimits;
  readonly caps: Limits;
  /** Bytes of frames that the message has. */
  readonly messageBytes: number;
  /** Where the log ends. */
  readonly endOffset: number;
}

/**
 * How many of the first `runEnd` that wait go to the message. The first frame of a message may be as long as it likes, and so
 * may the first one of a segment. Nothing follows an entry that closes.
 */
export function roomFor(
  waiting: readonly { readonly entry: LogEntry }[],
  runEnd: number,
  { segment, limits, caps, messageBytes, endOffset }: MessageRoom,
): number {
  let frames = messageBytes;
  let { sizeBytes } = segment;
  let nextOffset = endOffset;
  for (let end = 0; end < runEnd; end++) {
    const { entry } = waiting[end]!;
    const bytes = frameBytesOf(entry);
    nextOffset += entry.count;
    if (frames > 0 && frames + bytes > caps.engineMessageBytes) return end;
    if (sizeBytes > 0 && !fitsSegment(segment, limits, caps, sizeBytes + bytes, nextOffset)) return end;
    frames += bytes;
    sizeBytes += bytes;
    if (entry.closes === true) return end + 1;
  }
  return runEnd;
}

/** Why an entry is refused that no message can hold. */
export function refusalOfLong(entry: LogEntry, maxPayloadBytes: number): NetlogError | undefined {
  const maxBytes = maxPayloadBytes - BESIDE_FRAMES_BYTES;
  const frameBytes = frameBytesOf(entry);
  return frameBytes > maxBytes ? tooLongForNats(frameBytes, maxBytes) : undefined;
}
