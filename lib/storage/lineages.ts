/**
 * Who is a fork of whom, in memory and on the disk: a fork's folder says so first, then its source's. A topic that is
 * deleted while it has forks becomes a tombstone, which goes with its last fork. Topics that have nothing to do with others
 * do not come here.
 */
import { isNetlogError, NetlogError } from "../base/errors.ts";
import { OneByOne } from "../base/one-by-one.ts";
import { refusedWrite } from "../disk/disk-refusals.ts";
import type { ForkSource, Lineage } from "../topic/storage.ts";
import type { DataFolderContent } from "./data-folder.ts";
import { LINEAGE_NAME, readLineage, writeLineage } from "./lineage-file.ts";
import { type MendOptions, mendLineages } from "./mend-lineages.ts";
import { Relation } from "./relation.ts";
import type { TopicFolders } from "./topic-folders.ts";
import { TOPIC_ID_NAME } from "./topic-id.ts";

const NO_RELATIVES: Lineage = { source: undefined, forks: [] };
/** What a tombstone keeps of its files. */
const TOMBSTONE_NAMES: readonly string[] = [TOPIC_ID_NAME, LINEAGE_NAME];
/** All changes are made one after the other: they concern two topics at least. */
const CHANGES = "changes";

export class Lineages {
  /** Names of the topics that were there at the opening, and were not deleted. */
  readonly topics: readonly string[];
  readonly #options: MendOptions;
  readonly #folders: TopicFolders;
  /** By name. */
  readonly #relations: Map<string, Relation>;
  readonly #changes = new OneByOne();

  /** Mends what crashes have left, as far as the disk lets it; tombstones without forks go. */
  static async open(
    options: MendOptions,
    folders: TopicFolders,
    content: DataFolderContent,
  ): Promise<Lineages> {
    const relations = await mendLineages(options, content);
    const topics = content.topics.filter((name) => relations.get(name)?.isDeleted !== true);
    const lineages = new Lineages(options, folders, relations, topics);
    await lineages.#mend();
    return lineages;
  }

  private constructor(
    options: MendOptions,
    folders: TopicFolders,
    relations: Map<string, Relation>,
    topics: readonly string[],
  ) {
    this.#options = options;
    this.#folders = folders;
    this.#relations = relations;
    this.topics = topics;
  }

  of(name: string): Lineage {
    return this.#relations.get(name)?.lineage ?? NO_RELATIVES;
  }

  has(name: string): boolean {
    return this.#relations.has(name);
  }

  isTombstone(name: string): boolean {
    return this.#relations.get(name)?.isDeleted === true;
  }

  get tombstoneCount(): number {
    return [...this.#relations.values()].filter(({ isDeleted }) => isDeleted).length;
  }

  /**
   * Makes a fork with `make`, which calls `note` when the fork's folder is whole, and gives it its name then. The source is
   * there until it resolves. @throws what `make` throws.
   */
  async fork(
    { name, id, source }: { readonly name: string; readonly id: string; readonly source: ForkSource },
    make: (note: () => Promise<void>) => Promise<void>,
  ): Promise<void> {
    const { offset, bytes } = source;
    const fork = new Relation(name, id, { source, forks: [], isDeleted: false });
    const note = async (): Promise<void> => {
      const relation = this.#relations.get(source.topic) ?? new Relation(source.topic, source.id);
      relation.forks.set(id, { topic: name, id, offset, bytes });
      this.#relations.set(source.topic, relation);
      await writeLineage(this.#options.disk, this.#folders.pathOf(source.topic), relation.kept);
    };
    try {
      await make(() => this.#changes.run(CHANGES, note));
      this.#relations.set(name, fork);
    } catch (error) {
      await this.#changes.run(CHANGES, () => this.#leave(fork));
      throw error;
    }
  }

  /** Removes a topic; see Storage.remove. */
  end(name: string): Promise<void> {
    return this.#changes.run(CHANGES, async () => {
      const relation = this.#relations.get(name);
      if (relation !== undefined && relation.forks.size > 0) return await this.#bury(relation);
      try {
        await this.#folders.discard(name);
      } catch (error) {
        // It is gone for now, and a new topic of its name is no relative of its relatives: the next start asks them.
        if (isNetlogError(error, "sync_failed")) this.#relations.delete(name);
        throw error;
      }
      this.#relations.delete(name);
      if (relation !== undefined) await this.#leave(relation);
    });
  }

  async #bury(relation: Relation): Promise<void> {
    const { disk } = this.#options;
    const folder = this.#folders.pathOf(relation.name);
    relation.isDeleted = true;
    try {
      await writeLineage(disk, folder, relation.kept);
    } catch (error) {
      const copy = await readLineage(disk, folder);
      if (copy.status === "sound" && copy.isDeleted) {
        const reason = "the topic is deleted; it may be there again after a restart";
        throw new NetlogError("sync_failed", { reason, cause: error });
      }
      relation.isDeleted = false;
      const reason = "the topic could not be deleted; a restart serves it again";
      throw new NetlogError("topic_unavailable", { reason, cause: refusedWrite(error) });
    }
    this.#folders.emptyInBackground(relation.name, TOMBSTONE_NAMES);
  }

  /** Its source forgets a fork that is gone, and goes with it when it is a tombstone. Never rejects. */
  async #leave(fork: Relation): Promise<void> {
    const source = this.#sourceOf(fork);
    if (source?.forks.delete(fork.id) !== true) return;
    source.isChanged = true;
    await this.#settle(source);
  }

  #sourceOf({ source }: Relation): Relation | undefined {
    const relation = source === undefined ? undefined : this.#relations.get(source.topic);
    return relation?.id === source?.id ? relation : undefined;
  }

  async #mend(): Promise<void> {
    for (const relation of [...this.#relations.values()]) await this.#settle(relation);
    for (const { name, isDeleted } of this.#relations.values()) {
      if (isDeleted) this.#folders.emptyInBackground(name, TOMBSTONE_NAMES);
    }
  }

  /** Brings the disk to what is known of a topic. What fails is left to the next start. */
  async #settle(relation: Relation): Promise<void> {
    const { name } = relation;
    if (this.#relations.get(name) !== relation) return;
    const { disk, logger } = this.#options;
    const path = `${this.#folders.pathOf(name)}/${LINEAGE_NAME}`;
    try {
      if (relation.isDead) {
        await this.#folders.discard(name);
        this.#relations.delete(name);
        await this.#leave(relation);
      } else if (relation.isOver) {
        this.#relations.delete(name);
        if ((await disk.stat(path)) !== undefined) await disk.remove(path);
      } else if (relation.isChanged) {
        await writeLineage(disk, this.#folders.pathOf(name), relation.kept);
        relation.isChanged = false;
      }
    } catch (error) {
      logger.warn(
        { err: error, path },
        "what a topic says of its forks was not written; the next start does it",
      );
    }
  }
}
