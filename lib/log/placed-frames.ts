/**
 * Frames that come from another log, with offsets and times of their own: read from their exchange format, and held
 * against the end of the log that they go to.
 */
import { NetlogError } from "../base/errors.ts";
import { computeEntryCrc, decodeFrameHeader, FRAME_HEADER_BYTES, frameBytes } from "./frame.ts";
import type { Limits } from "./limits.ts";
import type { Durability, LogEntry, LogFollower } from "./log.ts";

/** The entries of whole frames, as views of `frames`. @throws bad_request: one is damaged, cut off or refused. */
export function placedEntries(frames: Buffer, durability: Durability, follower?: LogFollower): LogEntry[] {
  const entries: LogEntry[] = [];
  for (let position = 0; position < frames.length; ) {
    const header = decodeFrameHeader(frames, position);
    const end = position + (header === undefined ? 0 : frameBytes(header));
    if (header === undefined || end > frames.length) throw refused(`no whole frame at byte ${position}`);
    const { entryCrc: crc32, messageCount: count, baseOffset, timestampMs } = header;
    if (computeEntryCrc(frames, position, header) !== crc32) {
      throw refused(`the entry of the frame at byte ${position} does not have its checksum`);
    }
    const bytes = frames.subarray(position + FRAME_HEADER_BYTES, end);
    const refusal = follower?.refusalOf(bytes);
    if (refusal !== undefined) throw refused(`the frame at byte ${position} has ${refusal}`);
    entries.push({ bytes, crc32, count, durability, given: { baseOffset, timestampMs } });
    position = end;
  }
  return entries;
}

/** Why an entry cannot be the next of the log, if its place is given and another one. */
export function misfitOf(
  { given, count }: LogEntry,
  { offsetEnd, timestampEndMs }: Limits,
  logEndOffset: number,
  lastTimestampMs: number,
): NetlogError | undefined {
  if (given === undefined) return undefined;
  const { baseOffset, timestampMs } = given;
  if (baseOffset !== logEndOffset) {
    return refused(
      `a frame begins at offset ${baseOffset}, and the log goes on at ${logEndOffset}`,
      logEndOffset,
    );
  }
  if (timestampMs < lastTimestampMs) {
    return refused(
      `message ${baseOffset} is of ${timestampMs} ms, and the one before of ${lastTimestampMs} ms`,
    );
  }
  if (baseOffset + count > offsetEnd || timestampMs >= timestampEndMs) {
    return refused(`message ${baseOffset} of ${timestampMs} ms is beyond what a log can hold`);
  }
  return undefined;
}

function refused(reason: string, nextOffset?: number): NetlogError {
  return new NetlogError(
    "bad_request",
    nextOffset === undefined ? { reason } : { reason, details: { nextOffset } },
  );
}
