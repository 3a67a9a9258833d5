/**
 * The open files of all persistent scanners of a server. Positions are written at once, and synced in the
 * background, one file at a time: ten thousand scanners take neither ten thousand descriptors nor the disk's
 * whole attention.
 */
import { LRUCache } from "lru-cache";
import { NetlogError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Runtime, Timer } from "../base/runtime.ts";
import type { Disk, DiskFile } from "../disk/disk.ts";
import { refusedWrite } from "../disk/disk-refusals.ts";
import type { Durability } from "../log/log.ts";
import type { Limits } from "./limits.ts";
import { encodeSlot, keysChecksum, type ScannerState, slotPosition } from "./scanner-file.ts";

/** A scanner's file and what was last written to it. */
export class ScannerFile {
  readonly path: string;
  readonly keysCrc: number | undefined;
  state: ScannerState;
  /** The number of the newest state that is surely on the disk: no write goes to its slot. */
  syncedSequence: number;
  /** Removed or renamed: what lies under its path, if anything, is another file. */
  isForgotten = false;

  /** `state` is on the disk. */
  constructor(path: string, state: ScannerState) {
    this.path = path;
    this.keysCrc = keysChecksum(state);
    this.state = state;
    this.syncedSequence = state.sequence;
  }

  /**
   * The number of the next state to write. It overwrites the newest state as long as that is not synced: a loss of
   * power may tear every state that was not, and two torn slots would be no scanner any more.
   */
  get nextSequence(): number {
    return this.state.sequence + (this.state.sequence === this.syncedSequence ? 1 : 2);
  }
}

export interface ScannerFilesOptions {
  readonly disk: Disk;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: Limits;
}

export class ScannerFiles {
  readonly #options: ScannerFilesOptions;
  readonly #open: LRUCache<ScannerFile, DiskFile>;
  /** Written since they were last synced. */
  readonly #dirty = new Set<ScannerFile>();
  /** Ends when the sync that was started last has ended. */
  #syncing: Promise<void> = Promise.resolve();
  /** Its descriptor must stay open until the sync is over. */
  #inSync: DiskFile | undefined;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: ScannerFilesOptions) {
    this.#options = options;
    this.#open = new LRUCache({
      max: options.limits.openScannerFiles,
      dispose: (file) => {
        if (file !== this.#inSync) file.close();
      },
    });
  }

  get openCount(): number {
    return this.#open.size;
  }

  /**
   * Writes the next position into the slot that holds nothing of worth, in the page cache. A failure is logged, and
   * an older position stands: the scanner may repeat, and never skips.
   */
  write(file: ScannerFile, next: number): void {
    if (this.#isClosed || file.isForgotten) return;
    try {
      this.#write(file, next);
    } catch (error) {
      this.#options.logger.error(
        { err: error, file: file.path },
        "the position of a scanner was not written",
      );
    }
  }

  /**
   * Writes a position and throws when that fails; when it resolves the position is as durable as asked for. No other
   * is to be written meanwhile.
   *
   * @throws storage_full, topic_unavailable, sync_failed.
   */
  async move(file: ScannerFile, next: number, durability: Durability): Promise<void> {
    if (this.#isClosed || file.isForgotten) return;
    try {
      this.#write(file, next);
    } catch (error) {
      throw refusedWrite(error);
    }
    if (durability === "written") return;
    const { sequence } = file.state;
    await this.sync([file]);
    if (file.isForgotten || file.syncedSequence >= sequence) return;
    const reason = "the scanner's position was not synced; it may be an older one after a restart";
    throw new NetlogError("sync_failed", { reason });
  }

  /** Resolves when what was written to these files is on the disk, or the failure logged. */
  sync(files: Iterable<ScannerFile>): Promise<void> {
    for (const file of files) {
      if (!this.#dirty.delete(file)) continue;
      this.#syncing = this.#syncing.then(() => this.#syncOne(file));
    }
    return this.#syncing;
  }

  /** Lets go of a file that is about to be removed or renamed. */
  forget(file: ScannerFile): void {
    file.isForgotten = true;
    this.#dirty.delete(file);
    this.#open.delete(file);
  }

  /** Syncs and closes all. Writes that come later are dropped. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.sync([...this.#dirty]);
    this.#open.clear();
  }

  #write(file: ScannerFile, next: number): void {
    const state = { ...file.state, sequence: file.nextSequence, next };
    const slot = encodeSlot(state, file.keysCrc);
    const writtenBytes = this.#require(file).write(slot, slotPosition(state.sequence));
    if (writtenBytes < slot.length) throw new Error(`only ${writtenBytes} bytes of the slot were written`);
    file.state = state;
    this.#dirty.add(file);
    this.#schedule();
  }

  #require(file: ScannerFile): DiskFile {
    const open = this.#open.get(file);
    if (open !== undefined) return open;
    const opened = this.#options.disk.open(file.path);
    this.#open.set(file, opened);
    return opened;
  }

  #schedule(): void {
    this.#timer ??= this.#options.runtime.setTimer(this.#options.limits.scannerSyncMs, () => {
      this.#timer = undefined;
      void this.sync([...this.#dirty]);
    });
  }

  async #syncOne(file: ScannerFile): Promise<void> {
    if (file.isForgotten) return;
    try {
      const open = this.#require(file);
      this.#inSync = open;
      const { sequence } = file.state;
      try {
        await open.sync();
        // What was written over it meanwhile may be torn, and it with it.
        if (file.state.sequence === sequence) file.syncedSequence = sequence;
      } finally {
        this.#inSync = undefined;
        if (this.#open.peek(file) !== open) open.close();
      }
    } catch (error) {
      this.#options.logger.error({ err: error, file: file.path }, "the position of a scanner was not synced");
    }
  }
}
