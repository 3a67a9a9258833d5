/**
 * Messages of a log's stream as NATS has them, by sequence, through a cache that all logs share. Finds the message that
 * holds an offset, or the first of a time, by guessing where it lies and looking.
 */
import { NetlogError } from "../../base/errors.ts";
import { JetStreamError, NoAnswer } from "../nats/errors.ts";
import { bufferOf, type StoredMessage } from "../nats/jetstream-api.ts";
import { decodeLogMessage, endOf, type FramesMessage, type LogMessage } from "./log-message.ts";
import type { EngineShared } from "./stream-log-options.ts";

/** A stretch of a stream: messages `[sequence, endSequence)` hold the offsets `[offset, endOffset)`. */
export interface Stretch {
  readonly sequence: number;
  readonly offset: number;
  readonly endSequence: number;
  readonly endOffset: number;
}

/** After so many guesses by proportion the search halves. */
const GUESSES = 4;

export class History {
  readonly stream: string;
  readonly #shared: EngineShared;
  /** Names this log in the cache: another stream of the name may come later. */
  readonly #cacheKey: string;

  constructor(shared: EngineShared, stream: string, cacheKey: string) {
    this.#shared = shared;
    this.stream = stream;
    this.#cacheKey = cacheKey;
  }

  /** `undefined`: NATS has none. @throws topic_unavailable. */
  async message(sequence: number): Promise<LogMessage | undefined> {
    const known = this.cached(sequence);
    if (known !== undefined) return known;
    this.#shared.engineCounters.singleReads += 1;
    const stored = await this.#read(() => this.#shared.api.message(this.stream, { sequence }));
    return stored === undefined ? undefined : this.keep(stored);
  }

  cached(sequence: number): LogMessage | undefined {
    return this.#shared.history.get(`${this.#cacheKey}:${sequence}`);
  }

  /** A copy gave something that cannot be: what came of this stretch is forgotten, and the leader asked from now on. */
  distrust({ sequence, endSequence }: Stretch): void {
    for (let at = sequence; at < endSequence; at++) this.#shared.history.delete(`${this.#cacheKey}:${at}`);
    this.#shared.api.askLeadersOnly();
  }

  /** Takes a message that came from NATS. */
  keep({ sequence, subject, data }: StoredMessage): LogMessage {
    // A small message may lie in a large piece of what the socket brought.
    const bytes = data.buffer.byteLength > 2 * data.length ? bufferOf(Uint8Array.from(data)) : data;
    const message = decodeLogMessage({ sequence, subject, data: bytes });
    this.#shared.history.set(`${this.#cacheKey}:${sequence}`, message);
    return message;
  }

  /** The frames at `sequence`, or the first ones behind it, before `endSequence`. @throws topic_unavailable. */
  async framesFrom(sequence: number, endSequence: number): Promise<FramesMessage | undefined> {
    for (let at = sequence; at < endSequence; at++) {
      const message = await this.message(at);
      if (message?.kind === "frames") return message;
    }
    return undefined;
  }

  /**
   * The frames that hold `offset`, which lies in `within`; else the first ones behind it, where it is damaged or missing.
   *
   * @throws topic_unavailable.
   */
  async find(offset: number, within: Stretch): Promise<FramesMessage | undefined> {
    let { sequence: low, offset: lowOffset, endSequence: high, endOffset: highOffset } = within;
    for (let guesses = 0; low < high; guesses++) {
      const share = guesses < GUESSES ? (offset - lowOffset) / Math.max(1, highOffset - lowOffset) : 0.5;
      const guess = Math.min(high - 1, low + Math.floor(Math.max(0, share) * (high - low)));
      const message = await this.message(guess);
      // The middle says nothing: the search walks what is in front of it.
      if (message === undefined || message.kind === "foreign") return this.#walk(offset, low, within);
      const begins = message.kind === "frames" ? message.baseOffset : message.claim.endOffset;
      const { endOffset } = endOf(message);
      if (message.kind === "frames" && begins <= offset && offset < endOffset) return message;
      if (offset < begins) [high, highOffset] = [guess, begins];
      else [low, lowOffset] = [guess + 1, endOffset];
    }
    return this.framesFrom(low, within.endSequence);
  }

  /** The first frames of which the last is not older than `timeMs`. @throws topic_unavailable. */
  async findTime(timeMs: number, within: Stretch): Promise<FramesMessage | undefined> {
    let { sequence: low, endSequence: high } = within;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const message = await this.message(middle);
      const isBefore =
        message !== undefined && message.kind !== "foreign" && endOf(message).timestampMs < timeMs;
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    return this.framesFrom(low, within.endSequence);
  }

  async #walk(offset: number, low: number, { endSequence }: Stretch): Promise<FramesMessage | undefined> {
    for (let at = low; at < endSequence; ) {
      const message = await this.framesFrom(at, endSequence);
      if (message === undefined || message.endOffset > offset) return message;
      at = message.sequence + 1;
    }
    return undefined;
  }

  async #read<Result>(read: () => Promise<Result>): Promise<Result> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof NoAnswer) && !(error instanceof JetStreamError)) throw error;
      throw new NetlogError("topic_unavailable", {
        reason: `NATS did not give a message of the topic (${error.message})`,
        cause: error,
      });
    }
  }
}
