/**
 * Brings topics of the Go NetLog into a data folder of this one, each of them whole or not at all. The source is
 * never written to, and topics that are here already stay as they are.
 */
import { isNetlogError, NetlogError } from "../base/errors.ts";
import { silentLogger } from "../base/logger.ts";
import { isSafeName, NAME_RULE } from "../base/names.ts";
import type { Runtime } from "../base/runtime.ts";
import type { Disk } from "../disk/disk.ts";
import { readOnlyDisk } from "../disk/read-only-disk.ts";
import { type FindingCounts, FolderWalk, type WalkEvents } from "../inspect/folder-walk.ts";
import { threadPoolOffload } from "../message/thread-pool-offload.ts";
import { DataFolderError, LOCK_PREFIX, listDataFolder, takeDataFolder } from "../storage/data-folder.ts";
import type { Limits } from "../storage/limits.ts";
import { TopicFolders } from "../storage/topic-folders.ts";
import { chooseTopics, type GoSource, requireGoSource } from "./go-source.ts";
import { type CopiedTopic, importTopic } from "./import-topic.ts";

export interface ImportOptions extends WalkEvents {
  readonly disk: Disk;
  readonly runtime: Runtime;
  /** Absolute: the Go NetLog's data folder. No server may write to it meanwhile. */
  readonly source: string;
  /** Absolute: the data folder here; made when it is missing. */
  readonly folder: string;
  /** All, where none is named. */
  readonly topics: readonly string[];
  readonly onTopic: (topic: ImportedTopic) => void;
  readonly limits: Limits;
}

/** What became of one topic. */
export type ImportedTopic =
  | ({ readonly name: string; readonly isImported: true } & CopiedTopic)
  | { readonly name: string; readonly isImported: false; readonly reason: string };

export interface ImportSummary {
  readonly topicCount: number;
  /** Topics that were to be imported and were not. */
  readonly refusedCount: number;
  readonly messageCount: number;
  readonly found: FindingCounts;
  /** False when it was cancelled; what was imported before stays. */
  readonly isComplete: boolean;
}

/**
 * Findings and topics come in the order of names, a topic's findings before it. What one topic suffers concerns no
 * other.
 *
 * @throws DataFolderError: the source is no data folder of the Go NetLog, or the destination cannot be used;
 *   topic_not_found, whose reason names what there is. Nothing was imported then.
 */
export async function importGoData(options: ImportOptions): Promise<ImportSummary> {
  const { disk, source, folder, topics } = options;
  const seen = readOnlyDisk(disk);
  const found = await requireGoSource(seen, source);
  const chosen = chooseTopics(found.topics, topics);
  if (`${folder}/`.startsWith(`${source}/`)) throw sameFolder(source);
  const lockBefore = await seen.stat(`${source}/${LOCK_PREFIX}`);
  const lock = await takeDataFolder(disk, folder);
  try {
    // By way of a link it may be the same folder under two names.
    const lockAfter = await seen.stat(`${source}/${LOCK_PREFIX}`);
    if (lockBefore?.modifiedAtMs !== lockAfter?.modifiedAtMs) throw sameFolder(source);
    return await new Import(options, seen).run(chosen, topics.length === 0 ? found.strangers : []);
  } finally {
    await lock.release();
  }
}

function sameFolder(source: string): DataFolderError {
  const advice = "name another data folder with --dir";
  return new DataFolderError(`the import would write into ${source}, which it only reads; ${advice}`);
}

class Import {
  readonly #options: ImportOptions;
  readonly #source: Disk;
  readonly #limits: Limits;
  readonly #folders: TopicFolders;
  readonly #walk: FolderWalk;
  #topicCount = 0;
  #refusedCount = 0;
  #messageCount = 0;

  constructor(options: ImportOptions, source: Disk) {
    const { disk, runtime, folder, limits } = options;
    this.#options = options;
    this.#source = source;
    this.#walk = new FolderWalk(source, options);
    this.#limits = limits;
    this.#folders = new TopicFolders({ disk, runtime, folder, logger: silentLogger });
  }

  async run(topics: readonly string[], strangers: GoSource["strangers"]): Promise<ImportSummary> {
    const { isCancelled, source } = this.#options;
    await this.#removeLeftovers();
    for (const name of strangers) {
      const message = "no topic of the Go NetLog; left out";
      this.#walk.tell({ kind: "note", file: `${source}/${name}`, message });
    }
    await this.#walk.run(source, topics, (name) => this.#importOne(name));
    await this.#folders.removalsEnded();
    return {
      topicCount: this.#topicCount,
      refusedCount: this.#refusedCount,
      messageCount: this.#messageCount,
      found: this.#walk.found,
      isComplete: !isCancelled(),
    };
  }

  async #importOne(name: string): Promise<void> {
    const beforeBytes = this.#walk.doneBytes;
    try {
      const copied = await this.#copy(name);
      this.#topicCount++;
      this.#messageCount += copied.messageCount;
      this.#options.onTopic({ name, isImported: true, ...copied });
    } catch (error) {
      if (!isNetlogError(error)) throw error;
      if (this.#options.isCancelled()) return;
      const isThere = error.code === "topic_exists";
      const reason = isThere ? "there is a topic of this name already" : (error.reason ?? error.message);
      this.#refusedCount++;
      this.#options.onTopic({ name, isImported: false, reason });
    }
    this.#walk.reach(beforeBytes + (await this.#walk.dataBytes(`${this.#options.source}/${name}`)));
  }

  async #copy(name: string): Promise<CopiedTopic> {
    const { disk, runtime, source, isCancelled } = this.#options;
    const limits = this.#limits;
    if (!isSafeName(name, limits.topicNameLength)) {
      const reason = `a topic's name here is 1 to ${limits.topicNameLength} of ${NAME_RULE}`;
      throw new NetlogError("invalid_topic_name", { reason });
    }
    return await this.#folders.build(name, (folder) =>
      importTopic({
        source: this.#source,
        sourceFolder: `${source}/${name}`,
        disk,
        folder,
        runtime,
        limits,
        offload: threadPoolOffload,
        onFinding: (finding) => this.#walk.tell({ topic: name, ...finding }),
        onBytes: (bytes) => this.#walk.reach(this.#walk.doneBytes + bytes),
        isCancelled,
      }),
    );
  }

  /** Removes what a killed import has left, which may be large. */
  async #removeLeftovers(): Promise<void> {
    const { disk, folder } = this.#options;
    const { leftovers } = await listDataFolder(disk, folder, this.#limits, silentLogger);
    for (const name of leftovers) this.#folders.removeInBackground(name);
    await this.#folders.removalsEnded();
  }
}
