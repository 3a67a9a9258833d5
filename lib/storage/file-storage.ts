/** Topics in the folders of a data folder, which it locks for as long as it is open. */
import type { Counters } from "../base/counters.ts";
import type { Logger } from "../base/logger.ts";
import type { Runtime } from "../base/runtime.ts";
import type { Disk, DiskLock } from "../disk/disk.ts";
import { failedRead, refusedWrite } from "../disk/disk-refusals.ts";
import { forkLog, LogShared } from "../log/index.ts";
import { ScannerFiles } from "../scanner/scanner-files.ts";
import type { TopicSettings } from "../topic/setting-table.ts";
import {
  type BeginTopic,
  type ForkSource,
  forkEndOffset,
  type NewFork,
  removeUnopened,
  type StoredTopic,
} from "../topic/storage.ts";
import type {
  CopyingStorage,
  MovingTopic,
  NewCopy,
  StoredCopy,
  UnfinishedCopy,
} from "../topic/stored-copy.ts";
import { type DataFolderContent, listDataFolder, takeDataFolder } from "./data-folder.ts";
import { FolderProbe } from "./folder-probe.ts";
import type { Limits } from "./limits.ts";
import { Lineages } from "./lineages.ts";
import { openStoredTopic, type StorageParts } from "./open-stored-topic.ts";
import { readCopies, TopicCopies } from "./topic-copies.ts";
import { buildForkFolder } from "./topic-folder.ts";
import { TopicFolders } from "./topic-folders.ts";

export interface FileStorageOptions {
  /** Absolute. Made when it is missing. */
  readonly folder: string;
  readonly disk: Disk;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: Limits;
}

interface OpenedFolder {
  readonly lock: DiskLock;
  readonly content: DataFolderContent;
  readonly folders: TopicFolders;
  readonly lineages: Lineages;
  readonly copies: readonly UnfinishedCopy[];
}

export class FileStorage implements CopyingStorage {
  readonly topicNames: readonly string[];
  readonly copies: readonly UnfinishedCopy[];
  readonly moved: readonly string[] = [];
  readonly #parts: StorageParts;
  readonly #folders: TopicFolders;
  readonly #lineages: Lineages;
  readonly #copies: TopicCopies;
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
      const folders = new TopicFolders(options);
      const lineages = await Lineages.open(options, folders, content);
      const copies = await readCopies(disk, folder, content.copies);
      return new FileStorage(options, { lock, content, folders, lineages, copies });
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  private constructor(options: FileStorageOptions, opened: OpenedFolder) {
    const { disk, runtime, logger, limits } = options;
    const { lock, content, folders, lineages, copies } = opened;
    this.topicNames = lineages.topics;
    this.copies = copies;
    this.#lock = lock;
    this.#folders = folders;
    this.#lineages = lineages;
    this.#probe = new FolderProbe(disk, options.folder, runtime, limits);
    const scannerFiles = new ScannerFiles({ disk, runtime, logger, limits });
    this.#parts = { disk, runtime, logger, limits, logs: new LogShared(disk, limits), scannerFiles };
    this.#copies = new TopicCopies(this.#parts, folders);
    for (const name of content.leftovers) this.#folders.removeInBackground(name);
  }

  get counters(): Counters {
    return this.#parts.logs.counters;
  }

  get openFileCount(): number {
    return this.#parts.logs.files.openCount + this.#parts.scannerFiles.openCount;
  }

  get tombstoneCount(): number {
    return this.#lineages.tombstoneCount;
  }

  isTombstone(name: string): boolean {
    return this.#lineages.isTombstone(name);
  }

  async open(name: string, defaults: TopicSettings): Promise<StoredTopic> {
    try {
      return await this.#open(name, defaults);
    } catch (error) {
      throw failedRead(error);
    }
  }

  async create(name: string, settings: TopicSettings, begin?: BeginTopic): Promise<StoredTopic> {
    const fill = (folder: string) => this.#begin(folder, { settings }, begin);
    await this.#folders.create(name, settings, fill);
    return await this.#openNew(name, settings);
  }

  async fork(name: string, fork: NewFork, begin?: BeginTopic): Promise<StoredTopic> {
    const { disk, runtime, logger, limits } = this.#parts;
    const { source, settings, log, cut } = fork;
    const id = runtime.randomId();
    await this.#lineages.fork({ name, id, source }, (note) =>
      this.#folders.build(name, async (folder) => {
        const copyLog = () =>
          forkLog({
            disk,
            runtime,
            logger,
            limits,
            sourceFolder: this.#folders.pathOf(source.topic),
            folder,
            source: log,
            wholeBelow: source.offset,
            endOffset: forkEndOffset(source),
            cut,
          });
        await buildForkFolder(disk, folder, { id, settings, source }, copyLog);
        await this.#begin(folder, { settings, source }, begin);
        await note();
      }),
    );
    return await this.#openNew(name, settings);
  }

  openCopy(name: string, copy: NewCopy): Promise<StoredCopy> {
    return this.#copies.open(name, copy);
  }

  discardCopy(name: string): Promise<void> {
    return this.#copies.discard(name);
  }

  /** The folder is locked: nobody else serves its topics. */
  async openToMove(name: string, defaults: TopicSettings): Promise<MovingTopic> {
    const stored = await this.open(name, defaults);
    const close = () => stored.log.close();
    return { stored, moveAway: close, close };
  }

  async remove(name: string): Promise<void> {
    if (this.#lineages.has(name)) await this.#lineages.end(name);
    else await this.#folders.discard(name);
  }

  trouble(): Promise<string | undefined> {
    return this.#probe.trouble();
  }

  async close(): Promise<void> {
    await this.#parts.scannerFiles.close();
    await this.#folders.removalsEnded();
    await this.#lock.release();
  }

  /** In a folder that is whole, and has not its topic's name yet. */
  async #begin(
    folder: string,
    { settings, source }: { readonly settings: TopicSettings; readonly source?: ForkSource },
    begin: BeginTopic | undefined,
  ): Promise<void> {
    if (begin === undefined) return;
    const lineage = () => ({ source, forks: [] });
    await begin(await openStoredTopic(this.#parts, folder, settings, lineage));
  }

  #open(name: string, defaults: TopicSettings): Promise<StoredTopic> {
    const lineage = () => this.#lineages.of(name);
    return openStoredTopic(this.#parts, this.#folders.pathOf(name), defaults, lineage);
  }

  async #openNew(name: string, settings: TopicSettings): Promise<StoredTopic> {
    try {
      return await this.#open(name, settings);
    } catch (error) {
      await removeUnopened(this, name);
      throw refusedWrite(error);
    }
  }
}
