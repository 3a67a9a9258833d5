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
  const relations = new Map<string, Relation>();
  for (const name of content.related) {
    const relation = await readRelation(options, name, content);
    if (relation !== undefined) relations.set(name, relation);
  }
  for (const relation of [...relations.values()]) await tellSource(relation, relations, options, content);
  for (const relation of [...relations.values()])
    await dropMissingForks(relation, relations, options, content);
  return relations;
}

/** Nothing where its id cannot be read: it is served, and left as it is. */
async function readRelation(
  options: MendOptions,
  name: string,
  { topics }: DataFolderContent,
): Promise<Relation | undefined> {
  const { disk, logger, folder } = options;
  const path = `${folder}/${name}`;
  try {
    const { id } = await openTopicId(options, path);
    const copy = await readLineage(disk, path);
    if (copy.status === "sound") return new Relation(name, id, copy);
    logger.warn({ path }, `what the topic says of its forks ${copy.trouble}; it is made again from theirs`);
    const isDeleted = !topics.includes(name);
    const relation = new Relation(name, id, { source: undefined, forks: [], isDeleted });
    relation.isChanged = true;
    return relation;
  } catch (error) {
    logger.error({ err: error, path }, "nobody knows which forks the topic has");
    return undefined;
  }
}

/** The source of a fork knows it; one that has got another name since, or another id, is known by those. */
async function tellSource(
  fork: Relation,
  relations: Map<string, Relation>,
  options: MendOptions,
  content: DataFolderContent,
): Promise<void> {
  const { source } = fork;
  if (source === undefined) return;
  const all = [...relations.values()];
  const found =
    all.find(({ id }) => id === source.id) ??
    all.find(({ forks }) => forks.has(fork.id)) ??
    ((await isThere(source, options, content)) ? new Relation(source.topic, source.id) : undefined);
  if (found === undefined) return;
  relations.set(found.name, found);
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
async function dropMissingForks(
  source: Relation,
  relations: Map<string, Relation>,
  options: MendOptions,
  content: DataFolderContent,
): Promise<void> {
  for (const fork of [...source.forks.values()]) {
    const relation =
      [...relations.values()].find(({ id }) => id === fork.id) ??
      ((await isThere(fork, options, content)) ? new Relation(fork.topic, fork.id) : undefined);
    if (relation !== undefined && relation.source === undefined) {
      relation.source = { topic: source.name, id: source.id, offset: fork.offset, bytes: fork.bytes };
      relation.isChanged = true;
      relations.set(relation.name, relation);
    }
    if (relation?.source?.id === source.id) continue;
    source.forks.delete(fork.id);
    source.isChanged = true;
  }
}

/** True as well when that cannot be told. */
async function isThere(
  { topic, id }: Relative,
  { disk, folder }: MendOptions,
  { topics }: DataFolderContent,
): Promise<boolean> {
  if (!topics.includes(topic)) return false;
  const found = await readTopicId(disk, `${folder}/${topic}`).catch(() => ({ id }));
  return found?.id === id;
}
