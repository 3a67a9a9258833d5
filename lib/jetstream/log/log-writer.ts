/**
 * Makes the messages of a log's stream and sends them: frames with offsets, and the claims that segments begin with. It
 * knows where the log ends as written and as stored, and goes back to the latter when NATS refuses.
 */
import type { LogEntry } from "../../log/log.ts";
import type { PendingAppend } from "../../log/pending-append.ts";
import { encodeClaim, type Unserved } from "./claim.ts";
import { CLAIM_KIND, encodeMessage, FRAMES_KIND, newUid, type Uid } from "./envelope.ts";
import type { HeldTail } from "./held-tail.ts";
import {
  OrderedPublisher,
  type PublisherEnd,
  type PublisherOwner,
  type Refusal,
} from "./ordered-publisher.ts";
import type { Outgoing } from "./outgoing.ts";
import { claimedAs, type StreamLogOptions } from "./stream-log-options.ts";
import { markOf, type StreamSegment, type StreamSegments } from "./stream-segments.ts";
import type { TakenLog } from "./take-over.ts";

export interface WrittenMessage extends Outgoing {
  readonly appends: readonly PendingAppend[];
  /** The size of its frames. */
  readonly sizeBytes: number;
  /** Where the log ends behind this message. */
  readonly endOffset: number;
  readonly timestampMs: number;
}

type ClaimOutcome = "stored" | "ended" | Refusal;

export type LogWriterOwner = PublisherOwner<WrittenMessage>;

/** Frames of one message that is not sent yet; they have their offsets. */
export interface Draft {
  readonly appends: PendingAppend[];
  readonly pieces: Buffer[];
  sizeBytes: number;
}

export class LogWriter implements PublisherOwner<WrittenMessage> {
  readonly stream: string;
  readonly segments: StreamSegments;
  readonly held: HeldTail;
  /** Where the log ends as it was written, stored or not. */
  endOffset: number;
  lastTimestampMs: number;
  storedEndOffset: number;
  #storedTimestampMs: number;
  /** The active segment's. */
  #storedSizeBytes: number;
  readonly #options: StreamLogOptions;
  readonly #epoch: number;
  readonly #created: string;
  readonly #firstUid: Uid;
  #uidCount = 0;
  readonly #publisher: OrderedPublisher<WrittenMessage>;
  #owner: LogWriterOwner | undefined;
  /** Settles the claim that is in flight. */
  #settleClaim: ((outcome: ClaimOutcome) => void) | undefined;
  #waitingClaimCount = 0;
  readonly #progress: (() => void)[] = [];

  constructor(options: StreamLogOptions, taken: TakenLog, segments: StreamSegments, held: HeldTail) {
    const { api, runtime, logger, limits, engineCounters: counters, names, copies } = options.shared;
    this.#options = options;
    this.stream = names.logStream(options.topic);
    this.segments = segments;
    this.held = held;
    this.endOffset = taken.endOffset;
    this.storedEndOffset = taken.endOffset;
    this.lastTimestampMs = taken.timestampMs;
    this.#storedTimestampMs = taken.timestampMs;
    this.#storedSizeBytes = segments.active.sizeBytes;
    this.#epoch = taken.epoch;
    this.#created = taken.created;
    this.#firstUid = newUid(runtime);
    this.#publisher = new OrderedPublisher<WrittenMessage>({
      api,
      runtime,
      logger,
      limits,
      counters,
      stream: this.stream,
      copies,
      lastSequence: taken.epoch,
      owner: this,
    });
  }

  /** Claims come before frames: where frames never end, they would not have their turn. */
  get canSend(): boolean {
    return this.#publisher.canSend && this.#waitingClaimCount === 0;
  }

  /** What claims say while the log is open here. */
  get #unserved(): Unserved | undefined {
    return claimedAs(this.#options);
  }

  get inFlight(): number {
    return this.#publisher.inFlight;
  }

  /** See OrderedPublisher. */
  get isConfirmed(): boolean {
    return this.#publisher.isConfirmed;
  }

  /** The sequence of the newest message that is stored. */
  get storedSequence(): number {
    return this.#publisher.storedSequence;
  }

  serve(owner: LogWriterOwner): void {
    this.#owner = owner;
  }

  /** Writes frames of the log's next offsets. */
  add(draft: Draft, appends: readonly PendingAppend[], sizeBytes: number, timestampMs: number): void {
    const entries = appends.map(({ entry }): LogEntry => entry);
    const { endOffset: baseOffset, storedEndOffset } = this;
    draft.pieces.push(this.held.write(entries, sizeBytes, { baseOffset, timestampMs, storedEndOffset }));
    draft.appends.push(...appends);
    draft.sizeBytes += sizeBytes;
    const { active } = this.segments;
    active.sizeBytes += sizeBytes;
    active.firstTimestampMs ??= timestampMs;
    active.lastTimestampMs = timestampMs;
    this.lastTimestampMs = timestampMs;
    for (const append of appends) {
      append.baseOffset = this.endOffset;
      append.timestampMs = timestampMs;
      this.endOffset += append.entry.count;
    }
  }

  /** Sends a draft. The writer can send. */
  send({ appends, pieces, sizeBytes }: Draft): void {
    const { names } = this.#options.shared;
    const uid = this.#nextUid();
    const segment = markOf(this.segments.active);
    const payload = encodeMessage({ kind: FRAMES_KIND, epoch: this.#epoch, uid, segment }, pieces);
    this.#send(names.logSubject(this.#options.topic), payload, uid, appends, sizeBytes);
  }

  /**
   * Begins a segment, with a claim of its own: retention then never drops the newest claim. No frames are in flight. Resolves
   * when that is stored; else with what NATS refused it for. Where the writer has ended, nothing has begun.
   */
  async beginSegment(): Promise<Refusal | undefined> {
    while (this.inFlight > 0) await this.#publisher.idle();
    const segment: StreamSegment = {
      sequence: this.#publisher.nextSequence,
      baseOffset: this.endOffset,
      sizeBytes: 0,
      firstTimestampMs: undefined,
      lastTimestampMs: this.lastTimestampMs,
      firstSeenAtMs: this.#options.shared.runtime.now(),
    };
    const outcome = await this.#sendClaim(segment, this.#options.owner.incarnation, this.#unserved, () => {
      this.segments.begin(segment);
      this.#storedSizeBytes = 0;
    });
    return outcome === "stored" || outcome === "ended" ? undefined : outcome;
  }

  /** Claims the log again, behind what is in flight. True when that is stored: no other server had the log until then. */
  async confirm(): Promise<boolean> {
    this.#waitingClaimCount += 1;
    while (this.inFlight > 0) await this.#publisher.idle();
    this.#waitingClaimCount -= 1;
    if (!this.#publisher.canSend) return false;
    const { incarnation } = this.#options.owner;
    return (await this.#sendClaim(this.segments.active, incarnation, this.#unserved)) === "stored";
  }

  /** Lets go of the log: another server may take it at once, if it is served. True when that is stored. */
  async release(unserved: Unserved | undefined): Promise<boolean> {
    while (this.inFlight > 0) await this.#publisher.idle();
    if (!this.canSend) return false;
    return (await this.#sendClaim(this.segments.active, null, unserved)) === "stored";
  }

  /** Resolves when nothing is in flight any more. */
  async idle(): Promise<void> {
    while (this.inFlight > 0) await this.#publisher.idle();
  }

  /** Resolves when the next message is stored, or will not be. */
  progress(): Promise<void> {
    return new Promise((resolve) => this.#progress.push(resolve));
  }

  /** Nothing is sent any more. */
  stop(): void {
    this.#publisher.stop();
    this.#keepAcknowledged();
    this.#reportClaim("ended");
    this.#reportProgress();
  }

  /** For OrderedPublisher. */
  stored(message: WrittenMessage): void {
    this.storedEndOffset = message.endOffset;
    this.#storedTimestampMs = message.timestampMs;
    this.#storedSizeBytes += message.sizeBytes;
    this.#reportClaim("stored");
    this.#owner!.stored(message);
    this.#reportProgress();
  }

  /** For OrderedPublisher. */
  refused(reason: Refusal, message: WrittenMessage): void {
    this.endOffset = this.storedEndOffset;
    this.lastTimestampMs = this.#storedTimestampMs;
    const { active } = this.segments;
    active.sizeBytes = this.#storedSizeBytes;
    active.lastTimestampMs = this.#storedTimestampMs;
    if (active.sizeBytes === 0) active.firstTimestampMs = undefined;
    this.held.reset();
    this.#reportClaim(reason);
    this.#owner!.refused(reason, message);
    this.#reportProgress();
  }

  /** For OrderedPublisher. */
  ended(reason: PublisherEnd, message: WrittenMessage | undefined): void {
    const { engineCounters: counters } = this.#options.shared;
    if (reason === "fenced") counters.fences += 1;
    else if (reason === "data_lost") counters.dataLosses += 1;
    else if (reason === "unresolved") counters.unresolvedEnds += 1;
    this.#keepAcknowledged();
    this.#reportClaim("ended");
    this.#owner!.ended(reason, message);
    this.#reportProgress();
  }

  /** For OrderedPublisher. */
  ready(): void {
    this.#owner!.ready();
  }

  /** The writer can send. Calls `stored` before anything else is sent. */
  #sendClaim(
    segment: StreamSegment,
    owner: string | null,
    unserved: Unserved | undefined,
    stored?: () => void,
  ): Promise<ClaimOutcome> {
    const { shared, topic, owner: self } = this.#options;
    const { url = null, isMover } = self;
    const { endOffset, lastTimestampMs: timestampMs } = this;
    const uid = this.#nextUid();
    const at = shared.runtime.now();
    const claim = encodeClaim({ owner, url, isMover, endOffset, timestampMs, at, unserved });
    const envelope = { kind: CLAIM_KIND, epoch: this.#epoch, uid, segment: markOf(segment) };
    const outcome = new Promise<ClaimOutcome>((resolve) => {
      this.#settleClaim = (came) => {
        if (came === "stored") stored?.();
        resolve(came);
      };
    });
    this.#send(shared.names.ownerSubject(topic), encodeMessage(envelope, [claim]), uid, [], 0);
    return outcome;
  }

  #send(
    subject: string,
    payload: Buffer,
    uid: Uid,
    appends: readonly PendingAppend[],
    sizeBytes: number,
  ): void {
    this.#publisher.send({
      sequence: this.#publisher.nextSequence,
      subject,
      payload,
      uid,
      mayBeStored: false,
      appends,
      sizeBytes,
      endOffset: this.endOffset,
      timestampMs: this.lastTimestampMs,
    });
  }

  #nextUid(): Uid {
    const { high, low } = this.#firstUid;
    return { high, low: (low + ++this.#uidCount) >>> 0 };
  }

  #reportClaim(outcome: ClaimOutcome): void {
    this.#settleClaim?.(outcome);
    this.#settleClaim = undefined;
  }

  /** For this server's next take-over of the log. */
  #keepAcknowledged(): void {
    const { acknowledged } = this.#options.shared;
    acknowledged.set(this.stream, { created: this.#created, sequence: this.storedSequence });
  }

  #reportProgress(): void {
    for (const resolve of this.#progress.splice(0)) resolve();
  }
}
