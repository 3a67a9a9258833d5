/**
 * Finds the segments of a log that was taken over: from the newest one back, each told by the last message in front of the
 * next one. That is one message read for each segment. In a log of many, messages in between say where other walks may
 * begin, and all of them walk at the same time.
 */
import { NetlogError } from "../../base/errors.ts";
import type { JetStreamApi } from "../nats/jetstream-api.ts";
import {
  type ClaimMessage,
  decodeLogMessage,
  endOf,
  type FramesMessage,
  type LogMessage,
} from "./log-message.ts";
import { type StreamSegment, StreamSegments } from "./stream-segments.ts";
import type { TakenLog } from "./take-over.ts";

export interface FindSegmentsOptions {
  readonly api: JetStreamApi;
  readonly stream: string;
  readonly logSubject: string;
  readonly nowMs: number;
}

/** Segments that are found one after the other before several walks share the rest. */
const ALONE = 16;
/** Walks at the same time. */
const WALKS = 16;

/** @throws topic_unavailable: a message is missing or foreign; what the API throws. */
export async function findSegments(taken: TakenLog, options: FindSegmentsOptions): Promise<StreamSegments> {
  const { firstSequence, timestampMs: lastTimestampMs, segment: active } = taken;
  const firstSeenAtMs = options.nowMs;
  const firstTimestampMs = active.sizeBytes === 0 ? undefined : await firstTimeOf(active.sequence, options);
  const found: StreamSegment[] = [{ ...active, firstTimestampMs, lastTimestampMs, firstSeenAtMs }];
  found.push(...(await walk(active.sequence, firstSequence, options, ALONE)));
  const begin = found.at(-1)!.sequence;
  if (begin > firstSequence) {
    const begins = await beginsBetween(firstSequence, begin, options);
    const walks = await Promise.all(
      begins.map((each, index) => walk(each, begins[index + 1] ?? firstSequence, options)),
    );
    found.push(...walks.flat());
  }
  found.reverse();
  if (found[0]!.sequence < firstSequence) found[0] = await cutSegment(found[0]!, firstSequence, options);
  return new StreamSegments(found);
}

/** The sealed segments in front of the one that begins at `begin`, newest first: up to `max`, down to that which has `down`. */
async function walk(
  begin: number,
  down: number,
  options: FindSegmentsOptions,
  max = Number.POSITIVE_INFINITY,
): Promise<StreamSegment[]> {
  const found: StreamSegment[] = [];
  for (let next = begin; next > down && found.length < max; next = found.at(-1)!.sequence) {
    const message = await messageAt(next - 1, options);
    const { segment } = message.envelope;
    if (segment.sequence >= next) throw unusable(options.stream, next - 1, "of no segment before it");
    const { timestampMs: lastTimestampMs } = endOf(message);
    found.push({ ...segment, firstTimestampMs: undefined, lastTimestampMs, firstSeenAtMs: options.nowMs });
  }
  return found;
}

/** Where some segments begin, newest first: `end`, where one does, and those of messages spread over `[first, end)`. */
async function beginsBetween(first: number, end: number, options: FindSegmentsOptions): Promise<number[]> {
  const spread = Array.from({ length: WALKS - 1 }, (_, index) =>
    Math.floor(first + ((index + 1) * (end - first)) / WALKS),
  );
  const messages = await Promise.all(spread.map((sequence) => lookAt(sequence, options)));
  // A damaged message says nothing of its segment, and is no trouble here.
  const told = messages.flatMap((message) =>
    message === undefined || message.kind === "foreign" ? [] : message.envelope.segment.sequence,
  );
  const begins = new Set([end, ...told]);
  return [...begins].filter((begin) => begin > first).sort((a, b) => b - a);
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
  options: FindSegmentsOptions,
): Promise<FramesMessage | ClaimMessage> {
  const message = await lookAt(sequence, options);
  if (message !== undefined && message.kind !== "foreign") return message;
  throw unusable(options.stream, sequence, message === undefined ? "missing" : "none of netlog's");
}

async function lookAt(
  sequence: number,
  { api, stream }: FindSegmentsOptions,
): Promise<LogMessage | undefined> {
  const stored = await api.message(stream, { sequence });
  return stored === undefined ? undefined : decodeLogMessage(stored);
}

function unusable(stream: string, sequence: number, what: string): NetlogError {
  return new NetlogError("topic_unavailable", {
    reason: `message ${sequence} of the stream ${stream} of NATS is ${what}`,
  });
}
