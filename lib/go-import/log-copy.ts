/** The log of a topic of the Go NetLog on its way into a folder here, segment by segment. */

import { NetlogError } from "../base/errors.ts";
import type { Disk } from "../disk/disk.ts";
import {
  decodeSegmentHeader,
  type FileFinding,
  FileWindow,
  type FramePlan,
  LogBuilder,
  OpenFiles,
} from "../log/index.ts";
import { cutSet, type SoundEntry } from "./go-entry.ts";
import { decodeGoIndex, GO_HEADER_BYTES, GO_INDEX_MAX_BYTES, type GoIndex, noGoIndex } from "./go-index.ts";
import type { GoSegmentFiles } from "./go-segment-files.ts";
import { GoSegmentWalk, type GoStep } from "./go-segment-walk.ts";
import type { ImportTopicOptions } from "./import-options.ts";
import { reading, readingSteps } from "./source-error.ts";

const CREATED_SECONDS = 2;
const MS_PER_SECOND = 1000;

export class LogCopy {
  readonly #options: ImportTopicOptions;
  readonly #builder: LogBuilder;
  /** The time of the newest message, ms; those that follow are not older. */
  lastTimestampMs = 0;
  messageCount = 0;
  logEndOffset = 0;

  constructor(options: ImportTopicOptions) {
    this.#options = options;
    this.#builder = new LogBuilder(options);
  }

  get segmentCount(): number {
    return this.#builder.segmentCount;
  }

  async addSegment(files: GoSegmentFiles): Promise<void> {
    const { source, limits, offload, onFinding, onBytes, runtime } = this.#options;
    const { baseOffset, dataPath, dataBytes = 0 } = files;
    const index = await reading(readIndex(source, files, runtime.now()));
    const file = new OpenFiles(source, 1).file(dataPath);
    try {
      const header =
        dataBytes < GO_HEADER_BYTES ? Buffer.alloc(0) : await reading(file.read(0, GO_HEADER_BYTES));
      const isSound = decodeSegmentHeader(header).kind === "go-netlog";
      if (!isSound) onFinding(headerFinding(files));
      const createdAtMs = isSound ? createdAt(header, runtime.now()) : this.lastTimestampMs;
      this.#builder.beginSegment({ baseOffset, createdAtMs });
      const walk = new GoSegmentWalk(files, index, new FileWindow(file, dataBytes), { limits, offload });
      let done = 0;
      for await (const step of readingSteps(walk.steps())) {
        if (step.kind === "finding") onFinding(step.finding);
        else if (step.kind === "entry") await this.#append(step, createdAtMs);
        else {
          onBytes(step.position - done);
          done = step.position;
          this.#throwIfCancelled();
        }
      }
      onBytes(dataBytes - done);
      this.logEndOffset = walk.endOffset;
    } finally {
      file.drop();
    }
  }

  async finish(): Promise<void> {
    await this.#builder.finish(this.logEndOffset);
  }

  close(): void {
    this.#builder.close();
  }

  async #append(
    { baseOffset, entry, timestampMs }: Extract<GoStep, { readonly kind: "entry" }>,
    createdAtMs: number,
  ): Promise<void> {
    this.lastTimestampMs = Math.max(this.lastTimestampMs, timestampMs ?? createdAtMs);
    const frame = { baseOffset, timestampMs: this.lastTimestampMs, messageCount: entry.count };
    if (entry.isReadable) await this.#builder.append(frame, entry.bytes);
    else await this.#appendCut(frame, entry);
    this.messageCount += entry.count;
  }

  async #appendCut(whole: FramePlan, entry: SoundEntry): Promise<void> {
    let { baseOffset } = whole;
    for await (const { entry: bytes, count } of cutSet(entry, this.#options)) {
      await this.#builder.append({ ...whole, baseOffset, messageCount: count }, bytes);
      baseOffset += count;
    }
  }

  #throwIfCancelled(): void {
    if (this.#options.isCancelled()) {
      throw new NetlogError("topic_unavailable", { reason: "the import was stopped" });
    }
  }
}

/** What the header tells, unless that is yet to come. */
function createdAt(header: Buffer, nowMs: number): number {
  return Math.min(header.readUInt32BE(CREATED_SECONDS) * MS_PER_SECOND, nowMs);
}

async function readIndex(source: Disk, files: GoSegmentFiles, nowMs: number): Promise<GoIndex> {
  const { indexPath, indexBytes, baseOffset } = files;
  if (indexBytes === undefined || indexBytes > GO_INDEX_MAX_BYTES) return noGoIndex(baseOffset);
  return decodeGoIndex(await source.readFile(indexPath), baseOffset, nowMs);
}

function headerFinding({ dataPath, dataBytes, baseOffset }: GoSegmentFiles): FileFinding {
  const file = dataPath;
  if (dataBytes === undefined) return { kind: "damage", file, message: "there is no data file" };
  return {
    kind: "damage",
    file,
    position: 0,
    offset: baseOffset,
    nextOffset: baseOffset,
    type: "unknown",
    expected: "the header of a data file of the Go NetLog",
    actual: "none",
    message: "the header is damaged; no message is lost by it",
  };
}
