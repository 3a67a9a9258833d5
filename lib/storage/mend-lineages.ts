/**
 * Makes the files of sources and forks agree when a data folder is opened. A fork is recorded in its own folder first, then
 * in its source's, and a fork is removed before its record at the source: so a crash leaves a fork that its source does not
 * know, or a record of a fork that is not there. A file that is lost is made again from the other side's.
 */
import type { Logger } from "../base/logger.ts";
import type { Runtime } from "../base/runtime.ts";
import type { Disk } from "../disk/disk.ts";
import type { DataFolderContent } from "./data-folder.ts";
import { type Relative, readLineage } from "./lineage-file.ts";
import { Relation } from "./relation.ts";
import { openTopicId, readTopicId } from "./topic-id.ts";

export interface MendOptions {
  readonly disk: Disk;
  readonly runtime: Runtime;
  readonly logger: Logger;
  /** The data folder. */
  readonly folder: string;
}

/** All relations of the folder by name, as they are; those whose files are to be written are `isChanged`. */
export async function mendLineages(
  options: MendOptions,
  content: DataFolderContent,
): Promise<Map<string, Relation>> {
  const mending = new Mending(options, content.topics);
  for (const name of content.related) await mending.read(name);
  for (const relation of mending.all) await mending.tellSource(relation);
  for (const relation of mending.all) await mending.dropMissingForks(relation);
  return mending.relations;
}

/** There may be as many forks as topics, so each relation is found without looking at the others. */
class Mending {
  readonly relations = new Map<string, Relation>();
  readonly #options: MendOptions;
  /** Names of the folders that hold a topic. */
  readonly #topics: ReadonlySet<string>;
  readonly #byId = new Map<string, Relation>();
  /** By the id of a fork, who records it. */
  readonly #recorders = new Map<string, Relation>();

  constructor(options: MendOptions, topics: readonly string[]) {
    this.#options = options;
    this.#topics = new Set(topics);
  }

  /** As they are now: others may join meanwhile. */
  get all(): readonly Relation[] {
    return [...this.relations.values()];
  }

  /** One whose id cannot be read is served, and left as it is. */
  async read(name: string): Promise<void> {
    const { disk, logger, folder } = this.#options;
    const path = `${folder}/${name}`;
    try {
      const { id } = await openTopicId(this.#options, path);
      const copy = await readLineage(disk, path);
      const relation = copy.status === "sound" ? new Relation(name, id, copy) : this.#unknown(name, id);
      if (copy.status !== "sound") {
        const message = `what the topic says of its forks ${copy.trouble}; it is made again from theirs`;
        logger.warn({ err: copy.cause, path }, message);
      }
      this.#join(relation);
    } catch (error) {
      logger.error({ err: error, path }, "nobody knows which forks the topic has");
    }
  }

  /** The source of a fork knows it; one that has got another name since, or another id, is known by those. */
  async tellSource(fork: Relation): Promise<void> {
    const { source } = fork;
    if (source === undefined) return;
    const found = this.#byId.get(source.id) ?? this.#recorders.get(fork.id) ?? (await this.#newcomer(source));
    if (found === undefined) return;
    const { offset, bytes } = source;
    const known = found.forks.get(fork.id);
    if (known?.topic !== fork.name || known.offset !== offset || known.bytes !== bytes) {
      found.forks.set(fork.id, { topic: fork.name, id: fork.id, offset, bytes });
      found.isChanged = true;
    }
    if (found.name !== source.topic || found.id !== source.id) {
      fork.source = { topic: found.name, id: found.id, offset, bytes };
      fork.isChanged = true;
    }
  }

  /** Also gives a fork whose file is lost its source back. */
  async dropMissingForks(source: Relation): Promise<void> {
    for (const fork of [...source.forks.values()]) {
      const relation = this.#byId.get(fork.id) ?? (await this.#newcomer(fork));
      if (relation !== undefined && relation.source === undefined) {
        relation.source = { topic: source.name, id: source.id, offset: fork.offset, bytes: fork.bytes };
        relation.isChanged = true;
      }
      if (relation?.source?.id === source.id) continue;
      source.forks.delete(fork.id);
      source.isChanged = true;
    }
  }

  /** The relation of a topic whose file is lost. */
  #unknown(name: string, id: string): Relation {
    const isDeleted = !this.#topics.has(name);
    const relation = new Relation(name, id, { source: undefined, forks: [], isDeleted });
    relation.isChanged = true;
    return relation;
  }

  /** Relates a topic that is there and names no others, or whose file cannot be read. */
  async #newcomer({ topic, id }: Relative): Promise<Relation | undefined> {
    if (!this.#topics.has(topic)) return undefined;
    const { disk, folder } = this.#options;
    const found = await readTopicId(disk, `${folder}/${topic}`).catch(() => ({ id }));
    if (found?.id !== id) return undefined;
    const relation = new Relation(topic, id);
    this.#join(relation);
    return relation;
  }

  #join(relation: Relation): void {
    this.relations.set(relation.name, relation);
    if (!this.#byId.has(relation.id)) this.#byId.set(relation.id, relation);
    for (const id of relation.forks.keys()) if (!this.#recorders.has(id)) this.#recorders.set(id, relation);
  }
}
