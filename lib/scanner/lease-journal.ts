/**
 * Keeps a scanner's state in its file (lease-file.ts). Records of one turn of the event loop are one write; syncs
 * are shared by all that came while one was under way, so that settling does not cost a sync each. A change is done once
 * it is written. After a write or sync that failed nothing more goes to that file: the whole state is written anew, and
 * until that is done nothing counts as kept.
 */
import { NetlogError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Runtime, Timer } from "../base/runtime.ts";
import { replaceFile } from "../disk/atomic-file.ts";
import type { Disk } from "../disk/disk.ts";
import { refusedReplacement, refusedWrite } from "../disk/disk-refusals.ts";
import { writeWhole } from "../disk/write-whole.ts";
import type { Durability, LogShared, PooledFile } from "../log/index.ts";
import { encodeLeases, encodeRecords, type LeaseState } from "./lease-file.ts";
import type { Limits } from "./limits.ts";
import type { RecordKind } from "./pending-table.ts";
import type { LeaseRecord, WorkChange, WorkJournal } from "./scanner-store.ts";

export interface LeaseJournalOptions {
  readonly disk: Disk;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: Limits;
  readonly logs: LogShared;
  readonly path: string;
  /** What `commit` reaches. */
  readonly durability: () => Durability;
  /** All of it is on the disk, or was read from there. */
  readonly state: LeaseState;
}

/** How far the file is: where it ends, and how much is surely on the disk. */
export interface JournalPlace {
  readonly sequence: number;
  readonly endPosition: number;
  readonly syncedBytes: number;
}

interface Waiter {
  readonly durability: Durability;
  /** To be done once it is written. */
  change: WorkChange | undefined;
  readonly resolve: () => void;
  readonly reject: (error: NetlogError) => void;
  /** Where the file ended when this was written: it waits for a sync up to there. */
  position: number;
}

export class LeaseJournal implements WorkJournal {
  readonly #options: LeaseJournalOptions;
  #file: PooledFile;
  #sequence: number;
  #position: number;
  #syncedBytes: number;
  /** Size of the state that the file begins with. */
  #stateBytes: number;
  #records: LeaseRecord[] = [];
  /** For the next write. */
  #unwritten: Waiter[] = [];
  /** For a sync; sorted by position. */
  #unsynced: Waiter[] = [];
  #isScheduled = false;
  /** The file is not to be written to any more. */
  #isStale = false;
  #syncing: Promise<void> | undefined;
  #replacing: Promise<void> | undefined;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: LeaseJournalOptions, place: JournalPlace) {
    this.#options = options;
    this.#file = options.logs.files.file(options.path);
    this.#sequence = place.sequence;
    this.#position = place.endPosition;
    this.#syncedBytes = place.syncedBytes;
    this.#stateBytes = place.endPosition;
  }

  /** All that came so far is in the file. */
  get #isWritten(): boolean {
    const isQuiet = this.#records.length === 0 && this.#unwritten.length === 0;
    return isQuiet && !this.#isStale && this.#replacing === undefined;
  }

  /** Notes what was done to the table. It is written by the end of the turn. */
  add(kind: RecordKind, offset: number): void {
    if (this.#isClosed) return;
    this.#records.push({ kind, offset });
    this.#schedule();
  }

  /**
   * Resolves when all that was added so far is as durable as a message of the topic.
   *
   * @throws storage_full, topic_unavailable, sync_failed: it may be forgotten at the next start.
   */
  commit(durability: Durability = this.#options.durability()): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    if (this.#isWritten && (durability === "written" || this.#syncedBytes === this.#position)) {
      return Promise.resolve();
    }
    return this.#wait(durability, undefined);
  }

  keep(change: WorkChange): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    if (change.records.length === 0 && this.#isWritten) {
      change.kept();
      return this.commit();
    }
    for (const record of change.records) this.#records.push(record);
    return this.#wait(this.#options.durability(), change);
  }

  /** Writes and syncs what there is, and lets go of the file. What is added later is dropped. */
  async close(): Promise<void> {
    await this.commit("synced").catch((error: unknown) => {
      this.#options.logger.error({ err: error, path: this.#options.path }, "a scanner's state was not kept");
    });
    await this.abandon();
  }

  /** Lets go of the file as it is: it is about to be removed. */
  async abandon(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#records = [];
    for (const waiter of [...this.#unwritten.splice(0), ...this.#unsynced.splice(0)]) waiter.resolve();
    await this.#replacing;
    await this.#syncing;
    this.#file.drop();
  }

  #wait(durability: Durability, change: WorkChange | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#unwritten.push({ durability, change, resolve, reject, position: 0 });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#options.runtime.endOfTurn(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#isClosed || this.#replacing !== undefined) return;
    if (this.#isStale) {
      // Without anybody who waits a disk that is full is not tried again at once.
      if (this.#unwritten.length > 0) this.#startReplacing();
      else this.#syncSoon();
      return;
    }
    if (this.#position > Math.max(this.#options.limits.leaseJournalBytes, 4 * this.#stateBytes)) {
      this.#startReplacing();
      return;
    }
    if (this.#write()) this.#dispatchWritten();
  }

  #write(): boolean {
    if (this.#records.length === 0) return true;
    const block = encodeRecords(this.#records, this.#sequence, this.#syncedBytes);
    this.#records = [];
    try {
      const open = this.#file.acquire();
      try {
        writeWhole(open, block, this.#position);
      } finally {
        this.#file.release();
      }
    } catch (error) {
      this.#refuseUnwritten(refusedWrite(error));
      this.#fail(error);
      return false;
    }
    this.#sequence += 1;
    this.#position += block.length;
    return true;
  }

  /** Does what was to be written first, and answers those who wait for that alone; the others wait for a sync. */
  #dispatchWritten(): void {
    for (const waiter of this.#unwritten.splice(0)) {
      doneNow(waiter);
      waiter.position = this.#position;
      if (waiter.durability === "written") waiter.resolve();
      else this.#unsynced.push(waiter);
    }
    if (this.#unsynced.length > 0) this.#startSync();
    else if (this.#syncedBytes < this.#position) this.#syncSoon();
  }

  #syncSoon(): void {
    const { runtime, limits } = this.#options;
    this.#timer ??= runtime.setTimer(limits.scannerSyncMs, () => {
      this.#timer = undefined;
      if (this.#isStale) this.#startReplacing();
      else this.#startSync();
    });
  }

  #startSync(): void {
    if (this.#isClosed || this.#isStale || this.#replacing !== undefined) return;
    this.#syncing ??= this.#sync().finally(() => {
      this.#syncing = undefined;
      if (this.#unsynced.length > 0) this.#startSync();
    });
  }

  async #sync(): Promise<void> {
    const file = this.#file;
    let covered = 0;
    try {
      const open = file.acquire();
      try {
        await this.#options.logs.syncSlots.run(() => {
          covered = this.#position;
          return open.sync();
        });
      } finally {
        file.release();
      }
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#syncedBytes = covered;
    const done = this.#unsynced.filter((waiter) => waiter.position <= covered);
    this.#unsynced = this.#unsynced.filter((waiter) => waiter.position > covered);
    for (const waiter of done) waiter.resolve();
  }

  #refuseUnwritten(error: NetlogError): void {
    for (const { change, reject } of this.#unwritten.splice(0)) {
      change?.refused();
      reject(error);
    }
  }

  /** What was written and waits for a sync is of unknown outcome. The records are in the state that is written next. */
  #fail(cause: unknown): void {
    const { logger, path } = this.#options;
    if (!this.#isStale) logger.error({ err: cause, path }, "a scanner's state was not kept");
    this.#isStale = true;
    this.#records = [];
    const reason = "the scanner's state was not synced; it may be an older one after a restart";
    for (const waiter of this.#unsynced.splice(0)) {
      waiter.reject(new NetlogError("sync_failed", { reason, cause }));
    }
    this.#syncSoon();
  }

  #startReplacing(): void {
    if (this.#isClosed) return;
    this.#replacing ??= this.#replace().finally(() => {
      this.#replacing = undefined;
      if (this.#records.length > 0 || this.#unwritten.length > 0) this.#flush();
    });
  }

  async #replace(): Promise<void> {
    const { disk, logger, logs, path, state } = this.#options;
    await this.#syncing;
    if (this.#isClosed) return;
    const waiters = this.#unwritten.splice(0);
    const blocks = encodeLeases(state, recordsOf(waiters));
    const bytes = Buffer.concat(blocks);
    this.#records = [];
    try {
      await replaceFile(disk, path, bytes);
    } catch (error) {
      this.#unwritten.unshift(...waiters);
      this.#refuseUnwritten(refusedReplacement(error));
      this.#fail(error);
      return;
    }
    this.#file.drop();
    this.#file = logs.files.file(path);
    if (this.#isStale) logger.info({ path }, "a scanner's state is kept again");
    this.#isStale = false;
    this.#sequence = blocks.length;
    this.#position = bytes.length;
    this.#syncedBytes = bytes.length;
    this.#stateBytes = blocks[0]!.length;
    for (const waiter of [...this.#unsynced.splice(0), ...waiters]) {
      if (!this.#isClosed) doneNow(waiter);
      waiter.resolve();
    }
  }
}

function doneNow(waiter: Waiter): void {
  waiter.change?.kept();
  waiter.change = undefined;
}

function recordsOf(waiters: readonly Waiter[]): LeaseRecord[] {
  return waiters.flatMap(({ change }) => change?.records ?? []);
}
