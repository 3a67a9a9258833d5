/**
 * Topics of another storage that are copied to here, in folders of their own: `.copying/<topic>`. Such a folder is whole at any
 * time, and becomes the topic's by its name.
 */
import { NetlogError } from "../base/errors.ts";
import { OneByOne } from "../base/one-by-one.ts";
import type { Disk } from "../disk/disk.ts";
import { failedRead, refusedWrite } from "../disk/disk-refusals.ts";
import { DEFAULT_SETTINGS } from "../topic/setting-table.ts";
import type { Lineage } from "../topic/storage.ts";
import {
  copyOfAnother,
  type NewCopy,
  type StoredCopy,
  takeOnlyGivenSegments,
  type UnfinishedCopy,
  type WholeCopy,
} from "../topic/stored-copy.ts";
import { COPYING_NAME } from "./data-folder.ts";
import { writeLineage } from "./lineage-file.ts";
import { openStoredTopic, type StorageParts } from "./open-stored-topic.ts";
import { buildTopicFolder } from "./topic-folder.ts";
import type { TopicFolders } from "./topic-folders.ts";
import { readTopicId } from "./topic-id.ts";

const NO_RELATIVES: Lineage = { source: undefined, forks: [] };

/** Those of topics called `names`. One whose id cannot be read is damaged, and has none. */
export async function readCopies(
  disk: Disk,
  folder: string,
  names: readonly string[],
): Promise<UnfinishedCopy[]> {
  const copies: UnfinishedCopy[] = [];
  for (const name of names) {
    const found = await readTopicId(disk, `${folder}/${COPYING_NAME}/${name}`).catch(() => undefined);
    copies.push({ name, id: found?.id ?? "" });
  }
  return copies;
}

export class TopicCopies {
  readonly #parts: StorageParts;
  readonly #folders: TopicFolders;
  /** The folder around all copies is made, and removed, for all of them. */
  readonly #changes = new OneByOne();

  constructor(parts: StorageParts, folders: TopicFolders) {
    this.#parts = parts;
    this.#folders = folders;
  }

  /** As CopyingStorage.openCopy. */
  async open(name: string, { id, firstOffset }: NewCopy): Promise<StoredCopy> {
    const { disk, runtime } = this.#parts;
    if ((await disk.stat(this.#folders.pathOf(name))) !== undefined) throw new NetlogError("topic_exists");
    const folder = this.#pathOf(name);
    if ((await disk.stat(folder)) === undefined) {
      const content = { id, settings: DEFAULT_SETTINGS, firstOffset };
      const build = (path: string) => buildTopicFolder(disk, path, content, runtime);
      await this.#changes.run("", async () => {
        await this.#makeRoom();
        await this.#folders.build(placeOf(name), build);
      });
    }
    const found = await readTopicId(disk, folder);
    if (found?.id !== id) throw copyOfAnother(name, found?.id ?? "none", id);
    try {
      return await this.#open(name, folder);
    } catch (error) {
      throw failedRead(error);
    }
  }

  /** As CopyingStorage.discardCopy. */
  async discard(name: string): Promise<void> {
    if ((await this.#parts.disk.stat(this.#pathOf(name))) === undefined) {
      throw new NetlogError("topic_not_found", { reason: `there is no unfinished copy of ${name}` });
    }
    await this.#changes.run("", async () => {
      await this.#folders.discard(placeOf(name));
      await this.#tidy();
    });
  }

  async #open(name: string, folder: string): Promise<StoredCopy> {
    const stored = await openStoredTopic(this.#parts, folder, DEFAULT_SETTINGS, () => NO_RELATIVES);
    await takeOnlyGivenSegments(stored.log);
    const close = () => stored.log.close();
    const finish = async ({ settings, source }: WholeCopy): Promise<void> => {
      const { disk } = this.#parts;
      await stored.replaceSettings(settings);
      await close();
      try {
        if (source !== undefined) await writeLineage(disk, folder, { source, forks: [], isDeleted: false });
      } catch (error) {
        throw refusedWrite(error);
      }
      await this.#changes.run("", async () => {
        await this.#folders.giveName(placeOf(name), name);
        await this.#tidy();
      });
    };
    return { stored, isTaken: false, finish, close };
  }

  async #makeRoom(): Promise<void> {
    const { disk } = this.#parts;
    const folder = this.#folders.pathOf(COPYING_NAME);
    try {
      if ((await disk.stat(folder)) === undefined) await disk.makeFolder(folder);
    } catch (error) {
      throw refusedWrite(error);
    }
  }

  /** Removes the folder of copies with the last of them; one that stays does no harm. */
  async #tidy(): Promise<void> {
    const { disk } = this.#parts;
    const folder = this.#folders.pathOf(COPYING_NAME);
    const left = await disk.list(folder).catch(() => [COPYING_NAME]);
    if (left.length === 0) await disk.removeTree(folder).catch(() => {});
  }

  #pathOf(name: string): string {
    return this.#folders.pathOf(placeOf(name));
  }
}

/** Within the data folder. */
function placeOf(name: string): string {
  return `${COPYING_NAME}/${name}`;
}
