/**
 * The persistent scanners of one topic on the disk: `<topic>/scanners/<id>.scanner`, a file each. Making and
 * removing one is durable when it resolves; positions are as durable as scanner-files.ts makes them.
 */
import { replaceFile } from "./disk/atomic-file.ts";
import type { Disk } from "./disk/disk.ts";
import { NetlogError } from "./errors.ts";
import type { Limits } from "./limits.ts";
import { refusedWrite } from "./log/disk-errors.ts";
import type { Logger } from "./logger.ts";
import { isSafeName } from "./names.ts";
import type { PositionStore } from "./scanner.ts";
import {
  decodeScannerFile,
  encodeScannerFile,
  SCANNER_FILE_MAX_BYTES,
  SCANNER_SUFFIX,
} from "./scanner-file.ts";
import { ScannerFile, type ScannerFiles } from "./scanner-files.ts";

/** Of scanner files, in the topic's folder. */
export const SCANNERS_FOLDER = "scanners";
/** What replaceFile leaves when it is interrupted. */
const LEFTOVER_SUFFIX = `${SCANNER_SUFFIX}.tmp`;

/** A scanner as its file tells it. */
export interface StoredScanner {
  readonly id: string;
  readonly from: number;
  readonly next: number;
  readonly store: PositionStore;
}

export interface ScannerStoreOptions {
  readonly disk: Disk;
  readonly logger: Logger;
  readonly limits: Limits;
  /** Of the topic. */
  readonly folder: string;
  readonly files: ScannerFiles;
}

export class ScannerStore {
  readonly #options: ScannerStoreOptions;
  readonly #folder: string;
  readonly #files = new Map<string, ScannerFile>();
  /** Ids whose file is damaged: they are no scanners until they are deleted. */
  readonly #failed = new Set<string>();
  /** Resolves when the folder is there, and its name on the disk; undefined as long as nobody needed it. */
  #folderMade: Promise<void> | undefined;

  constructor(options: ScannerStoreOptions) {
    this.#options = options;
    this.#folder = `${options.folder}/${SCANNERS_FOLDER}`;
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
      const id = name.slice(0, -SCANNER_SUFFIX.length);
      if (name.endsWith(LEFTOVER_SUFFIX)) {
        // Gone already where lowering the scanner of this name took its place.
        if ((await disk.stat(path)) !== undefined) await disk.remove(path);
      } else if (!name.endsWith(SCANNER_SUFFIX) || !isSafeName(id, limits.scannerNameLength)) {
        logger.warn({ path }, "left alone: this is no scanner's file");
      } else {
        const scanner = await this.#loadOne(id, path, logEndOffset);
        if (scanner !== undefined) scanners.push(scanner);
      }
    }
    return scanners;
  }

  /** @throws storage_full, topic_unavailable: there is then no such scanner. */
  async create(id: string, from: number): Promise<StoredScanner> {
    const { disk, folder } = this.#options;
    const path = `${this.#folder}/${id}${SCANNER_SUFFIX}`;
    const state = { sequence: 0, from, next: from };
    try {
      this.#folderMade ??= this.#makeFolder(folder);
      await this.#folderMade;
      await replaceFile(disk, path, encodeScannerFile(state));
    } catch (error) {
      await disk.remove(path).catch(() => {});
      throw refusedWrite(error);
    }
    return this.#keep(id, new ScannerFile(path, state));
  }

  /** Forgets a scanner, one with a damaged file as well. @throws topic_unavailable. */
  async delete(id: string): Promise<void> {
    const { disk } = this.#options;
    const file = this.#files.get(id);
    if (file !== undefined) this.#options.files.forget(file);
    try {
      await disk.remove(`${this.#folder}/${id}${SCANNER_SUFFIX}`);
      await disk.syncFolder(this.#folder);
    } catch (error) {
      throw new NetlogError("topic_unavailable", {
        reason: "the scanner's file could not be removed; after a restart it may be there again",
        cause: error,
      });
    } finally {
      this.#files.delete(id);
      this.#failed.delete(id);
    }
  }

  /** Resolves when all positions written so far are on the disk. */
  sync(): Promise<void> {
    return this.#options.files.sync(this.#files.values());
  }

  /** Lets go of the files: the topic's folder is about to be renamed. */
  forgetAll(): void {
    for (const file of this.#files.values()) this.#options.files.forget(file);
  }

  async #loadOne(id: string, path: string, logEndOffset: number): Promise<StoredScanner | undefined> {
    const { disk, logger } = this.#options;
    const sizeBytes = (await disk.stat(path))?.sizeBytes ?? 0;
    const state =
      sizeBytes > SCANNER_FILE_MAX_BYTES ? undefined : decodeScannerFile(await disk.readFile(path));
    if (state === undefined) {
      this.#failed.add(id);
      logger.error({ path }, "this scanner's file is damaged: it cannot be used until it is deleted");
      return undefined;
    }
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

  #keep(id: string, file: ScannerFile): StoredScanner {
    this.#files.set(id, file);
    const save = (next: number) => this.#options.files.write(file, next);
    return { id, from: file.state.from, next: file.state.next, store: { save } };
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
