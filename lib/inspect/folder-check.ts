/**
 * Checks a data folder, or some topics of it, without a server and without changing anything: what `netlog check`
 * tells. The folder is locked meanwhile where it lets itself be locked, for nothing under it may move.
 */
import { NetlogError } from "../base/errors.ts";
import { silentLogger } from "../base/logger.ts";
import type { Disk } from "../disk/disk.ts";
import { readOnlyDisk } from "../disk/read-only-disk.ts";
import { type FileFinding, isDataFileName, unreadableFinding } from "../log/index.ts";
import { threadPoolOffload } from "../message/thread-pool-offload.ts";
import { type DataFolderContent, listDataFolder, lockForReading } from "../storage/data-folder.ts";
import type { Limits } from "../storage/limits.ts";
import { checkLineages } from "./lineages-check.ts";
import { checkTopicFolder } from "./topic-check.ts";

/** One thing found; `topic` is absent where it is the folder's as a whole. */
export type FolderFinding = FileFinding & { readonly topic?: string };

export interface FolderCheckSummary {
  readonly topicCount: number;
  readonly segmentCount: number;
  /** Of data files. */
  readonly sizeBytes: number;
  /** Found whole. */
  readonly messageCount: number;
  /** How many findings of each kind. */
  readonly found: Readonly<Record<FileFinding["kind"], number>>;
  /** False when it was cancelled before everything was looked at. */
  readonly isComplete: boolean;
}

export interface FolderCheckOptions {
  readonly disk: Disk;
  /** Absolute. */
  readonly folder: string;
  /** All, where none is named. */
  readonly topics: readonly string[];
  readonly onFinding: (finding: FolderFinding) => void;
  /** Of data files. */
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
  readonly isCancelled: () => boolean;
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
  readonly #found: Record<FileFinding["kind"], number> = { damage: 0, unreadable: 0, torn: 0, note: 0 };
  #topicCount = 0;
  #segmentCount = 0;
  #messageCount = 0;
  #totalBytes = 0;
  /** Of segments that are done with. */
  #doneBytes = 0;

  constructor(options: FolderCheckOptions) {
    this.#options = options;
    this.#disk = readOnlyDisk(options.disk);
  }

  tell(finding: FolderFinding): void {
    this.#found[finding.kind]++;
    this.#options.onFinding(finding);
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
    for (const topic of topics) this.#totalBytes += await this.#dataBytes(`${folder}/${topic}`);
    for (const topic of topics) {
      if (isCancelled()) break;
      await this.#checkTopic(topic);
    }
    return {
      topicCount: this.#topicCount,
      segmentCount: this.#segmentCount,
      sizeBytes: this.#doneBytes,
      messageCount: this.#messageCount,
      found: this.#found,
      isComplete: !isCancelled(),
    };
  }

  async #checkTopic(topic: string): Promise<void> {
    const { folder, limits, onProgress, isCancelled } = this.#options;
    const path = `${folder}/${topic}`;
    const options = { disk: this.#disk, folder: path, limits, offload: threadPoolOffload };
    try {
      for await (const step of checkTopicFolder(options)) {
        if (step.kind === "finding") {
          this.tell({ topic, ...step.finding });
        } else if (step.kind === "progress") {
          this.#messageCount += step.messageCount;
          onProgress(this.#doneBytes + step.position, this.#totalBytes);
        } else {
          this.#segmentCount++;
          this.#doneBytes += step.sizeBytes;
          onProgress(this.#doneBytes, this.#totalBytes);
        }
        if (isCancelled()) return;
      }
    } catch (error) {
      this.tell({ topic, ...unreadableFinding(path, error) });
    }
    this.#topicCount++;
  }

  #tellOfOthers({ leftovers, strangers }: DataFolderContent): void {
    const { folder } = this.#options;
    for (const name of leftovers) {
      const message = "left by an interrupted creation or deletion; the next start removes it";
      this.tell({ kind: "note", file: `${folder}/${name}`, message });
    }
    for (const name of strangers) {
      this.tell({ kind: "note", file: `${folder}/${name}`, message: "no topic; left alone" });
    }
  }

  /** What cannot be read counts as nothing here, and is reported when its turn comes. */
  async #dataBytes(topicFolder: string): Promise<number> {
    let sizeBytes = 0;
    for (const name of await this.#disk.list(topicFolder).catch(() => [])) {
      if (!isDataFileName(name)) continue;
      const stat = await this.#disk.stat(`${topicFolder}/${name}`).catch(() => undefined);
      sizeBytes += stat?.sizeBytes ?? 0;
    }
    return sizeBytes;
  }
}

function requireTopics(wanted: readonly string[], topics: readonly string[]): readonly string[] {
  const missing = wanted.find((name) => !topics.includes(name));
  if (missing === undefined) return topics.filter((name) => wanted.includes(name));
  const reason = `there is no topic ${JSON.stringify(missing)}; there are ${topics.join(", ") || "none"}`;
  throw new NetlogError("topic_not_found", { reason });
}
