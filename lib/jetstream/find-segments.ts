/**
 * Finds the segments of a log that was taken over: from the newest one back, each told by the last message in front of the
 * next one. That is one message read for each segment.
 */
import { NetlogError } from "../base/errors.ts";
import type { JetStreamApi } from "./jetstream-api.ts";
import { type ClaimMessage, decodeLogMessage, endOf, type FramesMessage } from "./log-message.ts";
import { type StreamSegment, StreamSegments } from "./stream-segments.ts";
import type { TakenLog } from "./take-over.ts";

export interface FindSegmentsOptions {
  readonly api: JetStreamApi;
  readonly stream: string;
  readonly logSubject: string;
  readonly nowMs: number;
}

/** @throws topic_unavailable: a message is missing or foreign; what the API throws. */
export async function findSegments(taken: TakenLog, options: FindSegmentsOptions): Promise<StreamSegments> {
  const { firstSequence, timestampMs: lastTimestampMs, segment: active } = taken;
  const firstSeenAtMs = options.nowMs;
  const firstTimestampMs = active.sizeBytes === 0 ? undefined : await firstTimeOf(active.sequence, options);
  const found: StreamSegment[] = [{ ...active, firstTimestampMs, lastTimestampMs, firstSeenAtMs }];
  for (let begin = active.sequence; begin > firstSequence; begin = found.at(-1)!.sequence) {
    const message = await messageAt(begin - 1, options);
    const { segment } = message.envelope;
    if (segment.sequence >= begin) throw unusable(options.stream, begin - 1, "of no segment before it");
    found.push({
      ...segment,
      firstTimestampMs: undefined,
      lastTimestampMs: endOf(message).timestampMs,
      firstSeenAtMs,
    });
  }
  found.reverse();
  if (found[0]!.sequence < firstSequence) found[0] = await cutSegment(found[0]!, firstSequence, options);
  return new StreamSegments(found);
}

/** The oldest segment has lost its beginning: not netlog removed it. What is left is served. */
async function cutSegment(
  segment: StreamSegment,
  firstSequence: number,
  options: FindSegmentsOptions,
): Promise<StreamSegment> {
  const first = await messageAt(firstSequence, options);
  const baseOffset = first.kind === "claim" ? first.claim.endOffset : first.baseOffset;
  return { ...segment, sequence: firstSequence, baseOffset };
}

async function firstTimeOf(sequence: number, options: FindSegmentsOptions): Promise<number | undefined> {
  const { api, stream, logSubject } = options;
  const stored = await api.message(stream, { sequence, nextOf: logSubject });
  const message = stored === undefined ? undefined : decodeLogMessage(stored);
  return message?.kind === "frames" ? message.firstTimestampMs : undefined;
}

async function messageAt(
  sequence: number,
  { api, stream }: FindSegmentsOptions,
): Promise<FramesMessage | ClaimMessage> {
  const stored = await api.message(stream, { sequence });
  const message = stored === undefined ? undefined : decodeLogMessage(stored);
  if (message !== undefined && message.kind !== "foreign") return message;
  throw unusable(stream, sequence, message === undefined ? "missing" : "none of netlog's");
}

function unusable(stream: string, sequence: number, what: string): NetlogError {
  return new NetlogError("topic_unavailable", {
    reason: `message ${sequence} of the stream ${stream} of NATS is ${what}`,
  });
}
