/**
 * When the active segment is sealed and a new one begun, what goes to it in one write, and where a log ends for good. Pure
 * functions of facts and clock.
 */
import { NetlogError } from "../base/errors.ts";
import { LONG_BYTES } from "../base/loop-share.ts";
import { frameBytesOf, isLong, liesInPlace } from "./frame-writer.ts";
import type { Limits } from "./limits.ts";
import type { LogEntry, LogLimits } from "./log.ts";
import type { Segment } from "./segment.ts";

/** A segment's messages span at most this part of `segment_age`, so that a quiet topic ages out as well. */
const AGE_DIVISOR = 8;
/** A log bounded by size keeps at least so many segments, else nothing could ever be dropped. */
const SEGMENTS_WITHIN_RETENTION = 2;

/** The size at which a segment ends, bytes: `segment_size`, less where retention by size needs smaller steps. */
function segmentSizeLimit(limits: LogLimits, { segmentSizeMinBytes }: Limits): number {
  const { segmentSizeBytes, retentionSizeBytes } = limits;
  if (retentionSizeBytes === 0 || retentionSizeBytes >= segmentSizeBytes) return segmentSizeBytes;
  return Math.max(segmentSizeMinBytes, Math.floor(retentionSizeBytes / SEGMENTS_WITHIN_RETENTION));
}

/** What decides when a segment is old, or full. */
export type RollFacts = Pick<Segment, "baseOffset" | "firstTimestampMs" | "firstSeenAtMs">;

/** True when a segment may grow to `sizeBytes` and `endOffset`. */
export function fitsSegment(
  segment: RollFacts,
  limits: LogLimits,
  caps: Limits,
  sizeBytes: number,
  endOffset: number,
): boolean {
  if (sizeBytes > segmentSizeLimit(limits, caps)) return false;
  const { segmentPosition } = caps;
  return sizeBytes <= segmentPosition && endOffset - segment.baseOffset <= segmentPosition;
}

/** True when the active segment's first message is old enough that the segment should end, or it is of the old layout. */
export function isDueToRoll(segment: Segment, limits: LogLimits, nowMs: number): boolean {
  return segment.layout!.mask === undefined || hasGrownOld(segment, limits, nowMs);
}

/** True when a segment's first message is old enough that the segment should end. */
export function hasGrownOld(segment: RollFacts, limits: LogLimits, nowMs: number): boolean {
  const { firstTimestampMs } = segment;
  if (firstTimestampMs === undefined) return false;
  const since = firstTimestampMs > nowMs ? segment.firstSeenAtMs : firstTimestampMs;
  return nowMs - since > limits.segmentAgeMs / AGE_DIVISOR;
}

/** Why nothing may be written any more, though the log is in order: its numbers have come to their end. */
export function rangeRefusal(
  { offsetEnd, timestampEndMs }: Limits,
  logEndOffset: number,
  nowMs: number,
  lastTimestampMs: number,
): NetlogError | undefined {
  if (logEndOffset >= offsetEnd) {
    const reason = `the topic's offsets end at ${offsetEnd}; publish to another topic`;
    return new NetlogError("topic_unavailable", { reason });
  }
  if (Math.max(nowMs, lastTimestampMs) < timestampEndMs) return undefined;
  const whose = nowMs < timestampEndMs ? "the topic's newest message" : "the server's clock";
  const reason = `${whose} is beyond ${new Date(timestampEndMs).toISOString()}; no message is stamped so late`;
  return new NetlogError("topic_unavailable", { reason });
}

/**
 * How far the entries `[from, runEnd)` go to the active segment in one write: those that fit and are not much together,
 * or one that is written alone. The answer is their end, and `from` when the first does not fit.
 */
export function groupEnd(
  pending: readonly { readonly entry: LogEntry }[],
  from: number,
  runEnd: number,
  baseOffset: number,
  segment: Segment,
  limits: LogLimits,
  caps: Limits,
): number {
  let sizeBytes = segment.sizeBytes;
  let endOffset = baseOffset;
  let to = from;
  while (to < runEnd && sizeBytes <= segment.sizeBytes + LONG_BYTES) {
    const { entry } = pending[to]!;
    const standsAlone = isLong(entry) || liesInPlace(entry);
    if (standsAlone && to > from) break;
    const isFirst = to === from && segment.isEmpty;
    sizeBytes += frameBytesOf(entry);
    endOffset += entry.count;
    if (!isFirst && !fitsSegment(segment, limits, caps, sizeBytes, endOffset)) break;
    to++;
    if (standsAlone) break;
  }
  return to;
}
