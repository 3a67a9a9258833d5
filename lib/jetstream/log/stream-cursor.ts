/**
 * A walk over a log on NATS that remembers where the last frames ended: the newest from memory, history message by
 * message, and through a consumer when it goes on for long. What it reads ahead lies in the cache of all logs.
 */
import { NetlogError } from "../../base/errors.ts";
import { decodeFrameHeader, frameBytes, frameEndOffset } from "../../log/frame.ts";
import { MEMORY, type RunBounds, runOf } from "../../log/frame-run.ts";
import type { FrameRun, LogCursor } from "../../log/log.ts";
import type { ReadGate } from "../../log/read-gate.ts";
import type { HeldTail } from "./held-tail.ts";
import type { History, Stretch } from "./history.ts";
import type { FramesMessage } from "./log-message.ts";
import { ReadAhead } from "./read-ahead.ts";
import type { EngineShared } from "./stream-log-options.ts";

/** What a cursor asks of its log. */
export interface CursorLog {
  readonly shared: EngineShared;
  readonly held: HeldTail;
  readonly history: History;
  readonly gate: ReadGate;
  readonly highWatermark: number;
  /** Behind the newest message that is stored. */
  readonly endSequence: number;
  /** Where an offset that can be read may lie. */
  stretchOf(offset: number): Stretch;
}

/** Where a run ended: within a message, or at its end. */
interface CursorPlace {
  readonly sequence: number;
  readonly position: number;
  readonly offset: number;
  readonly isEndOfMessage: boolean;
}

export class StreamCursor implements LogCursor {
  readonly #log: CursorLog;
  #place: CursorPlace | undefined;
  /** Messages that were not in memory, one behind the other. */
  #singleReads = 0;
  #ahead: ReadAhead | undefined;

  constructor(log: CursorLog) {
    this.#log = log;
  }

  async read(offset: number, maxBytes: number, into?: Buffer): Promise<FrameRun | undefined> {
    const { highWatermark, held } = this.#log;
    this.#log.gate.throwIfUnreadable(offset);
    if (offset >= highWatermark) return undefined;
    const bounds = { maxBytes, highWatermark };
    const run = held.read(offset, bounds);
    if (run !== undefined) return run;
    try {
      const found = this.#runFrom(await this.#find(offset), offset, bounds, into);
      return (
        found ??
        this.#runFrom(await this.#findAgain(offset), offset, bounds, into) ??
        (await this.#damaged(offset))
      );
    } catch (error) {
      // What was looked for may have been dropped meanwhile.
      this.#log.gate.throwIfUnreadable(offset);
      throw error;
    }
  }

  readHeld(offset: number, maxBytes: number): FrameRun | undefined {
    const { highWatermark, held } = this.#log;
    if (offset >= highWatermark || !this.#log.gate.isReadable(offset)) return undefined;
    return held.read(offset, { maxBytes, highWatermark });
  }

  async #find(offset: number): Promise<FramesMessage | undefined> {
    const { history, endSequence } = this.#log;
    const place = this.#place;
    if (place?.offset !== offset) {
      this.#singleReads = 0;
      return history.find(offset, this.#log.stretchOf(offset));
    }
    const sequence = place.isEndOfMessage ? place.sequence + 1 : place.sequence;
    if (history.cached(sequence) === undefined) await this.#readAhead(sequence, endSequence);
    return history.framesFrom(sequence, endSequence);
  }

  /** As the stream's leader has it: copies may differ. */
  #findAgain(offset: number): Promise<FramesMessage | undefined> {
    const { history } = this.#log;
    const stretch = this.#log.stretchOf(offset);
    history.distrust(stretch);
    return history.find(offset, stretch);
  }

  async #readAhead(sequence: number, endSequence: number): Promise<void> {
    const { shared, history } = this.#log;
    this.#singleReads += 1;
    if (this.#singleReads <= shared.limits.engineSingleReads || sequence + 1 >= endSequence) return;
    this.#ahead ??= new ReadAhead(shared, history.stream);
    const messages = await this.#ahead.fetch(sequence, endSequence);
    if (messages.length === 0) this.#singleReads = 0;
    for (const message of messages) history.keep(message);
  }

  /** `undefined`: no sound frame of `message` holds `offset`. */
  #runFrom(
    message: FramesMessage | undefined,
    offset: number,
    bounds: RunBounds,
    into: Buffer | undefined,
  ): FrameRun | undefined {
    if (message === undefined || offset < message.baseOffset || offset >= message.endOffset) return undefined;
    const begin = this.#positionOf(message, offset);
    const bytes = message.frames.subarray(begin);
    const first = runOf(bytes, decodeFrameHeader(bytes, 0)!, bounds, MEMORY);
    this.#note(message, begin + first.bytes.length, first.endOffset);
    const pieces = [first.bytes];
    const endOffset = this.#addFollowing(pieces, bounds);
    if (pieces.length === 1) return first;
    return { baseOffset: first.baseOffset, endOffset, bytes: joined(pieces, into) };
  }

  /** Takes what follows from the cache; gives the offset behind the last of all frames. */
  #addFollowing(pieces: Buffer[], { maxBytes, highWatermark }: RunBounds): number {
    let leftBytes = maxBytes - pieces[0]!.length;
    while (this.#place!.isEndOfMessage) {
      const { sequence, offset } = this.#place!;
      const next = this.#log.history.cached(sequence + 1);
      if (next?.kind === "claim") {
        this.#place = { ...this.#place!, sequence: sequence + 1 };
        continue;
      }
      if (next?.kind !== "frames" || next.baseOffset !== offset || offset >= highWatermark) break;
      const header = decodeFrameHeader(next.frames, 0)!;
      if (frameBytes(header) > leftBytes) break;
      const run = runOf(next.frames, header, { maxBytes: leftBytes, highWatermark }, MEMORY);
      pieces.push(run.bytes);
      leftBytes -= run.bytes.length;
      this.#note(next, run.bytes.length, run.endOffset);
    }
    return this.#place!.offset;
  }

  #note({ sequence, frames }: FramesMessage, position: number, offset: number): void {
    this.#place = { sequence, position, offset, isEndOfMessage: position === frames.length };
  }

  /** Where in the message the frame of `offset` begins. */
  #positionOf({ sequence, frames }: FramesMessage, offset: number): number {
    const place = this.#place;
    if (place?.sequence === sequence && place.offset === offset && !place.isEndOfMessage)
      return place.position;
    for (let position = 0; ; ) {
      const header = decodeFrameHeader(frames, position)!;
      if (frameEndOffset(header) > offset) return position;
      position += frameBytes(header);
    }
  }

  /** @throws checksum_error, with what can be read behind it; what reading throws. */
  async #damaged(offset: number): Promise<never> {
    const { history, endSequence, highWatermark } = this.#log;
    const stretch = this.#log.stretchOf(offset);
    const found = await history.find(offset, { ...stretch, endSequence });
    let next = found;
    while (next !== undefined && next.baseOffset <= offset) {
      next = await history.framesFrom(next.sequence + 1, endSequence);
    }
    const nextOffset = Math.min(next?.baseOffset ?? highWatermark, highWatermark);
    this.#log.gate.throwIfUnreadable(offset);
    throw new NetlogError("checksum_error", {
      reason: `offsets ${offset} to ${nextOffset - 1} are damaged or missing at NATS`,
      details: {
        offset,
        nextOffset,
        place: `the stream ${history.stream}, from message ${stretch.sequence} on`,
      },
    });
  }
}

function joined(pieces: readonly Buffer[], into: Buffer | undefined): Buffer {
  const sizeBytes = pieces.reduce((sum, { length }) => sum + length, 0);
  if (into === undefined || into.length < sizeBytes) return Buffer.concat(pieces, sizeBytes);
  let at = 0;
  for (const piece of pieces) at += piece.copy(into, at);
  return into.subarray(0, sizeBytes);
}
