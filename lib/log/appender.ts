/**
 * The one writer of a log, with group commit: writes what it is given at once, syncs in the background, moves the
 * high watermark and settles the appends. Rolls, and cuts back what a failed write left; while it does either,
 * appends wait in order.
 *
 * Visibility belongs to the log, the answer to the request: in a `synced` log the high watermark moves with syncs
 * alone, so an append that asked for `written` may resolve before its messages can be read.
 */

import assert from "node:assert/strict";
import type { Counters } from "../base/counters.ts";
import { NetlogError } from "../base/errors.ts";
import type { Limits } from "../base/limits.ts";
import type { Logger } from "../base/logger.ts";
import type { Runtime, Timer } from "../base/runtime.ts";
import type { Slots } from "../base/slots.ts";
import { refusedWrite } from "../disk/disk-refusals.ts";
import { IncompleteWrite } from "../disk/write-whole.ts";
import { frameBytesOf, liesInPlace, writeGroup } from "./frame-writer.ts";
import type { Appended, LogEntry, LogLimits } from "./log.ts";
import { type PendingAppend, pendingAppend, UnsettledAppends } from "./pending-append.ts";
import { misfitOf } from "./placed-frames.ts";
import { fitsSegment, isDueToRoll, rangeRefusal } from "./roll-policy.ts";
import type { Segment } from "./segment.ts";
import type { SegmentList } from "./segment-list.ts";
import { SyncLoop, type SyncLoopOwner } from "./sync-loop.ts";
import type { Tail } from "./tail.ts";

export interface AppenderOptions {
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly segments: SegmentList;
  readonly tail: Tail;
  readonly syncSlots: Slots;
  readonly counters: Counters;
  readonly limits: LogLimits;
  readonly caps: Limits;
  /** Time of the newest message; times never go back from here. */
  readonly lastTimestampMs: number;
  readonly logEndOffset: number;
  /** Seals the active segment, all of which is synced, and makes the next one. */
  readonly roll: (active: Segment, nextBaseOffset: number) => Promise<Segment>;
  /** The high watermark has moved. */
  readonly onReadable: (highWatermark: number) => void;
  /** A sync has ended well. */
  readonly onSynced: () => void;
}

type EndState = "deleted" | "closed";

export class Appender implements SyncLoopOwner {
  readonly #options: AppenderOptions;
  readonly #sync: SyncLoop;
  #limits: LogLimits;
  #lastTimestampMs: number;
  logEndOffset: number;
  highWatermark: number;
  /** Those that asked to be synced. */
  readonly #unsettled = new UnsettledAppends();
  /** Came while the writer was blocked. */
  #queue: PendingAppend[] = [];
  /** A roll or the clean-up after a failed write is under way. */
  #blocked: Promise<void> | undefined;
  /** A roll failed: nothing goes to the old segment until one succeeds. */
  #mustRoll = false;
  #failed = false;
  #ended: EndState | undefined;
  #syncTimer: Timer | undefined;

  constructor(options: AppenderOptions) {
    this.#options = options;
    this.#limits = options.limits;
    this.#lastTimestampMs = options.lastTimestampMs;
    this.logEndOffset = options.logEndOffset;
    this.highWatermark = options.logEndOffset;
    this.#sync = new SyncLoop(this, options);
  }

  get activeSegment(): Segment {
    return this.#options.segments.active;
  }

  /** True after a failed sync or cut, until the log is reopened. */
  get hasFailed(): boolean {
    return this.#failed;
  }

  get syncedEndOffset(): number {
    return this.#sync.syncedEndOffset;
  }

  get syncsEagerly(): boolean {
    return this.#limits.durability === "synced" || !this.#unsettled.isEmpty;
  }

  append(entries: readonly LogEntry[]): Promise<Appended>[] {
    const pending = entries.map(pendingAppend);
    if (this.#blocked === undefined) this.#write(pending);
    else this.#queue.push(...pending);
    return pending.map((append) => append.promise);
  }

  /** Resolves when everything appended so far is on the disk. */
  async syncAll(): Promise<void> {
    while (this.#blocked !== undefined) await this.#blocked;
    this.#throwIfRefusing();
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
  async rollIfDue(nowMs: number): Promise<void> {
    while (this.#blocked !== undefined) await this.#blocked;
    if (this.#refusal() !== undefined) return;
    if (!isDueToRoll(this.activeSegment, this.#limits, nowMs)) return;
    this.#block(this.#roll());
    await this.#blocked;
  }

  /**
   * No appends from now on; those that wait are refused. Resolves when no disk operation is under way. A closed log
   * is synced before; in a deleted one, appends that wait for a sync reject with `topic_not_found`.
   */
  async end(state: EndState): Promise<void> {
    this.#ended ??= state;
    this.#syncTimer?.cancel();
    if (state === "deleted") this.#unsettled.rejectAll(this.#refusal()!);
    while (this.#blocked !== undefined) await this.#blocked;
    if (state === "closed") await this.#lastSync();
    await this.#sync.settle();
    this.#sync.releaseFile();
  }

  /** For SyncLoop. */
  synced(): void {
    this.#unsettled.settleUpTo(this.syncedEndOffset);
    this.#advance();
    this.#options.onSynced();
  }

  /** For SyncLoop. */
  syncFailed(error: unknown): void {
    this.#failed = true;
    this.#syncTimer?.cancel();
    this.#options.logger.error(
      { err: error },
      "a sync failed: the topic takes no messages until it is reopened",
    );
    this.#unsettled.rejectAll(unknownOutcome(error));
  }

  #write(pending: PendingAppend[]): void {
    const nowMs = this.#options.runtime.now();
    const refusal =
      this.#refusal() ?? rangeRefusal(this.#options.caps, this.logEndOffset, nowMs, this.#lastTimestampMs);
    if (refusal !== undefined) {
      for (const append of pending) append.reject(refusal);
      return;
    }
    let from = 0;
    while (from < pending.length && this.#blocked === undefined) {
      const misfit = misfitOf(
        pending[from]!.entry,
        this.#options.caps,
        this.logEndOffset,
        this.#lastTimestampMs,
      );
      if (misfit !== undefined) {
        pending[from++]!.reject(misfit);
        continue;
      }
      const to = this.#groupEnd(pending, from);
      if (to > from) this.#writeGroup(pending.slice(from, to));
      else this.#block(this.#roll());
      from = to;
    }
    this.#queue.unshift(...pending.slice(from));
    this.#advance();
  }

  /** How many entries from `from` on the active segment takes; none when it must be rolled first. */
  #groupEnd(pending: readonly PendingAppend[], from: number): number {
    const segment = this.activeSegment;
    if (this.#mustRoll || isDueToRoll(segment, this.#limits, this.#options.runtime.now())) return from;
    let sizeBytes = segment.sizeBytes;
    let endOffset = this.logEndOffset;
    let to = from;
    while (to < pending.length) {
      const { entry } = pending[to]!;
      const standsAlone = entry.given !== undefined || liesInPlace(entry);
      if (standsAlone && to > from) break;
      const isFirst = to === from && segment.isEmpty;
      if (
        !isFirst &&
        !fitsSegment(
          segment,
          this.#limits,
          this.#options.caps,
          sizeBytes + frameBytesOf(entry),
          endOffset + entry.count,
        )
      ) {
        break;
      }
      sizeBytes += frameBytesOf(entry);
      endOffset += entry.count;
      to++;
      if (standsAlone) break;
    }
    return to;
  }

  #writeGroup(group: readonly PendingAppend[]): void {
    const segment = this.activeSegment;
    const position = segment.sizeBytes;
    const { given } = group[0]!.entry;
    const timestampMs = given?.timestampMs ?? Math.max(this.#options.runtime.now(), this.#lastTimestampMs);
    const startedMs = this.#options.runtime.elapsedMs();
    const place = { baseOffset: this.logEndOffset, syncedEndOffset: this.syncedEndOffset, timestampMs };
    try {
      const entries = group.map((append) => append.entry);
      writeGroup(this.#sync.fileForWrite(segment), segment, this.#options.tail, entries, place);
    } catch (error) {
      this.#block(this.#cutBack(segment, position, group, error));
      return;
    }
    const elapsedMs = this.#options.runtime.elapsedMs() - startedMs;
    this.#lastTimestampMs = timestampMs;
    for (const append of group) {
      append.baseOffset = this.logEndOffset;
      append.timestampMs = timestampMs;
      this.logEndOffset += append.entry.count;
      if (append.entry.durability === "synced") this.#unsettled.add(append);
      else append.resolve({ baseOffset: append.baseOffset, timestampMs });
    }
    this.#options.counters.noteWrite(this.logEndOffset - place.baseOffset, elapsedMs);
  }

  /** After a write or a sync: moves the high watermark as far as the log's durability allows, syncs what is due. */
  #advance(): void {
    if (this.#failed) return;
    if (this.syncsEagerly) this.#sync.start();
    else this.#armSyncTimer();
    const readable = this.#limits.durability === "written" ? this.logEndOffset : this.syncedEndOffset;
    if (readable <= this.highWatermark) return;
    this.highWatermark = readable;
    this.#options.onReadable(readable);
  }

  #armSyncTimer(): void {
    if (this.#syncTimer !== undefined || this.#ended !== undefined) return;
    if (this.syncedEndOffset >= this.logEndOffset) return;
    this.#syncTimer = this.#options.runtime.setTimer(this.#limits.syncIntervalMs, () => {
      this.#syncTimer = undefined;
      this.#sync.start();
    });
  }

  /** Appends wait until `work` is done. */
  #block(work: Promise<void>): void {
    const blocked = work.finally(() => {
      this.#blocked = undefined;
      this.#write(this.#queue.splice(0));
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
      const refusal = this.#refusal() ?? refusedWrite(error);
      this.#options.logger.error({ err: error }, "a new segment could not be begun");
      for (const append of this.#queue.splice(0)) append.reject(refusal);
    }
  }

  /**
   * Takes back what a failed write left in the file. The cut is synced before an append is refused, else a crash could
   * bring a refused message back, or garbage behind the last frame of a segment that was sealed since. Never rejects.
   */
  async #cutBack(
    segment: Segment,
    position: number,
    group: readonly PendingAppend[],
    error: unknown,
  ): Promise<void> {
    assert(position >= segment.syncedBytes, "a cut never reaches below the synced end");
    const writtenBytes = error instanceof IncompleteWrite ? error.writtenBytes : 0;
    try {
      if (writtenBytes > 0) {
        this.#sync.fileForWrite(segment).truncate(position);
        await this.#sync.syncTruncation(segment);
      }
    } catch (cutError) {
      this.#failed = true;
      this.#options.logger.error(
        { err: cutError },
        "a failed write could not be taken back: the topic is closed",
      );
    }
    const refusal = this.#failed ? unknownOutcome(error) : refusedWrite(error);
    for (const append of group) append.reject(refusal);
  }

  async #lastSync(): Promise<void> {
    if (this.#failed) return;
    try {
      await this.#sync.syncAll();
    } catch (error) {
      this.#options.logger.error({ err: error }, "the last sync failed");
    }
  }

  #throwIfRefusing(): void {
    const refusal = this.#refusal();
    if (refusal !== undefined) throw refusal;
  }

  /** Why appends are refused, if they are; nothing of them is kept. */
  #refusal(): NetlogError | undefined {
    if (this.#ended === "deleted") return new NetlogError("topic_not_found");
    if (this.#ended === "closed")
      return new NetlogError("shutting_down", { reason: "the server is stopping" });
    if (!this.#failed) return undefined;
    return new NetlogError("topic_unavailable", {
      reason: "an earlier write or sync failed; restart the server to reopen the topic",
    });
  }
}

function unknownOutcome(cause: unknown): NetlogError {
  return new NetlogError("sync_failed", {
    reason: "the disk did not confirm the message; it may be there after a restart",
    cause,
  });
}
