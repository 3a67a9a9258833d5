/**
 * Syncs the active segment: one sync in flight for a log. When it ends and more was written that an append waits for,
 * the next one starts before the first is reported. No lingering: measured, larger groups lost, because
 * the overlap of writing and syncing was lost.
 */
import type { Counters } from "../base/counters.ts";
import type { Logger } from "../base/logger.ts";
import type { Runtime, Timer } from "../base/runtime.ts";
import type { Slots } from "../base/slots.ts";
import type { DiskFile } from "../disk/disk.ts";
import type { Segment } from "./segment.ts";
import type { Standing } from "./standing.ts";

export interface SyncLoopOwner {
  /** The active segment, and the offset behind its last frame. */
  readonly activeSegment: Segment;
  readonly logEndOffset: number;
  /** Nothing is written or synced any more where it has failed. */
  readonly standing: Pick<Standing, "hasFailed">;
  /** Whether what is not yet synced should be, without anybody waiting for it. */
  readonly syncsEagerly: boolean;
  /** A sync begins that covers all that was written. */
  syncBegins(): void;
  /** `syncedEndOffset` has advanced. */
  synced(): void;
  syncFailed(error: unknown): void;
}

interface SyncWaiter {
  readonly offset: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface SyncLoopOptions {
  readonly syncSlots: Slots;
  readonly runtime: Runtime;
  readonly counters: Counters;
  /** Everything below is on the disk. */
  readonly logEndOffset: number;
}

export class SyncLoop {
  readonly #owner: SyncLoopOwner;
  readonly #slots: Slots;
  readonly #runtime: Runtime;
  readonly #counters: Counters;
  /** Sorted by offset, as they came. */
  #waiters: SyncWaiter[] = [];
  #inFlight: Promise<void> | undefined;
  #held: { segment: Segment; file: DiskFile } | undefined;
  #failure: { error: unknown } | undefined;
  #timer: Timer | undefined;
  /** Everything below is on the disk. Never goes back. */
  syncedEndOffset: number;

  constructor(owner: SyncLoopOwner, options: SyncLoopOptions) {
    this.#owner = owner;
    this.#slots = options.syncSlots;
    this.#runtime = options.runtime;
    this.#counters = options.counters;
    this.syncedEndOffset = options.logEndOffset;
  }

  /** The active segment's file; it stays open until all that is written to it is synced. */
  fileForWrite(segment: Segment): DiskFile {
    if (this.#held?.segment !== segment) {
      this.#held = { segment, file: segment.file.acquire() };
    }
    return this.#held.file;
  }

  /** Starts a sync if there is something to sync and none is in flight. */
  start(): void {
    if (this.#inFlight !== undefined || this.#failure !== undefined) return;
    if (this.syncedEndOffset >= this.#owner.logEndOffset) return;
    this.#inFlight = this.#syncOnce();
  }

  /** Starts one after `delayMs`, or earlier if that is asked for; a second call changes nothing. */
  startIn(delayMs: number): void {
    if (this.#timer !== undefined || this.syncedEndOffset >= this.#owner.logEndOffset) return;
    this.#timer = this.#runtime.setTimer(delayMs, () => {
      this.#timer = undefined;
      this.start();
    });
  }

  cancelTimer(): void {
    this.#timer?.cancel();
  }

  /** As `syncAll`, where syncs do not fail; failures are logged. */
  async tryToSync(logger: Logger): Promise<void> {
    if (this.#owner.standing.hasFailed) return;
    try {
      await this.syncAll();
    } catch (error) {
      logger.error({ err: error }, "the last sync failed");
    }
  }

  /** Resolves when all that is written by now is synced; rejects with the disk's error. */
  syncAll(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    const offset = this.#owner.logEndOffset;
    if (this.syncedEndOffset >= offset) return Promise.resolve();
    const done = new Promise<void>((resolve, reject) => this.#waiters.push({ offset, resolve, reject }));
    this.start();
    return done;
  }

  /** Syncs a truncation, and with it everything else. */
  async syncTruncation(segment: Segment): Promise<void> {
    const file = segment.file.acquire();
    try {
      await this.#slots.run(() => file.sync());
    } finally {
      segment.file.release();
    }
  }

  /** Resolves when no sync is in flight; the file may then be closed. */
  async settle(): Promise<void> {
    while (this.#inFlight !== undefined) await this.#inFlight;
  }

  /** Gives the file back, clean or not. */
  releaseFile(): void {
    this.#held?.segment.file.release();
    this.#held = undefined;
  }

  async #syncOnce(): Promise<void> {
    const segment = this.#owner.activeSegment;
    let covered = segment.synced;
    let startedMs = 0;
    try {
      await this.#slots.run(() => {
        covered = segment.end;
        this.#owner.syncBegins();
        startedMs = this.#runtime.elapsedMs();
        return this.fileForWrite(segment).sync();
      });
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#counters.syncMs.add(this.#runtime.elapsedMs() - startedMs);
    segment.synced = covered;
    this.syncedEndOffset = covered.offset;
    this.#inFlight = undefined;
    const isWanted =
      this.#owner.syncsEagerly || this.#waiters.some((waiter) => waiter.offset > covered.offset);
    if (isWanted) this.start();
    this.#owner.synced();
    this.#resolveWaiters();
    if (this.#inFlight === undefined && this.syncedEndOffset === this.#owner.logEndOffset) this.releaseFile();
  }

  /** Never tried again: after a failed sync the kernel may call pages clean that are not on the disk. */
  #fail(error: unknown): void {
    this.#inFlight = undefined;
    this.#failure = { error };
    this.#owner.syncFailed(error);
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.reject(error);
  }

  #resolveWaiters(): void {
    let done = 0;
    while (done < this.#waiters.length && this.#waiters[done]!.offset <= this.syncedEndOffset) done++;
    for (const waiter of this.#waiters.splice(0, done)) waiter.resolve();
  }
}
