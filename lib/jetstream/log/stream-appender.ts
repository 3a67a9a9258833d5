/**
 * The one writer of a log on NATS. It gives offsets and times when a message of the stream is made, which takes all that
 * waits, as soon as none is in flight. What a majority has stored becomes readable and is answered:
 * `written` and `synced` are one here. Rolling and closing wait until nothing is in flight.
 */
import { isNetlogError, type NetlogError } from "../../base/errors.ts";
import { frameBytesOf } from "../../log/frame-writer.ts";
import { GuardedAppends, type GuardedLog } from "../../log/guarded-appends.ts";
import type { Appended, LogEntry, LogLimits } from "../../log/log.ts";
import { type PendingAppend, pendingAppend, UnsettledAppends } from "../../log/pending-append.ts";
import { hasGrownOld, rangeRefusal } from "../../log/roll-policy.ts";
import { Standing, type StopReason } from "../../log/standing.ts";
import { FollowedLog } from "./followed-log.ts";
import { END_REASONS, notStored, refusalOf, shortOfRoom, unknownAtNats } from "./log-failures.ts";
import type { Draft, LogWriter, LogWriterOwner, WrittenMessage } from "./log-writer.ts";
import { type MessageRoom, refusalOfLong, roomFor } from "./message-room.ts";
import { type NextMessageParts, nextMessage } from "./next-message.ts";
import type { PublisherEnd, Refusal } from "./ordered-publisher.ts";
import { Stall } from "./stall.ts";
import type { LogFailure, StreamLogOptions } from "./stream-log-options.ts";

export interface AppenderReports {
  readonly onReadable: (highWatermark: number) => void;
  /** The log is closed for good, and everything can be read. */
  readonly onEnded: () => void;
}

export class StreamAppender implements GuardedLog, LogWriterOwner {
  readonly queue: PendingAppend[] = [];
  readonly standing: Standing = new Standing();
  readonly followed: FollowedLog;
  readonly #options: StreamLogOptions;
  readonly #reports: AppenderReports;
  readonly #writer: LogWriter;
  readonly #guarded: GuardedAppends;
  readonly #unsettled = new UnsettledAppends();
  #limits: LogLimits;
  /** A roll or a close is under way. */
  #blocked: Promise<void> | undefined;
  readonly #stall: Stall;
  readonly #nextParts: NextMessageParts;
  #hasReportedFailure = false;

  constructor(options: StreamLogOptions, writer: LogWriter, reports: AppenderReports) {
    this.#options = options;
    this.#writer = writer;
    this.#reports = reports;
    this.#limits = options.limits;
    const { runtime, limits: caps } = options.shared;
    this.followed = new FollowedLog(caps.indexCheckpointBytes);
    this.#guarded = new GuardedAppends(this, this.standing, this.#unsettled, { runtime, caps });
    this.#stall = new Stall(runtime, caps.engineResolveMs, () => this.#pump());
    this.#nextParts = {
      queue: this.queue,
      guarded: this.#guarded,
      room: (messageBytes) => this.#room(messageBytes),
      write: (draft, group) => this.#write(draft, group),
    };
    writer.serve(this);
  }

  get logEndOffset(): number {
    return this.#writer.endOffset;
  }

  get lastTimestampMs(): number {
    return this.#writer.lastTimestampMs;
  }

  get syncedEndOffset(): number {
    return this.#writer.storedEndOffset;
  }

  get isEnded(): boolean {
    return this.standing.isClosedForGood && this.syncedEndOffset === this.logEndOffset;
  }

  append(entries: readonly LogEntry[]): Promise<Appended>[] {
    const pending = entries.map(toBeStored);
    for (const append of pending) {
      const tooLong = refusalOfLong(append.entry, this.#options.shared.maxPayloadBytes);
      if (tooLong === undefined) this.queue.push(append);
      else this.#guarded.refuse(append, tooLong);
    }
    this.#pump();
    if (this.queue.length > 0) this.#guarded.limitWaits(this.queue.slice(-pending.length));
    return pending.map(({ promise }) => promise);
  }

  /** Resolves when everything appended so far is stored. @throws sync_failed, topic_unavailable. */
  async syncAll(): Promise<void> {
    while (this.#blocked !== undefined) await this.#blocked;
    this.standing.throwIfRefusing();
    await this.queue.at(-1)?.promise.catch(() => {});
    const endOffset = this.logEndOffset;
    while (this.syncedEndOffset < endOffset && !this.standing.hasFailed) await this.#writer.progress();
    if (this.standing.hasFailed && this.syncedEndOffset < endOffset) throw unknownAtNats();
  }

  setLimits(limits: LogLimits): void {
    this.#limits = limits;
    this.#pump();
  }

  /** Rolls when the active segment has grown old. */
  async rollIfDue(nowMs: number): Promise<void> {
    while (this.#blocked !== undefined) await this.#blocked;
    if (this.standing.failure() !== undefined || !this.#writer.canSend) return;
    if (!hasGrownOld(this.#writer.segments.active, this.#limits, nowMs)) return;
    this.#block(this.#roll());
    await this.#blocked;
  }

  /** As Log.beginSegment. */
  async beginSegment(): Promise<void> {
    while (this.#blocked !== undefined) await this.#blocked;
    this.standing.throwIfRefusing();
    const { active } = this.#writer.segments;
    if (active.sizeBytes === 0) return;
    this.#block(this.#roll());
    await this.#blocked;
    if (this.#writer.segments.active === active) throw this.standing.failure() ?? refusalOf("unreachable");
  }

  /** Resolves when the log was still this server's. @throws topic_unavailable. */
  async confirmOwner(): Promise<void> {
    if (await this.#writer.confirm()) return;
    throw this.standing.failure() ?? refusalOf("unreachable");
  }

  /** As Log.closeForGood. */
  async closeForGood(keep: () => Promise<void>): Promise<void> {
    await this.syncAll();
    if (this.standing.isClosedForGood) return;
    if (this.#blocked !== undefined) return this.closeForGood(keep);
    this.standing.throwIfRefusing();
    const closing = this.#closeForGood(keep);
    this.#block(closing.catch(() => {}));
    await closing;
  }

  /** Nothing is appended from now on, for good. */
  closedForGood(): void {
    this.standing.isClosedForGood = true;
    if (this.isEnded) this.#reports.onEnded();
  }

  /**
   * No appends from now on; those that wait are refused. Resolves when nothing is in flight; in a deleted log nobody waits
   * for that.
   */
  async stop(reason: StopReason): Promise<void> {
    this.standing.stopped ??= reason;
    this.#stall.end();
    if (reason === "deleted") {
      this.#unsettled.rejectAll(this.standing.failure()!);
      this.#writer.stop();
    }
    this.#pump();
    while (this.#blocked !== undefined) await this.#blocked;
    await this.#writer.idle();
  }

  /** For LogWriter. */
  stored({ endOffset, appends, sizeBytes }: WrittenMessage): void {
    this.#unsettled.settleUpTo(endOffset);
    if (appends.length > 0) this.#reports.onReadable(endOffset);
    if (this.isEnded) this.#reports.onEnded();
    this.followed.stored(endOffset, sizeBytes);
  }

  /** For LogWriter. */
  refused(reason: Refusal, { appends }: WrittenMessage): void {
    const refusal = refusalOf(reason);
    // Guards have taken their appends in, and nothing takes them out again: the memory is wrong, and made anew.
    if (appends.some(({ entry }) => entry.guard !== undefined)) this.#fail(refusal.reason!);
    this.followed.refused();
    for (const append of appends) append.reject(refusal);
    this.#unsettled.rejectAll(refusal);
    if (this.standing.hasFailed) this.#reportFailure("refused");
    this.#pump();
  }

  /** For LogWriter. */
  ended(reason: PublisherEnd, message: WrittenMessage | undefined): void {
    const why = END_REASONS[reason];
    const { logger } = this.#options.shared;
    logger.error(
      { stream: this.#writer.stream, reason },
      "a log on NATS has ended: its topic takes no messages",
    );
    this.#fail(why);
    const mayBeStored = message?.mayBeStored === true && reason !== "fenced";
    for (const append of message?.appends ?? [])
      append.reject(mayBeStored ? unknownAtNats() : notStored(why));
    this.#unsettled.rejectAll(unknownAtNats());
    this.#pump();
    this.#reportFailure(reason);
  }

  /** For LogWriter. */
  ready(): void {
    this.#stall.end();
    this.#pump();
  }

  #fail(reason: string): void {
    this.standing.hasFailed = true;
    this.standing.failureReason = reason;
    this.#writer.stop();
    this.followed.follower?.failed();
  }

  /** Once: the topic is given back then, and may be served by another log when this one fails again. */
  #reportFailure(failure: LogFailure): void {
    if (this.#hasReportedFailure) return;
    this.#hasReportedFailure = true;
    this.#options.onFailed?.(failure);
  }

  /** Writes what waits, as long as it can be sent. */
  #pump(): void {
    while (this.queue.length > 0 && this.#blocked === undefined) {
      const refusal = this.#refusal();
      if (refusal !== undefined) {
        for (const append of this.queue.splice(0)) this.#guarded.refuse(append, refusal);
      } else if (!this.#writer.canSend) {
        this.#stall.begin();
        return;
      } else if (this.#mustRoll()) this.#block(this.#roll());
      else this.#writeMessage();
    }
  }

  #refusal(): NetlogError | undefined {
    const { runtime, limits, room } = this.#options.shared;
    const { logEndOffset, lastTimestampMs } = this;
    return (
      this.standing.refusal(logEndOffset) ??
      rangeRefusal(limits, logEndOffset, runtime.now(), lastTimestampMs) ??
      (room.shortage === undefined ? undefined : shortOfRoom(room.shortage)) ??
      (this.#stall.isOver && !this.#writer.canSend ? refusalOf("unreachable") : undefined)
    );
  }

  #mustRoll(): boolean {
    const { segment, limits } = this.#room(0);
    if (hasGrownOld(segment, limits, this.#options.shared.runtime.now())) return true;
    return roomFor(this.queue, 1, this.#room(0)) === 0;
  }

  #room(messageBytes: number): MessageRoom {
    const { active: segment } = this.#writer.segments;
    const caps = this.#options.shared.limits;
    return { segment, limits: this.#limits, caps, messageBytes, endOffset: this.logEndOffset };
  }

  #writeMessage(): void {
    const firstOffset = this.logEndOffset;
    const { draft, closing } = nextMessage(this.#nextParts);
    if (closing !== undefined) this.#block(this.#closeWith(closing));
    if (draft.appends.length === 0) return;
    this.#options.shared.counters.noteWrite(this.logEndOffset - firstOffset, 0);
    this.#writer.send(draft);
    this.followed.sent(this.logEndOffset);
  }

  #write(draft: Draft, group: readonly PendingAppend[]): void {
    const { runtime } = this.#options.shared;
    const { given } = group[0]!.entry;
    const timestampMs = given?.timestampMs ?? Math.max(runtime.now(), this.lastTimestampMs);
    const sizeBytes = group.reduce((sum, { entry }) => sum + frameBytesOf(entry), 0);
    this.#writer.add(draft, group, sizeBytes, timestampMs);
    for (const append of group) {
      append.entry.guard?.written(append.baseOffset, timestampMs);
      this.#unsettled.add(append);
    }
  }

  /** What comes behind an append that closes waits for its outcome. */
  async #closeWith(append: PendingAppend): Promise<void> {
    this.standing.isClosingForGood = true;
    await append.promise.then(() => this.closedForGood()).catch(() => {});
    this.standing.isClosingForGood = false;
  }

  /** Never rejects: a roll that fails refuses what waited for it, and leaves the log as it was. */
  async #roll(): Promise<void> {
    await this.#writer.idle();
    if (this.standing.failure() !== undefined) return;
    this.followed.follower?.rolled();
    const refusal = await this.#writer.beginSegment();
    if (refusal === undefined) return;
    for (const append of this.queue.splice(0)) this.#guarded.refuse(append, refusalOf(refusal));
  }

  async #closeForGood(keep: () => Promise<void>): Promise<void> {
    this.standing.isClosingForGood = true;
    try {
      await this.#writer.idle();
      this.standing.throwIfRefusing();
      await keep();
      this.closedForGood();
    } catch (error) {
      if (isNetlogError(error, "sync_failed")) {
        this.#fail("nobody knows whether the topic was closed; it is being taken up again");
        this.#reportFailure("unresolved");
      }
      throw isNetlogError(error) ? error : unknownAtNats();
    } finally {
      this.standing.isClosingForGood = false;
    }
  }

  /** Appends wait until `work` is done. */
  #block(work: Promise<void>): void {
    this.#blocked = work.finally(() => {
      this.#blocked = undefined;
      this.#pump();
    });
  }
}

/** Nothing is answered before a majority has stored it: `written` means no less here. */
function toBeStored(entry: LogEntry): PendingAppend {
  return pendingAppend(entry.durability === "synced" ? entry : { ...entry, durability: "synced" });
}
