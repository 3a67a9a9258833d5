/**
 * The folders of topics within the data folder: made and discarded under other names, so that a crash leaves a
 * topic whole or not at all. The next start removes what an interrupted change has left under such a name.
 */
import { dirname } from "node:path/posix";
import { NetlogError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Runtime } from "../base/runtime.ts";
import type { Disk } from "../disk/disk.ts";
import { hasCode } from "../disk/disk-error.ts";
import { refusedWrite } from "../disk/disk-refusals.ts";
import type { TopicSettings } from "../topic/setting-table.ts";
import { CREATING_PREFIX, DELETED_PREFIX } from "./data-folder.ts";
import { buildTopicFolder } from "./topic-folder.ts";

export interface TopicFoldersOptions {
  readonly disk: Disk;
  readonly runtime: Runtime;
  readonly logger: Logger;
  /** The data folder. */
  readonly folder: string;
}

export class TopicFolders {
  readonly #options: TopicFoldersOptions;
  readonly #removals = new Set<Promise<void>>();

  constructor(options: TopicFoldersOptions) {
    this.#options = options;
  }

  pathOf(name: string): string {
    return `${this.#options.folder}/${name}`;
  }

  /**
   * Makes the folder of a topic, with what `fill` does in it before it has its name; durable when it resolves.
   *
   * @throws topic_exists: something of this name is there; storage_full, topic_unavailable: nothing is left;
   *   sync_failed: it is not there, but a loss of power may bring it back, whole; what `fill` throws: nothing is left.
   */
  async create(
    name: string,
    settings: TopicSettings,
    fill: (folder: string) => Promise<void>,
  ): Promise<void> {
    const { disk, runtime } = this.#options;
    const content = { id: runtime.randomId(), settings };
    await this.build(name, async (folder) => {
      await buildTopicFolder(disk, folder, content, runtime);
      await fill(folder);
    });
  }

  /**
   * Creates a topic from what `build` puts into a folder. `build` gets its path and makes it; all of it is on the disk
   * when `build` resolves. Its own errors are thrown on.
   */
  async build<Result>(name: string, build: (folder: string) => Promise<Result>): Promise<Result> {
    const { disk, runtime, logger } = this.#options;
    const path = this.pathOf(name);
    const building = this.pathOf(CREATING_PREFIX + runtime.randomId());
    let result: Result;
    try {
      if ((await disk.stat(path)) !== undefined) {
        logger.warn({ path }, "no topic of this name can be made: something else is there");
        throw new NetlogError("topic_exists");
      }
      result = await build(building);
      await disk.rename(building, path);
    } catch (error) {
      await disk.removeTree(building).catch(() => {});
      throw refusedWrite(error);
    }
    await this.#confirmName(building, path);
    return result;
  }

  /**
   * Gives a folder that is whole the name of a topic, which nobody has; durable when it resolves.
   *
   * @throws storage_full, topic_unavailable: it has its former name; sync_failed: so it has, but a loss of power may change that.
   */
  async giveName(formerName: string, name: string): Promise<void> {
    const [former, path] = [this.pathOf(formerName), this.pathOf(name)];
    try {
      await this.#options.disk.rename(former, path);
    } catch (error) {
      throw refusedWrite(error);
    }
    await this.#confirmName(former, path);
  }

  async #confirmName(former: string, path: string): Promise<void> {
    try {
      // Either may lie in a folder of copies.
      for (const folder of new Set([dirname(former), dirname(path)])) {
        await this.#sync("the topic was not made; it may be there after a restart", folder);
      }
    } catch (error) {
      // Nothing in it is removed: a loss of power could bring the name back, and then it is whole.
      await this.#options.disk.rename(path, former).catch(() => {});
      throw error;
    }
  }

  /**
   * Takes a topic's folder away, durably when it resolves; its files are removed in the background.
   *
   * @throws topic_unavailable: it is still there; sync_failed: it is gone, but a loss of power may bring it back,
   *   whole; otherwise the next start removes it.
   */
  async discard(name: string): Promise<void> {
    const { disk, runtime } = this.#options;
    const discarded = DELETED_PREFIX + runtime.randomId();
    try {
      await disk.rename(this.pathOf(name), this.pathOf(discarded));
    } catch (error) {
      const reason = "the topic could not be deleted; a restart serves it again";
      throw new NetlogError("topic_unavailable", { reason, cause: error });
    }
    await this.#sync("the topic is deleted; it may be there again after a restart");
    this.removeInBackground(discarded);
  }

  /** What cannot be removed is left to the next start. */
  removeInBackground(name: string): void {
    const path = this.pathOf(name);
    this.#inBackground(path, () => this.#options.disk.removeTree(path));
  }

  /** Removes what is in a topic's folder, save for the files `kept`. What cannot be removed is left to the next start. */
  emptyInBackground(name: string, kept: readonly string[]): void {
    const path = this.pathOf(name);
    this.#inBackground(path, async () => {
      const { disk } = this.#options;
      // A kill may have come before what is kept was on the disk: it must be, before anything goes.
      await disk.syncFolder(path);
      for (const found of await disk.list(path)) {
        if (!kept.includes(found)) await disk.removeTree(`${path}/${found}`);
      }
    });
  }

  /** Resolves when nothing is being removed. */
  async removalsEnded(): Promise<void> {
    await Promise.all(this.#removals);
  }

  #inBackground(path: string, remove: () => Promise<void>): void {
    const warn = (error: unknown) => {
      // A tombstone may be discarded while it is emptied.
      if (hasCode(error, "ENOENT")) return;
      this.#options.logger.warn({ err: error, path }, "not removed; the next start tries again");
    };
    const removal = remove()
      .catch(warn)
      .finally(() => this.#removals.delete(removal));
    this.#removals.add(removal);
  }

  async #sync(doubt: string, folder = this.#options.folder): Promise<void> {
    try {
      await this.#options.disk.syncFolder(folder);
    } catch (error) {
      throw new NetlogError("sync_failed", { reason: doubt, cause: error });
    }
  }
}
