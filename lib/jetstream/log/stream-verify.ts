/** Walks the messages of a log's stream at NATS, past all caches, and says which offsets are sound and which are not. */
import { decodeFrameHeader, frameBytes, frameEndOffset } from "../../log/frame.ts";
import type { FrameRun, VerifyStep } from "../../log/log.ts";
import type { StoredMessage } from "../nats/jetstream-api.ts";
import { decodeLogMessage, type FramesMessage } from "./log-message.ts";
import { ReadAhead } from "./read-ahead.ts";
import type { EngineShared } from "./stream-log-options.ts";

export interface VerifiedStream {
  readonly shared: EngineShared;
  readonly stream: string;
  /** The first message that may hold `from`. */
  readonly sequence: number;
  /** Behind the last message. */
  readonly endSequence: number;
  readonly from: number;
  readonly endOffset: number;
}

/** @throws JetStreamError, NoAnswer. */
export async function* verifyStream(stream: VerifiedStream): AsyncGenerator<VerifyStep, void, void> {
  const { from, endOffset } = stream;
  let offset = from;
  for await (const stored of storedMessages(stream)) {
    const message = decodeLogMessage(stored);
    if (message.kind !== "frames" || message.endOffset <= offset) continue;
    if (message.baseOffset >= endOffset) break;
    if (message.baseOffset > offset) yield damage(stream, offset, message.baseOffset, stored.sequence);
    yield { kind: "frames", run: runFrom(message, offset) };
    offset = message.endOffset;
  }
  if (offset < endOffset) yield damage(stream, offset, endOffset, stream.endSequence);
}

/** All that are there; those that are missing show by their offsets. */
async function* storedMessages(stream: VerifiedStream): AsyncGenerator<StoredMessage, void, void> {
  const { shared, endSequence } = stream;
  const ahead = new ReadAhead(shared, stream.stream);
  try {
    for (let sequence = stream.sequence; sequence < endSequence; ) {
      const messages = await ahead.fetch(sequence, endSequence);
      if (messages.length === 0) {
        const single = await shared.api.message(stream.stream, { sequence });
        if (single !== undefined) messages.push(single);
      }
      yield* messages;
      sequence += Math.max(1, messages.length);
    }
  } finally {
    ahead.close();
  }
}

function runFrom({ frames, baseOffset, endOffset }: FramesMessage, from: number): FrameRun {
  let position = 0;
  let offset = baseOffset;
  for (;;) {
    const header = decodeFrameHeader(frames, position)!;
    if (frameEndOffset(header) > from) break;
    position += frameBytes(header);
    offset = frameEndOffset(header);
  }
  return { baseOffset: offset, endOffset, bytes: frames.subarray(position) };
}

function damage({ stream }: VerifiedStream, offset: number, nextOffset: number, before: number): VerifyStep {
  return {
    kind: "damage",
    damage: {
      offset,
      nextOffset,
      place: `the stream ${stream}, before message ${before}`,
      type: "checksum",
      expected: "sound frames of these offsets",
      actual: "none",
    },
  };
}
