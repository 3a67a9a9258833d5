/**
 * The persistent scanners of one topic on the disk: `<topic>/scanners/<id>.scanner`, or `<id>.leases` of one with
 * acknowledgements. Making and removing one is durable when it resolves; positions are as durable as scanner-files.ts
 * makes them, and what is acknowledged as lease-journal.ts does.
 */
import { NetlogError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { isSafeName } from "../base/names.ts";
import type { Runtime } from "../base/runtime.ts";
import { replaceFile } from "../disk/atomic-file.ts";
import type { Disk } from "../disk/disk.ts";
import { refusedReplacement, refusedWrite, UnsyncedName } from "../disk/disk-refusals.ts";
import type { Durability, LogShared } from "../log/index.ts";
import { LEASES_SUFFIX } from "./lease-file.ts";
import { newLeaseState } from "./lease-state.ts";
import { LeaseStore } from "./lease-store.ts";
import type { Limits } from "./limits.ts";
import type { PendingTable } from "./pending-table.ts";
import type { PositionStore } from "./plain-position.ts";
import { decodeScannerFile, encodeScannerFile, SCANNER_SUFFIX, scannerFileMaxBytes } from "./scanner-file.ts";
import { ScannerFile, type ScannerFiles } from "./scanner-files.ts";
import type { ScannerSettings, WorkSettings } from "./scanner-settings.ts";
import type { ScannerStore, StoredPosition, StoredScanner, StoredWork } from "./scanner-store.ts";

/** The folder of scanner files, in the topic's folder. */
export const SCANNERS_FOLDER = "scanners";
/** What replaceFile leaves when it is interrupted. */
const LEFTOVER_SUFFIXES = [`${SCANNER_SUFFIX}.tmp`, `${LEASES_SUFFIX}.tmp`];

export interface FileScannerStoreOptions {
  readonly disk: Disk;
  readonly logger: Logger;
  readonly limits: Limits;
  /** The topic's folder. */
  readonly folder: string;
  readonly files: ScannerFiles;
  readonly logs: LogShared;
  readonly runtime: Runtime;
  /** The topic's durability at present. */
  readonly durability: () => Durability;
}

export class FileScannerStore implements ScannerStore {
  readonly #options: FileScannerStoreOptions;
  readonly #folder: string;
  readonly #files = new Map<string, ScannerFile>();
  /** Ids whose file is damaged: they are no scanners until they are deleted. */
  readonly #failed = new Set<string>();
  readonly #leases: LeaseStore;
  /** Resolves when the folder is there, and its name on the disk; undefined as long as nobody needed it. */
  #folderMade: Promise<void> | undefined;

  constructor(options: FileScannerStoreOptions) {
    this.#options = options;
    this.#folder = `${options.folder}/${SCANNERS_FOLDER}`;
    this.#leases = new LeaseStore(options);
  }

  /** Scanners whose file cannot be read as one; the file is kept. */
  isFailed(id: string): boolean {
    return this.#failed.has(id);
  }

  get failedCount(): number {
    return this.#failed.size;
  }

  /**
   * Reads all of them. A position that a crash of the topic left behind `logEndOffset` is moved back there, and
   * that is on the disk before anything can be published: otherwise the next start would skip those messages. The
   * names are made durable as well: a crash may have come between making a scanner and that.
   *
   * @throws what the disk throws.
   */
  async load(logEndOffset: number): Promise<StoredScanner[]> {
    const { disk, logger, limits } = this.#options;
    if ((await disk.stat(this.#folder))?.kind !== "folder") return [];
    await disk.syncFolder(this.#options.folder);
    await disk.syncFolder(this.#folder);
    this.#folderMade = Promise.resolve();
    const scanners: StoredScanner[] = [];
    for (const name of await disk.list(this.#folder)) {
      const path = `${this.#folder}/${name}`;
      const suffix = [SCANNER_SUFFIX, LEASES_SUFFIX].find((each) => name.endsWith(each));
      const id = name.slice(0, -(suffix ?? "").length);
      if (LEFTOVER_SUFFIXES.some((each) => name.endsWith(each))) {
        // Gone already where lowering the scanner of this name took its place.
        if ((await disk.stat(path)) !== undefined) await disk.remove(path);
      } else if (suffix === undefined || !isSafeName(id, limits.scannerNameLength)) {
        logger.warn({ path }, "left alone: this is no scanner's file");
      } else {
        const scanner = await (suffix === LEASES_SUFFIX
          ? this.#leases.load(id, path, logEndOffset)
          : this.#loadOne(id, path, logEndOffset));
        if (scanner !== undefined) scanners.push(scanner);
        else this.#fail(id, path);
      }
    }
    return scanners;
  }

  /** @throws storage_full, topic_unavailable: there is then no such scanner; sync_failed: a restart may bring it back. */
  async create(
    id: string,
    from: number,
    { expireMs, keys }: ScannerSettings,
    next: number = from,
  ): Promise<StoredPosition> {
    const path = `${this.#folder}/${id}${SCANNER_SUFFIX}`;
    const state = { sequence: 0, from, next, expireMs, keys };
    await this.#write(path, encodeScannerFile(state));
    return this.#keep(id, new ScannerFile(path, state));
  }

  /** One with acknowledgements. @throws what create throws. */
  async createWork(
    id: string,
    from: number,
    work: WorkSettings,
    { expireMs, keys }: ScannerSettings,
    table?: PendingTable,
  ): Promise<StoredWork> {
    const path = `${this.#folder}/${id}${LEASES_SUFFIX}`;
    const state = newLeaseState(from, work, { expireMs, keys }, table);
    const { bytes, stored } = this.#leases.prepare(id, path, state, { work, expireMs, keys });
    try {
      await this.#write(path, bytes);
    } catch (error) {
      this.#leases.forget(id);
      throw error;
    }
    return stored;
  }

  /** Forgets a scanner, one with a damaged file as well. @throws sync_failed: a restart may bring it back. */
  async delete(id: string): Promise<void> {
    const { disk } = this.#options;
    const file = this.#files.get(id);
    if (file !== undefined) this.#options.files.forget(file);
    try {
      for (const suffix of [SCANNER_SUFFIX, LEASES_SUFFIX]) {
        const path = `${this.#folder}/${id}${suffix}`;
        if ((await disk.stat(path)) !== undefined) await disk.remove(path);
      }
      await disk.syncFolder(this.#folder);
    } catch (error) {
      throw new NetlogError("sync_failed", {
        reason: "the scanner's file could not be removed; after a restart it may be there again",
        cause: error,
      });
    } finally {
      this.#files.delete(id);
      this.#leases.forget(id);
      this.#failed.delete(id);
    }
  }

  /** Resolves when all positions written so far are on the disk. @throws sync_failed, topic_unavailable. */
  async sync(): Promise<void> {
    await this.#options.files.sync(this.#files.values());
    await this.#leases.sync();
  }

  /** Lets go of the files: the topic's folder is about to be renamed. */
  forgetAll(): void {
    for (const file of this.#files.values()) this.#options.files.forget(file);
  }

  #fail(id: string, path: string): void {
    this.#failed.add(id);
    this.#options.logger.error(
      { path },
      "this scanner's file is damaged: it cannot be used until it is deleted",
    );
  }

  async #write(path: string, bytes: Buffer): Promise<void> {
    const { disk, folder } = this.#options;
    try {
      this.#folderMade ??= this.#makeFolder(folder);
      await this.#folderMade;
      await replaceFile(disk, path, bytes);
    } catch (error) {
      if (!(error instanceof UnsyncedName)) {
        await disk.remove(path).catch(() => {});
        throw refusedWrite(error);
      }
      const isGone = await this.#removeDurably(path);
      throw isGone ? refusedWrite(error.cause) : refusedReplacement(error);
    }
  }

  async #removeDurably(path: string): Promise<boolean> {
    try {
      await this.#options.disk.remove(path);
      await this.#options.disk.syncFolder(this.#folder);
      return true;
    } catch {
      return false;
    }
  }

  /** `undefined` when the file is damaged. */
  async #loadOne(id: string, path: string, logEndOffset: number): Promise<StoredPosition | undefined> {
    const { disk, limits } = this.#options;
    const sizeBytes = (await disk.stat(path))?.sizeBytes ?? 0;
    const state =
      sizeBytes > scannerFileMaxBytes(limits) ? undefined : decodeScannerFile(await disk.readFile(path));
    if (state === undefined) return undefined;
    if (state.next <= logEndOffset) {
      if (state.sequence > 0) await this.#syncFile(path);
      return this.#keep(id, new ScannerFile(path, state));
    }
    const lowered = { ...state, sequence: state.sequence + 1, next: logEndOffset };
    await replaceFile(disk, path, encodeScannerFile(lowered));
    return this.#keep(id, new ScannerFile(path, lowered));
  }

  /** A kill leaves positions in the page cache alone; the next one is written over what is then not the newest. */
  async #syncFile(path: string): Promise<void> {
    const file = this.#options.disk.open(path);
    try {
      await file.sync();
    } finally {
      file.close();
    }
  }

  #keep(id: string, file: ScannerFile): StoredPosition {
    const { files, durability } = this.#options;
    this.#files.set(id, file);
    const { from, next, expireMs, keys } = file.state;
    const store: PositionStore = {
      save: (settled) => files.write(file, settled),
      move: (sought) => files.move(file, sought, durability()),
    };
    return { kind: "position", id, from, next, expireMs, keys, store };
  }

  /** Those who come while it is being made wait for the same; after a failure the next one tries anew. */
  async #makeFolder(topicFolder: string): Promise<void> {
    const { disk } = this.#options;
    try {
      if ((await disk.stat(this.#folder)) === undefined) await disk.makeFolder(this.#folder);
      await disk.syncFolder(topicFolder);
    } catch (error) {
      this.#folderMade = undefined;
      throw error;
    }
  }
}
