/** Topics in the folders of a data folder, which it locks for as long as it is open. */
import type { Counters } from "../base/counters.ts";
import { NetlogError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Runtime } from "../base/runtime.ts";
import type { Disk, DiskLock } from "../disk/disk.ts";
import { failedRead, refusedWrite } from "../disk/disk-refusals.ts";
import { LogShared } from "../log/index.ts";
import { ScannerFiles } from "../scanner/scanner-files.ts";
import type { TopicSettings } from "../topic/setting-table.ts";
import type { Storage, StoredTopic } from "../topic/storage.ts";
import { type DataFolderContent, listDataFolder, takeDataFolder } from "./data-folder.ts";
import { FolderProbe } from "./folder-probe.ts";
import type { Limits } from "./limits.ts";
import { openStoredTopic, type StorageParts } from "./open-stored-topic.ts";
import { TopicFolders } from "./topic-folders.ts";

export interface FileStorageOptions {
  /** Absolute. Made when it is missing. */
  readonly folder: string;
  readonly disk: Disk;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: Limits;
}

export class FileStorage implements Storage {
  readonly topicNames: readonly string[];
  readonly #parts: StorageParts;
  readonly #folders: TopicFolders;
  readonly #probe: FolderProbe;
  readonly #lock: DiskLock;

  /**
   * Takes the data folder, and removes what interrupted changes have left in it.
   *
   * @throws DataFolderError when the folder cannot be used, with a message for the user.
   */
  static async open(options: FileStorageOptions): Promise<FileStorage> {
    const { disk, folder, logger, limits } = options;
    const lock = await takeDataFolder(disk, folder);
    try {
      const content = await listDataFolder(disk, folder, limits, logger);
      // A kill may have come before a topic's name was on the disk: it must be, before anything is published there.
      await disk.syncFolder(folder);
      return new FileStorage(options, lock, content);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  private constructor(options: FileStorageOptions, lock: DiskLock, content: DataFolderContent) {
    const { disk, runtime, logger, limits } = options;
    this.topicNames = content.topics;
    this.#lock = lock;
    this.#folders = new TopicFolders(options);
    this.#probe = new FolderProbe(disk, options.folder, runtime, limits);
    const scannerFiles = new ScannerFiles({ disk, runtime, logger, limits });
    this.#parts = { disk, runtime, logger, limits, logs: new LogShared(disk, limits), scannerFiles };
    for (const name of content.leftovers) this.#folders.removeInBackground(name);
  }

  get counters(): Counters {
    return this.#parts.logs.counters;
  }

  get openFileCount(): number {
    return this.#parts.logs.files.openCount + this.#parts.scannerFiles.openCount;
  }

  async open(name: string, defaults: TopicSettings): Promise<StoredTopic> {
    try {
      return await openStoredTopic(this.#parts, this.#folders.pathOf(name), defaults);
    } catch (error) {
      throw failedRead(error);
    }
  }

  async create(name: string, settings: TopicSettings): Promise<StoredTopic> {
    await this.#folders.create(name, settings);
    try {
      return await openStoredTopic(this.#parts, this.#folders.pathOf(name), settings);
    } catch (error) {
      await this.#removeUnopened(name);
      throw refusedWrite(error);
    }
  }

  remove(name: string): Promise<void> {
    return this.#folders.discard(name);
  }

  trouble(): Promise<string | undefined> {
    return this.#probe.trouble();
  }

  async close(): Promise<void> {
    await this.#parts.scannerFiles.close();
    await this.#folders.removalsEnded();
    await this.#lock.release();
  }

  async #removeUnopened(name: string): Promise<void> {
    try {
      await this.#folders.discard(name);
    } catch (error) {
      const reason = "the topic was made and could not be opened; it may be there after a restart";
      throw new NetlogError("sync_failed", { reason, cause: error });
    }
  }
}
