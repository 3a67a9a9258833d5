/**
 * The one writer of a log, with group commit: writes what it is given at once, syncs in the background, moves the
 * high watermark and settles the appends. Rolls, and cuts back what a failed write left; while it does either,
 * appends wait in order.
 *
 * Visibility belongs to the log, the answer to the request: in a `synced` log the high watermark moves with syncs
 * alone, so an append that asked for `written` may resolve before its messages can be read.
 */
import { isNetlogError, NetlogError } from "../base/errors.ts";
import { LONG_BYTES } from "../base/loop-share.ts";
import { refusedWrite } from "../disk/disk-refusals.ts";
import type { AppenderOptions } from "./appender-options.ts";
import { cutBack } from "./cut-back.ts";
import { type GroupPlace, isLong, writeGroup, writeLong } from "./frame-writer.ts";
import { GuardedAppends } from "./guarded-appends.ts";
import type { Appended, LogEntry, LogFollower, LogLimits } from "./log.ts";
import { type PendingAppend, pendingAppend, UnsettledAppends } from "./pending-append.ts";
import { groupEnd, isDueToRoll, rangeRefusal } from "./roll-policy.ts";
import type { Segment } from "./segment.ts";
import { Standing, type StopReason, unknownOutcome } from "./standing.ts";
import { SyncLoop, type SyncLoopOwner } from "./sync-loop.ts";

export class Appender implements SyncLoopOwner {
  readonly #options: AppenderOptions;
  readonly #sync: SyncLoop;
  #limits: LogLimits;
  lastTimestampMs: number;
  logEndOffset: number;
  highWatermark: number;
  /** Those that asked to be synced. */
  readonly #unsettled = new UnsettledAppends();
  readonly queue: PendingAppend[] = [];
  /** A roll or the clean-up after a failed write is under way. */
  #blocked: Promise<void> | undefined;
  /** A roll failed: nothing goes to the old segment until one succeeds. */
  #mustRoll = false;
  readonly standing: Standing = new Standing();
  readonly #guarded: GuardedAppends;
  follower: LogFollower | undefined;

  constructor(options: AppenderOptions) {
    this.#options = options;
    this.#limits = options.limits;
    this.lastTimestampMs = options.lastTimestampMs;
    this.logEndOffset = options.logEndOffset;
    this.highWatermark = options.logEndOffset;
    this.#sync = new SyncLoop(this, options);
    this.#guarded = new GuardedAppends(this, this.standing, this.#unsettled, options);
  }

  get activeSegment(): Segment {
    return this.#options.segments.active;
  }

  get syncedEndOffset(): number {
    return this.#sync.syncedEndOffset;
  }

  get syncsEagerly(): boolean {
    return this.#limits.durability === "synced" || !this.#unsettled.isEmpty;
  }

  /** Closed for good, and all of it can be read. */
  get isEnded(): boolean {
    return this.standing.isClosedForGood && this.highWatermark === this.logEndOffset;
  }

  append(entries: readonly LogEntry[]): Promise<Appended>[] {
    const pending = entries.map(pendingAppend);
    const promises = pending.map((append) => append.promise);
    if (this.#blocked === undefined) this.#write(pending);
    else {
      this.queue.push(...pending);
      this.#guarded.limitWaits(pending);
    }
    return promises;
  }

  /** Resolves when everything appended so far is on the disk. */
  async syncAll(): Promise<void> {
    while (this.#blocked !== undefined) await this.#blocked;
    this.standing.throwIfRefusing();
    try {
      await this.#sync.syncAll();
    } catch (error) {
      throw new NetlogError("sync_failed", { reason: "the disk did not confirm the sync", cause: error });
    }
  }

  /** From `written` to `synced` everything is synced first, so that nothing readable can be lost. */
  async setLimits(limits: LogLimits): Promise<void> {
    const isStricter = limits.durability === "synced" && this.#limits.durability === "written";
    if (isStricter) await this.syncAll();
    this.#limits = limits;
    this.#advance();
    // What was written meanwhile could be read at once.
    if (isStricter) await this.syncAll();
  }

  /** Rolls when the active segment has grown old. */
  rollIfDue(nowMs: number): Promise<void> {
    return this.rollIf(() => isDueToRoll(this.activeSegment, this.#limits, nowMs));
  }

  /** Where that fails, the next append tries again, and says why. */
  async rollIf(isDue: () => boolean): Promise<void> {
    while (this.#blocked !== undefined) await this.#blocked;
    if (this.standing.failure() !== undefined || !isDue()) return;
    this.#block(this.#roll());
    await this.#blocked;
  }

  /** As Log.closeForGood. */
  async closeForGood(keep: () => Promise<void>): Promise<void> {
    await this.syncAll();
    if (this.standing.isClosedForGood) return;
    if (this.#blocked !== undefined) return this.closeForGood(keep);
    // It may have been stopped meanwhile, and then its file is not to be touched.
    this.standing.throwIfRefusing();
    const closing = this.#closeForGood(keep);
    this.#block(closing.catch(() => {}));
    await closing;
  }

  async #closeForGood(keep: () => Promise<void>): Promise<void> {
    this.standing.isClosingForGood = true;
    try {
      await this.#sync.syncAll();
      await keep();
      this.closedForGood();
    } catch (error) {
      if (isNetlogError(error, "sync_failed")) this.#fail();
      throw isNetlogError(error) ? error : unknownOutcome(error);
    } finally {
      this.standing.isClosingForGood = false;
    }
  }

  /** Nothing is appended from now on, for good. */
  closedForGood(): void {
    this.standing.isClosedForGood = true;
    if (this.isEnded) this.#options.onEnded();
  }

  /**
   * No appends from now on; those that wait are refused. Resolves when no disk operation is under way. A closed log
   * is synced before; in a deleted one, appends that wait for a sync reject with `topic_not_found`.
   */
  async stop(reason: StopReason): Promise<void> {
    this.standing.stopped ??= reason;
    this.#sync.cancelTimer();
    if (reason === "deleted") this.#unsettled.rejectAll(this.standing.failure()!);
    while (this.#blocked !== undefined) await this.#blocked;
    if (reason === "closed") await this.#sync.tryToSync(this.#options.logger);
    await this.#sync.settle();
    this.#sync.releaseFile();
  }

  /** For SyncLoop. */
  synced(): void {
    this.#unsettled.settleUpTo(this.syncedEndOffset);
    this.#advance();
    this.follower?.syncEnded();
    this.#options.onSynced();
  }

  /** For SyncLoop. */
  syncBegins(): void {
    if (this.#blocked === undefined && !this.standing.hasFailed) this.follower?.syncBegins();
  }

  /** For SyncLoop. */
  syncFailed(error: unknown): void {
    this.#fail();
    this.#sync.cancelTimer();
    this.#options.logger.error(
      { err: error },
      "a sync failed: the topic takes no messages until it is reopened",
    );
    this.#unsettled.rejectAll(unknownOutcome(error));
  }

  #fail(): void {
    this.standing.hasFailed = true;
    this.follower?.failed();
  }

  #write(pending: PendingAppend[]): void {
    const nowMs = this.#options.runtime.now();
    const { caps } = this.#options;
    const refusal =
      this.standing.refusal(this.logEndOffset) ??
      rangeRefusal(caps, this.logEndOffset, nowMs, this.lastTimestampMs);
    if (refusal !== undefined) {
      for (const append of pending) this.#guarded.refuse(append, refusal);
      this.#advance();
      return;
    }
    let from = 0;
    const longEnd = this.activeSegment.sizeBytes + LONG_BYTES;
    while (from < pending.length && this.#blocked === undefined) {
      const runEnd = this.#guarded.judgeRun(pending, from);
      if (runEnd === from) continue;
      const to = this.#groupEnd(pending, from, runEnd);
      if (to === from) this.#block(this.#roll());
      else if (isLong(pending[from]!.entry)) this.#block(this.#writeLong(pending[from]!));
      else this.#writeGroup(pending.slice(from, to));
      from = to;
      // What is left waits for the next turn.
      const isMuch = this.activeSegment.sizeBytes > longEnd && from < pending.length;
      if (isMuch && this.#blocked === undefined) this.#block(this.#options.runtime.pause());
    }
    this.queue.unshift(...pending.slice(from));
    this.#advance();
  }

  /** The end of the entries, up to `runEnd`, that one write takes; `from` when the appender must roll first. */
  #groupEnd(pending: readonly PendingAppend[], from: number, runEnd: number): number {
    const { runtime, caps } = this.#options;
    const segment = this.activeSegment;
    if (this.#mustRoll || isDueToRoll(segment, this.#limits, runtime.now())) return from;
    return groupEnd(pending, from, runEnd, this.logEndOffset, segment, this.#limits, caps);
  }

  #writeGroup(group: readonly PendingAppend[]): void {
    const segment = this.activeSegment;
    const position = segment.sizeBytes;
    const startedMs = this.#options.runtime.elapsedMs();
    const place = this.#nextPlace(group[0]!);
    try {
      const entries = group.map((append) => append.entry);
      writeGroup(this.#sync.fileForWrite(segment), segment, this.#options.tail, entries, place);
    } catch (error) {
      this.#block(this.#takeBack(segment, position, group, error));
      return;
    }
    this.#noteWritten(group, place.timestampMs, startedMs);
    if (group.at(-1)!.entry.closes === true) this.#block(this.#closeWith(group.at(-1)!));
  }

  #nextPlace({ entry }: PendingAppend): GroupPlace {
    const { runtime } = this.#options;
    const timestampMs = entry.given?.timestampMs ?? Math.max(runtime.now(), this.lastTimestampMs);
    return { baseOffset: this.logEndOffset, syncedEndOffset: this.syncedEndOffset, timestampMs };
  }

  /** Writes a long entry in pieces, while others wait. Never rejects. */
  async #writeLong(append: PendingAppend): Promise<void> {
    const { runtime, tail } = this.#options;
    const segment = this.activeSegment;
    const position = segment.sizeBytes;
    const startedMs = runtime.elapsedMs();
    const place = this.#nextPlace(append);
    try {
      const openFile = () => this.#sync.fileForWrite(segment);
      await writeLong(openFile, segment, tail, append.entry, place, () => runtime.pause());
    } catch (error) {
      await this.#takeBack(segment, position, [append], error);
      return;
    }
    const { hasFailed, stopped } = this.standing;
    if (hasFailed || stopped === "deleted") {
      this.#lose([append], hasFailed ? unknownOutcome() : this.standing.failure()!);
      return;
    }
    this.#noteWritten([append], place.timestampMs, startedMs);
    this.#advance();
    if (append.entry.closes === true) await this.#closeWith(append);
  }

  #noteWritten(group: readonly PendingAppend[], timestampMs: number, startedMs: number): void {
    const firstOffset = this.logEndOffset;
    const elapsedMs = this.#options.runtime.elapsedMs() - startedMs;
    this.lastTimestampMs = timestampMs;
    for (const append of group) {
      append.baseOffset = this.logEndOffset;
      append.timestampMs = timestampMs;
      this.logEndOffset += append.entry.count;
      append.entry.guard?.written(append.baseOffset, timestampMs);
      if (append.entry.durability === "synced") this.#unsettled.add(append);
      else append.resolve({ baseOffset: append.baseOffset, timestampMs });
    }
    this.#options.counters.noteWrite(this.logEndOffset - firstOffset, elapsedMs);
  }

  /** What comes behind an append that closes waits for its outcome. */
  async #closeWith(append: PendingAppend): Promise<void> {
    this.standing.isClosingForGood = true;
    await append.promise.then(() => this.closedForGood()).catch(() => {});
    this.standing.isClosingForGood = false;
  }

  /** After a write or a sync: moves the high watermark as far as the log's durability allows, syncs what is due. */
  #advance(): void {
    if (this.standing.hasFailed) return;
    if (this.syncsEagerly) this.#sync.start();
    else if (this.standing.stopped === undefined) this.#sync.startIn(this.#limits.syncIntervalMs);
    const readable = this.#limits.durability === "written" ? this.logEndOffset : this.syncedEndOffset;
    if (readable <= this.highWatermark) return;
    this.highWatermark = readable;
    this.#options.onReadable(readable);
    if (this.isEnded) this.#options.onEnded();
  }

  /** Appends wait until `work` is done. */
  #block(work: Promise<void>): void {
    const blocked = work.finally(() => {
      this.#blocked = undefined;
      this.#write(this.queue.splice(0));
    });
    this.#blocked = blocked;
  }

  /** Never rejects: a roll that fails refuses what waited for it, and leaves the log as it was. */
  async #roll(): Promise<void> {
    this.#mustRoll = true;
    try {
      await this.#sync.syncAll();
      this.#sync.releaseFile();
      const next = await this.#options.roll(this.activeSegment, this.logEndOffset);
      this.#options.segments.push(next);
      this.#mustRoll = false;
    } catch (error) {
      const refusal = this.standing.failure() ?? refusedWrite(error);
      this.#options.logger.error({ err: error }, "a new segment could not be begun");
      for (const append of this.queue.splice(0)) this.#guarded.refuse(append, refusal);
    }
  }

  /** Refuses a group whose write failed, when nothing of it is left. Never rejects. */
  async #takeBack(
    segment: Segment,
    position: number,
    group: readonly PendingAppend[],
    error: unknown,
  ): Promise<void> {
    const isCut = await cutBack(this.#sync, segment, position, error, this.#options.logger);
    if (!isCut) this.#fail();
    const refusal = isCut && !this.standing.hasFailed ? refusedWrite(error) : unknownOutcome(error);
    this.#lose(group, refusal);
  }

  #lose(group: readonly PendingAppend[], refusal: NetlogError): void {
    for (const append of group) {
      // A client that sends it again learns that nobody knows.
      if (this.standing.hasFailed) append.entry.guard?.written(this.logEndOffset, this.lastTimestampMs);
      append.reject(refusal);
    }
  }
}
