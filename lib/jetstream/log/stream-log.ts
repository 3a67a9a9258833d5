/**
 * The log of a topic in a stream of NATS JetStream: puts the parts together. Appends go to the appender, reads to cursors
 * over the tail in memory and over NATS, dropping to retention. One server owns it at a time (claim.ts).
 */
import { NetlogError } from "../../base/errors.ts";
import { decodeFrameHeader, frameBytes } from "../../log/frame.ts";
import type {
  Appended,
  Durability,
  Log,
  LogCursor,
  LogDescription,
  LogEntry,
  LogFollower,
  LogLimits,
  VerifyStep,
  WakeReason,
} from "../../log/log.ts";
import { placedEntries } from "../../log/placed-frames.ts";
import { ReadGate } from "../../log/read-gate.ts";
import type { StopReason } from "../../log/standing.ts";
import { JetStreamError, NoAnswer } from "../nats/errors.ts";
import type { Unserved } from "./claim.ts";
import { findSegments } from "./find-segments.ts";
import { HeldTail } from "./held-tail.ts";
import { History, type Stretch } from "./history.ts";
import { LogWriter } from "./log-writer.ts";
import { StreamAppender } from "./stream-appender.ts";
import { type CursorLog, StreamCursor } from "./stream-cursor.ts";
import { claimedAs, type EngineShared, type StreamLogOptions } from "./stream-log-options.ts";
import { StreamRetention } from "./stream-retention.ts";
import type { StreamSegments } from "./stream-segments.ts";
import { verifyStream } from "./stream-verify.ts";
import { type TakenLog, takeOver } from "./take-over.ts";

export class StreamLog implements Log, CursorLog {
  readonly shared: EngineShared;
  readonly segments: StreamSegments;
  readonly held: HeldTail;
  readonly history: History;
  readonly gate: ReadGate = new ReadGate(this);
  /** The sequence of the claim by which this server took the log over. */
  readonly epoch: number;
  readonly #openedAtMs: number;
  readonly #writer: LogWriter;
  readonly #appender: StreamAppender;
  readonly #retention: StreamRetention;
  readonly #unserved: Unserved | undefined;
  #limits: LogLimits;
  #confirming: Promise<void> | undefined;

  private constructor(options: StreamLogOptions, taken: TakenLog, segments: StreamSegments) {
    const { shared, topic, limits } = options;
    const stream = shared.names.logStream(topic);
    this.shared = shared;
    this.segments = segments;
    this.epoch = taken.epoch;
    this.#unserved = claimedAs(options);
    this.#limits = limits;
    this.#openedAtMs = shared.runtime.now();
    this.held = new HeldTail(shared.tailBudget, shared.limits.tailBytes);
    this.history = new History(shared, stream, `${stream}:${shared.runtime.randomId()}`);
    this.#writer = new LogWriter(options, taken, segments, this.held);
    this.#appender = new StreamAppender(options, this.#writer, {
      onReadable: (highWatermark) => this.gate.wakeBelow(highWatermark),
      onEnded: () => this.gate.wakeEnded(),
    });
    this.#retention = new StreamRetention({
      shared,
      stream,
      segments,
      rollIfDue: (nowMs) => this.#appender.rollIfDue(nowMs),
      retentionSizeBytes: () => this.#limits.retentionSizeBytes,
    });
  }

  /**
   * Takes the log over from its owner, if it has one. Its stream is there.
   *
   * @throws topic_unavailable: NATS does not answer, or the stream cannot be used; topic_not_found: it is not there.
   */
  static async open(options: StreamLogOptions): Promise<StreamLog> {
    const { api, names, runtime } = options.shared;
    const taken = await takeOver(options);
    const segments = await told(() =>
      findSegments(taken, {
        api,
        stream: names.logStream(options.topic),
        logSubject: names.logSubject(options.topic),
        nowMs: runtime.now(),
      }),
    );
    return new StreamLog(options, taken, segments);
  }

  get logStartOffset(): number {
    return this.segments.first.baseOffset;
  }

  get logEndOffset(): number {
    return this.#appender.logEndOffset;
  }

  get highWatermark(): number {
    return this.#appender.syncedEndOffset;
  }

  get syncedEndOffset(): number {
    return this.#appender.syncedEndOffset;
  }

  get diskSizeBytes(): number {
    return this.segments.sizeBytes;
  }

  get newestAtMs(): number | undefined {
    return this.#appender.lastTimestampMs || undefined;
  }

  get waiterCount(): number {
    return this.gate.waiterCount;
  }

  get isClosing(): boolean {
    return this.#appender.standing.isClosing;
  }

  get isEnded(): boolean {
    return this.#appender.isEnded;
  }

  /** Messages that wait for their acks. */
  get inFlight(): number {
    return this.#writer.inFlight;
  }

  /** For StreamCursor. */
  get endSequence(): number {
    return this.#writer.storedSequence + 1;
  }

  closeForGood(keep: () => Promise<void>): Promise<void> {
    return this.#appender.closeForGood(keep);
  }

  wasClosedForGood(): void {
    this.#appender.closedForGood();
  }

  /** Resolves when this server still owned the log. @throws topic_unavailable. */
  confirmOwner(): Promise<void> {
    return this.#appender.confirmOwner();
  }

  confirm(): Promise<void> | undefined {
    if (this.#writer.isConfirmed) return undefined;
    this.#confirming ??= this.confirmOwner().finally(() => {
      this.#confirming = undefined;
    });
    return this.#confirming;
  }

  follow(follower: LogFollower): void {
    this.#appender.followed.follower = follower;
  }

  append(entries: readonly LogEntry[]): Promise<Appended>[] {
    return this.#appender.append(entries);
  }

  async appendFrames(frames: Buffer, durability: Durability): Promise<void> {
    await Promise.all(
      this.#appender.append(placedEntries(frames, durability, this.#appender.followed.follower)),
    );
  }

  openCursor(): LogCursor {
    return new StreamCursor(this);
  }

  waitFor(offset: number, wake: (reason: WakeReason) => void): () => void {
    return this.gate.waitFor(offset, wake);
  }

  async offsetAt(timeMs: number): Promise<number> {
    this.gate.throwIfUnreadable(this.logEndOffset);
    const { highWatermark } = this;
    const segment = this.segments.all.find(({ lastTimestampMs }) => lastTimestampMs >= timeMs);
    if (segment === undefined) return this.logEndOffset;
    const message = await this.history.findTime(timeMs, this.stretchOf(segment.baseOffset));
    if (message === undefined) return this.logEndOffset;
    let position = 0;
    let header = decodeFrameHeader(message.frames, position)!;
    while (header.timestampMs < timeMs) {
      position += frameBytes(header);
      header = decodeFrameHeader(message.frames, position)!;
    }
    return header.baseOffset < highWatermark ? header.baseOffset : this.logEndOffset;
  }

  describe(): Promise<LogDescription> {
    return Promise.resolve({
      logStartOffset: this.logStartOffset,
      logEndOffset: this.logEndOffset,
      highWatermark: this.highWatermark,
      diskSizeBytes: this.diskSizeBytes,
      modifiedAtMs: this.newestAtMs ?? this.#openedAtMs,
      segments: this.segments.describe(),
    });
  }

  async *verify(from: number): AsyncGenerator<VerifyStep, void, void> {
    this.gate.throwIfUnreadable(from);
    const { shared, endSequence, highWatermark: endOffset } = this;
    const { sequence } = this.segments.find(from);
    const { stream } = this.history;
    const steps = verifyStream({ shared, stream, sequence, endSequence, from, endOffset });
    for (;;) {
      const step = await told(() => steps.next());
      if (step.done === true) return;
      this.gate.throwIfUnreadable(this.logEndOffset);
      yield step.value;
    }
  }

  setLimits(limits: LogLimits): Promise<void> {
    this.#limits = limits;
    this.#appender.setLimits(limits);
    return Promise.resolve();
  }

  beginSegment(): Promise<void> {
    return this.#appender.beginSegment();
  }

  applyRetention(expireBeforeMs: number, dropBelow: number = Infinity): Promise<void> {
    return told(() => this.#retention.apply(expireBeforeMs, dropBelow));
  }

  keepSegments<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#retention.keepSegments(work);
  }

  sync(): Promise<void> {
    return this.#appender.syncAll();
  }

  /** There is none: the newest message tells all that an opening needs. */
  writeIndex(): void {
    this.#appender.followed.noteCheckpoint();
  }

  /** Also lets go of the log. */
  async close(): Promise<void> {
    if (this.gate.stopped === undefined) await this.#leave(this.#unserved);
  }

  /**
   * Closes the log, whose servers find it to be `unserved` from now on, or not to be so any more. Durable when it resolves, and
   * no other server had the log until then. @throws topic_unavailable.
   */
  async leaveAs(unserved: Unserved | undefined): Promise<void> {
    if (this.gate.stopped === undefined && (await this.#leave(unserved))) return;
    const reason = this.#appender.standing.failureReason;
    throw new NetlogError("topic_unavailable", { reason: `NATS did not take its last claim (${reason})` });
  }

  async #leave(unserved: Unserved | undefined): Promise<boolean> {
    await this.#stop("closed");
    const isLeft = !this.#appender.standing.hasFailed && (await this.#writer.release(unserved));
    this.#writer.stop();
    this.held.reset();
    return isLeft;
  }

  async delete(): Promise<void> {
    await this.#stop("deleted");
    this.held.reset();
  }

  /** For StreamCursor. */
  stretchOf(offset: number): Stretch {
    const segment = this.segments.find(offset);
    const next = this.segments.next(segment);
    return {
      sequence: segment.sequence,
      offset: segment.baseOffset,
      endSequence: next?.sequence ?? this.endSequence,
      endOffset: next?.baseOffset ?? this.highWatermark,
    };
  }

  async #stop(reason: StopReason): Promise<void> {
    const stopped = Promise.all([this.#appender.stop(reason), this.#retention.stop()]);
    this.gate.stop(reason);
    await stopped;
  }
}

/** What NATS refuses, or does not answer, in words for a client. */
async function told<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof NoAnswer) && !(error instanceof JetStreamError)) throw error;
    const reason = `NATS refused or did not answer (${error.message})`;
    throw new NetlogError("topic_unavailable", { reason, cause: error });
  }
}
