/**
 * The log on local files: puts the parts together. Appends go to the appender, reads to cursors over the frame
 * reader, dropping to retention; rolling and closing, which change the set of files, are here.
 */

import type { Logger } from "../base/logger.ts";
import { failedRead } from "../disk/disk-refusals.ts";
import { Appender } from "./appender.ts";
import { Cursor, type CursorLog } from "./cursor.ts";
import { damageOf } from "./damage.ts";
import { newMask } from "./frame-mask.ts";
import { FrameReader } from "./frame-reader.ts";
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
} from "./log.ts";
import type { OpenLogOptions } from "./log-options.ts";
import { placedEntries } from "./placed-frames.ts";
import { ReadGate } from "./read-gate.ts";
import { Retention } from "./retention.ts";
import type { SealedIndexes } from "./sealed-indexes.ts";
import type { Segment } from "./segment.ts";
import { createSegment, writeIndexFile } from "./segment-files.ts";
import { layoutWith } from "./segment-header.ts";
import type { SegmentList } from "./segment-list.ts";
import type { StopReason } from "./standing.ts";
import { Tail } from "./tail.ts";
import { verifiableEnd, verifySegment } from "./verify.ts";

export class SegmentedLog implements Log, CursorLog {
  readonly segments: SegmentList;
  readonly reader: FrameReader;
  readonly gate: ReadGate = new ReadGate(this);
  readonly #options: OpenLogOptions;
  readonly #logger: Logger;
  readonly #indexes: SealedIndexes;
  readonly #tail: Tail;
  readonly #appender: Appender;
  #limits: LogLimits;
  /** Data position up to which the active segment's index file speaks. */
  #indexedBytes: number;
  /** Index writes, each one after the other. */
  #indexWrites: Promise<void> = Promise.resolve();
  readonly #retention: Retention;

  constructor(
    options: OpenLogOptions,
    segments: SegmentList,
    indexes: SealedIndexes,
    lastTimestampMs: number,
  ) {
    const { shared, runtime, logger, limits } = options;
    this.#options = options;
    this.#logger = logger;
    this.#limits = limits;
    this.segments = segments;
    this.#tail = new Tail(shared.tailBudget, shared.limits.tailBytes);
    this.#indexes = indexes;
    this.reader = new FrameReader(shared, segments, this.#indexes, this.#tail, logger, () => runtime.pause());
    const { active } = segments;
    this.#indexedBytes = active.sizeBytes;
    this.#appender = new Appender({
      runtime,
      logger,
      segments,
      tail: this.#tail,
      syncSlots: shared.syncSlots,
      counters: shared.counters,
      limits,
      caps: shared.limits,
      lastTimestampMs,
      logEndOffset: active.endOffset!,
      roll: (segment, nextBaseOffset) => this.#rollTo(segment, nextBaseOffset),
      onReadable: (highWatermark) => this.gate.wakeBelow(highWatermark),
      onEnded: () => this.gate.wakeEnded(),
      onSynced: () => this.#checkpoint(),
    });
    this.#retention = new Retention(options, segments, this.#indexes, {
      rollIfDue: (nowMs) => this.#appender.rollIfDue(nowMs),
      retentionSizeBytes: () => this.#limits.retentionSizeBytes,
    });
  }

  get logStartOffset(): number {
    return this.segments.first.baseOffset;
  }

  get logEndOffset(): number {
    return this.#appender.logEndOffset;
  }

  get highWatermark(): number {
    return this.#appender.highWatermark;
  }

  get syncedEndOffset(): number {
    return this.#appender.syncedEndOffset;
  }

  get diskSizeBytes(): number {
    let sum = 0;
    for (const { sizeBytes, indexSizeBytes } of this.segments.all) sum += sizeBytes + indexSizeBytes;
    return sum;
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

  closeForGood(keep: () => Promise<void>): Promise<void> {
    return this.#appender.closeForGood(keep);
  }

  wasClosedForGood(): void {
    this.#appender.closedForGood();
  }

  follow(follower: LogFollower): void {
    this.#appender.follower = follower;
  }

  append(entries: readonly LogEntry[]): Promise<Appended>[] {
    return this.#appender.append(entries);
  }

  async appendFrames(frames: Buffer, durability: Durability): Promise<void> {
    await Promise.all(this.#appender.append(placedEntries(frames, durability, this.#appender.follower)));
  }

  openCursor(): LogCursor {
    return new Cursor(this);
  }

  waitFor(offset: number, wake: (reason: WakeReason) => void): () => void {
    return this.gate.waitFor(offset, wake);
  }

  async offsetAt(timeMs: number): Promise<number> {
    this.gate.throwIfUnreadable(this.logEndOffset);
    try {
      for (const segment of await this.#indexes.segmentsFrom(timeMs)) {
        const offset = await this.reader.locateTime(segment, timeMs, this.highWatermark);
        if (offset !== undefined) return offset;
      }
    } catch (error) {
      throw this.readFailure(error, this.logEndOffset);
    }
    return this.logEndOffset;
  }

  describe(): Promise<LogDescription> {
    const segments = this.segments.describe();
    return Promise.resolve({
      logStartOffset: this.logStartOffset,
      logEndOffset: this.logEndOffset,
      highWatermark: this.highWatermark,
      diskSizeBytes: this.diskSizeBytes,
      modifiedAtMs: this.segments.active.modifiedAtMs,
      segments,
    });
  }

  async *verify(from: number): AsyncGenerator<VerifyStep, void, void> {
    this.gate.throwIfUnreadable(from);
    const first = this.segments.find(from);
    for (const segment of this.segments.all.filter((other) => other.baseOffset >= first.baseOffset)) {
      this.gate.throwIfUnreadable(this.logEndOffset);
      const end = verifiableEnd(segment, this.segments, this);
      try {
        for await (const step of verifySegment(segment, this.#indexes, from, end)) {
          yield step.kind === "frames" ? step : { kind: "damage", damage: damageOf(step.damage) };
        }
      } catch (error) {
        if (segment.baseOffset < this.logStartOffset) continue;
        throw this.readFailure(error, this.logEndOffset);
      }
    }
  }

  async setLimits(limits: LogLimits): Promise<void> {
    await this.#appender.setLimits(limits);
    this.#limits = limits;
  }

  beginSegment(): Promise<void> {
    return this.#appender.rollIf(() => !this.segments.active.isEmpty);
  }

  applyRetention(expireBeforeMs: number, dropBelow: number = Infinity): Promise<void> {
    return this.#retention.apply({ expireBeforeMs, dropBelow });
  }

  keepSegments<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#retention.keepSegments(work);
  }

  sync(): Promise<void> {
    return this.#appender.syncAll();
  }

  writeIndex(): void {
    if (this.gate.stopped !== undefined) return;
    const { active } = this.segments;
    this.#indexedBytes = active.syncedBytes;
    this.#indexWrites = this.#indexWrites.then(() => this.#writeIndexOf(active));
  }

  async close(): Promise<void> {
    if (this.gate.stopped !== undefined) return;
    await this.#stop("closed");
    await this.#writeIndexOf(this.segments.active);
    this.#dropFiles();
  }

  async delete(): Promise<void> {
    await this.#stop("deleted");
    this.#dropFiles();
  }

  /** Seals an active segment of the old layout. Where the disk has no room for the next one, the first append tries again. */
  async leaveOldLayout(): Promise<void> {
    if (this.segments.active.layout!.mask === undefined) {
      await this.#appender.rollIfDue(this.#options.runtime.now());
    }
  }

  /** For Cursor: a read may fail because what it read was dropped or closed meanwhile. */
  readFailure(error: unknown, offset: number): unknown {
    try {
      this.gate.throwIfUnreadable(offset);
    } catch (stopped) {
      return stopped;
    }
    return failedRead(error);
  }

  async #stop(reason: StopReason): Promise<void> {
    const stopped = Promise.all([this.#appender.stop(reason), this.#retention.stop()]);
    this.gate.stop(reason);
    await stopped;
    await this.#indexWrites;
  }

  #dropFiles(): void {
    for (const segment of this.segments.all) segment.file.drop();
    this.#tail.clear();
  }

  /** Seals `active`, all of which is synced, and makes the next segment. */
  async #rollTo(active: Segment, nextBaseOffset: number): Promise<Segment> {
    const { disk, shared, folder, runtime } = this.#options;
    await this.#indexWrites;
    await writeIndexFile(disk, active);
    const next = await createSegment(disk, shared, {
      folder,
      baseOffset: nextBaseOffset,
      createdAtMs: runtime.now(),
      layout: layoutWith(newMask(runtime)),
    });
    if (active.activeIndex !== undefined) shared.sealedIndexes.set(active.id, active.activeIndex);
    active.activeIndex = undefined;
    this.#appender.follower?.rolled();
    this.#indexedBytes = next.sizeBytes;
    return next;
  }

  /** Writes the index from time to time, so that opening after a crash has little to walk. */
  #checkpoint(): void {
    const { active } = this.segments;
    if (active.syncedBytes - this.#indexedBytes < this.#options.shared.limits.indexCheckpointBytes) return;
    this.writeIndex();
    this.#appender.follower?.checkpointed();
  }

  async #writeIndexOf(segment: Segment): Promise<void> {
    if (segment.activeIndex === undefined || this.#appender.standing.hasFailed) return;
    try {
      await writeIndexFile(this.#options.disk, segment);
    } catch (error) {
      this.#logger.warn({ err: error, file: segment.indexPath }, "an index could not be written");
    }
  }
}
