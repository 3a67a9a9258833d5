/** A message of a log's stream, taken apart and checked. What is not sound is named, never guessed at. */
import { computeEntryCrc, decodeFrameHeader, frameBytes, frameEndOffset } from "../../log/frame.ts";
import type { StoredMessage } from "../nats/jetstream-api.ts";
import { type Claim, parseClaim } from "./claim.ts";
import { bodyOf, CLAIM_KIND, decodeEnvelope, type Envelope, FRAMES_KIND } from "./envelope.ts";

export interface FramesMessage {
  readonly kind: "frames";
  readonly sequence: number;
  readonly envelope: Envelope;
  readonly baseOffset: number;
  /** Behind the last sound frame. */
  readonly endOffset: number;
  readonly firstTimestampMs: number;
  readonly lastTimestampMs: number;
  /** Those that are sound, up to the first that is not. */
  readonly frames: Buffer;
  /** Frames were written behind those. */
  readonly isDamaged: boolean;
}

export interface ClaimMessage {
  readonly kind: "claim";
  readonly sequence: number;
  readonly envelope: Envelope;
  readonly claim: Claim;
}

/** Nothing in it can be believed, or it was never written by netlog. */
export interface ForeignMessage {
  readonly kind: "foreign";
  readonly sequence: number;
}

export type LogMessage = FramesMessage | ClaimMessage | ForeignMessage;

export function decodeLogMessage({ sequence, data }: StoredMessage): LogMessage {
  const envelope = decodeEnvelope(data);
  if (envelope?.kind === CLAIM_KIND) {
    const claim = parseClaim(bodyOf(data));
    if (claim !== undefined) return { kind: "claim", sequence, envelope, claim };
  }
  if (envelope?.kind !== FRAMES_KIND) return { kind: "foreign", sequence };
  return framesOfMessage(sequence, envelope, bodyOf(data)) ?? { kind: "foreign", sequence };
}

/** Where the log ended when the message was its newest. */
export function endOf(message: FramesMessage | ClaimMessage): { endOffset: number; timestampMs: number } {
  if (message.kind === "claim") return message.claim;
  return { endOffset: message.endOffset, timestampMs: message.lastTimestampMs };
}

/** Bytes that it keeps in memory. */
export function memoryBytes(message: LogMessage): number {
  return (message.kind === "frames" ? message.frames.buffer.byteLength : 0) + 512;
}

function framesOfMessage(sequence: number, envelope: Envelope, body: Buffer): FramesMessage | undefined {
  const first = decodeFrameHeader(body, 0);
  if (first === undefined) return undefined;
  let position = 0;
  let { baseOffset: endOffset, timestampMs: lastTimestampMs } = first;
  while (position < body.length) {
    const header = decodeFrameHeader(body, position);
    if (header?.baseOffset !== endOffset || position + frameBytes(header) > body.length) break;
    if (computeEntryCrc(body, position, header) !== header.entryCrc) break;
    position += frameBytes(header);
    endOffset = frameEndOffset(header);
    lastTimestampMs = header.timestampMs;
  }
  if (position === 0) return undefined;
  const { baseOffset, timestampMs: firstTimestampMs } = first;
  const isDamaged = position < body.length;
  const frames = body.subarray(0, position);
  return {
    kind: "frames",
    sequence,
    envelope,
    baseOffset,
    endOffset,
    firstTimestampMs,
    lastTimestampMs,
    frames,
    isDamaged,
  };
}
