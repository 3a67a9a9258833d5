/** Counts the bytes that a walk through a folder's topics has done, and what it found. Check and import both use it. */
import type { Disk } from "../disk/disk.ts";
import { type FileFinding, isDataFileName } from "../log/index.ts";

/** One thing found; `topic` is absent where the finding is about the folder as a whole. */
export type FolderFinding = FileFinding & { readonly topic?: string };

/** How many findings there are of each kind. */
export type FindingCounts = Readonly<Record<FileFinding["kind"], number>>;

export interface WalkEvents {
  readonly onFinding: (finding: FolderFinding) => void;
  /** Counts bytes of data files. */
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
  readonly isCancelled: () => boolean;
}

export class FolderWalk {
  readonly #disk: Disk;
  readonly #events: WalkEvents;
  readonly #found: Record<FileFinding["kind"], number> = { damage: 0, unreadable: 0, torn: 0, note: 0 };
  #totalBytes = 0;
  #doneBytes = 0;

  constructor(disk: Disk, events: WalkEvents) {
    this.#disk = disk;
    this.#events = events;
  }

  get found(): FindingCounts {
    return this.#found;
  }

  /** The bytes of data files that are done. */
  get doneBytes(): number {
    return this.#doneBytes;
  }

  tell(finding: FolderFinding): void {
    this.#found[finding.kind]++;
    this.#events.onFinding(finding);
  }

  /** Visits the topics under `folder`, one after the other, until the caller cancels. */
  async run(
    folder: string,
    topics: readonly string[],
    visit: (topic: string) => Promise<void>,
  ): Promise<void> {
    for (const topic of topics) this.#totalBytes += await this.dataBytes(`${folder}/${topic}`);
    for (const topic of topics) {
      if (this.#events.isCancelled()) break;
      await visit(topic);
    }
  }

  /** Reports `bytes` of a file that is not done yet, beside those that are done. */
  show(bytes: number): void {
    this.#events.onProgress(this.#doneBytes + bytes, this.#totalBytes);
  }

  /** Sets how many bytes are done, and reports it. */
  reach(doneBytes: number): void {
    this.#doneBytes = doneBytes;
    this.show(0);
  }

  /** A file that cannot be read counts as nothing here; the visit of its topic reports it. */
  async dataBytes(topicFolder: string): Promise<number> {
    let sizeBytes = 0;
    for (const name of await this.#disk.list(topicFolder).catch(() => [])) {
      if (!isDataFileName(name)) continue;
      const stat = await this.#disk.stat(`${topicFolder}/${name}`).catch(() => undefined);
      sizeBytes += stat?.sizeBytes ?? 0;
    }
    return sizeBytes;
  }
}
