/**
 * Checks a data folder, or some topics of it, without a server and without changing anything: what `netlog check`
 * tells. The folder is locked meanwhile where it lets itself be locked, for nothing under it may move.
 */
import { NetlogError } from "../base/errors.ts";
import { silentLogger } from "../base/logger.ts";
import type { Disk } from "../disk/disk.ts";
import { readOnlyDisk } from "../disk/read-only-disk.ts";
import { unreadableFinding } from "../log/index.ts";
import { threadPoolOffload } from "../message/thread-pool-offload.ts";
import {
  COPYING_NAME,
  type DataFolderContent,
  listDataFolder,
  lockForReading,
} from "../storage/data-folder.ts";
import type { Limits } from "../storage/limits.ts";
import { type FindingCounts, type FolderFinding, FolderWalk, type WalkEvents } from "./folder-walk.ts";
import { checkLineages } from "./lineages-check.ts";
import { checkTopicFolder } from "./topic-check.ts";

export interface FolderCheckSummary {
  readonly topicCount: number;
  readonly segmentCount: number;
  /** The size of the data files that were checked. */
  readonly sizeBytes: number;
  /** Found whole. */
  readonly messageCount: number;
  readonly found: FindingCounts;
  /** False when it was cancelled before everything was looked at. */
  readonly isComplete: boolean;
}

export interface FolderCheckOptions extends WalkEvents {
  readonly disk: Disk;
  /** Absolute. */
  readonly folder: string;
  /** All, where none is named. */
  readonly topics: readonly string[];
  readonly limits: Limits;
}

/**
 * Findings come topic by topic, in the order of names.
 *
 * @throws DataFolderError: the folder is missing, cannot be read, or is in use by a server; topic_not_found, with a
 *   reason that names what there is.
 */
export async function checkDataFolder(options: FolderCheckOptions): Promise<FolderCheckSummary> {
  const lock = await lockForReading(options.disk, options.folder);
  try {
    const check = new FolderCheck(options);
    if (lock.doubt !== undefined) {
      const message = `not locked, so a server may write meanwhile: ${lock.doubt}`;
      check.tell({ kind: "note", file: options.folder, message });
    }
    return await check.run();
  } finally {
    await lock.release();
  }
}

class FolderCheck {
  readonly #options: FolderCheckOptions;
  readonly #disk: Disk;
  readonly #walk: FolderWalk;
  #topicCount = 0;
  #segmentCount = 0;
  #messageCount = 0;

  constructor(options: FolderCheckOptions) {
    this.#options = options;
    this.#disk = readOnlyDisk(options.disk);
    this.#walk = new FolderWalk(this.#disk, options);
  }

  tell(finding: FolderFinding): void {
    this.#walk.tell(finding);
  }

  async run(): Promise<FolderCheckSummary> {
    const { folder, topics: wanted, isCancelled, limits } = this.#options;
    const content = await listDataFolder(this.#disk, folder, limits, silentLogger);
    const lineages = await checkLineages(this.#disk, folder, content);
    const topics = wanted.length === 0 ? lineages.topics : requireTopics(wanted, lineages.topics);
    if (wanted.length === 0) this.#tellOfOthers(content);
    for (const found of lineages.findings) {
      if (wanted.length === 0 || wanted.includes(found.topic)) this.tell(found);
    }
    await this.#walk.run(folder, topics, (topic) => this.#checkTopic(topic));
    return {
      topicCount: this.#topicCount,
      segmentCount: this.#segmentCount,
      sizeBytes: this.#walk.doneBytes,
      messageCount: this.#messageCount,
      found: this.#walk.found,
      isComplete: !isCancelled(),
    };
  }

  async #checkTopic(topic: string): Promise<void> {
    const { folder, limits, isCancelled } = this.#options;
    const path = `${folder}/${topic}`;
    const options = { disk: this.#disk, folder: path, limits, offload: threadPoolOffload };
    try {
      for await (const step of checkTopicFolder(options)) {
        if (step.kind === "finding") {
          this.tell({ topic, ...step.finding });
        } else if (step.kind === "progress") {
          this.#messageCount += step.messageCount;
          this.#walk.show(step.position);
        } else {
          this.#segmentCount++;
          this.#walk.reach(this.#walk.doneBytes + step.sizeBytes);
        }
        if (isCancelled()) return;
      }
    } catch (error) {
      this.tell({ topic, ...unreadableFinding(path, error) });
    }
    this.#topicCount++;
  }

  #tellOfOthers({ leftovers, copies, strangers }: DataFolderContent): void {
    const { folder } = this.#options;
    for (const name of copies) {
      const message = "a copy that is not whole; netlog migrate --back goes on with it";
      this.tell({ kind: "note", file: `${folder}/${COPYING_NAME}/${name}`, message });
    }
    for (const name of leftovers) {
      const message = "left by an interrupted creation or deletion; the next start removes it";
      this.tell({ kind: "note", file: `${folder}/${name}`, message });
    }
    for (const name of strangers) {
      this.tell({ kind: "note", file: `${folder}/${name}`, message: "no topic; left alone" });
    }
  }
}

function requireTopics(wanted: readonly string[], topics: readonly string[]): readonly string[] {
  const missing = wanted.find((name) => !topics.includes(name));
  if (missing === undefined) return topics.filter((name) => wanted.includes(name));
  const reason = `there is no topic ${JSON.stringify(missing)}; there are ${topics.join(", ") || "none"}`;
  throw new NetlogError("topic_not_found", { reason });
}
