/**
 * Copies one topic of the Go NetLog into a new folder: settings, messages with their offsets and times, scanners.
 * What is damaged is told and left out. A segment there begins a segment here, so that retention drops the same.
 */
import type { Disk } from "../disk/disk.ts";
import { parseDuration, timeBefore } from "../duration.ts";
import { NetlogError } from "../errors.ts";
import type { Limits } from "../limits.ts";
import { decodeSegmentHeader, type FileFinding, FileWindow, LogBuilder, OpenFiles } from "../log/index.ts";
import { silentLogger } from "../logger.ts";
import type { Offload } from "../message/compression.ts";
import type { Runtime } from "../runtime.ts";
import { ScannerFiles } from "../scanner-files.ts";
import { ScannerStore } from "../scanner-store.ts";
import type { TopicSettings } from "../settings.ts";
import { writeSettings } from "../topic-folder.ts";
import { cutSet, type SoundEntry } from "./go-entry.ts";
import { decodeGoIndex, GO_HEADER_BYTES, GO_INDEX_MAX_BYTES, type GoIndex, noGoIndex } from "./go-index.ts";
import { readGoScanners } from "./go-scanners.ts";
import { type GoSegmentFiles, listGoSegments } from "./go-segment-files.ts";
import { GoSegmentWalk, type GoStep } from "./go-segment-walk.ts";
import { readGoSettings } from "./go-settings.ts";
import { reading, readingSteps } from "./source-error.ts";

const CREATED_SECONDS = 2;
const MS_PER_SECOND = 1000;

export interface ImportTopicOptions {
  /** Only read from. */
  readonly source: Disk;
  /** Of the topic in the source. */
  readonly sourceFolder: string;
  readonly disk: Disk;
  /** Does not exist yet. */
  readonly folder: string;
  readonly runtime: Runtime;
  readonly limits: Limits;
  readonly offload: Offload;
  readonly onFinding: (finding: FileFinding) => void;
  /** So much more of the data files is done with. */
  readonly onBytes: (bytes: number) => void;
  readonly isCancelled: () => boolean;
}

export interface CopiedTopic {
  readonly messageCount: number;
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  readonly segmentCount: number;
  readonly scannerCount: number;
}

/**
 * Everything is on the disk when it resolves, but for the folder's own name.
 *
 * @throws topic_unavailable when the source cannot be read, or it was cancelled; what the disk throws.
 */
export async function importTopic(options: ImportTopicOptions): Promise<CopiedTopic> {
  const { source, sourceFolder, disk, folder, limits } = options;
  const segments = await reading(listGoSegments(source, sourceFolder));
  const [first] = segments;
  if (first === undefined) {
    throw new NetlogError("topic_unavailable", { reason: `there is no segment in ${sourceFolder}` });
  }
  await disk.makeFolder(folder);
  const { settings, findings } = await reading(readGoSettings(source, sourceFolder, limits));
  for (const finding of findings) options.onFinding(finding);
  await writeSettings(disk, folder, settings);
  const copy = new LogCopy(options);
  try {
    for (const files of segments) await copy.addSegment(files);
    await copy.finish();
  } finally {
    copy.close();
  }
  const { messageCount, segmentCount, logEndOffset } = copy;
  warnOfRetention(options, settings, copy);
  const range = { logStartOffset: first.baseOffset, logEndOffset };
  const scannerCount = await copyScanners(options, range);
  return { messageCount, segmentCount, scannerCount, ...range };
}

/** The log that is being written. */
class LogCopy {
  readonly #options: ImportTopicOptions;
  readonly #builder: LogBuilder;
  /** Of the newest message; those that follow are not older. */
  lastTimestampMs = 0;
  messageCount = 0;
  logEndOffset = 0;

  constructor(options: ImportTopicOptions) {
    const { disk, folder, limits } = options;
    this.#options = options;
    this.#builder = new LogBuilder({ disk, folder, limits });
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
    let offset = baseOffset;
    for await (const { entry: bytes, count } of this.#partsOf(entry)) {
      const frame = { baseOffset: offset, timestampMs: this.lastTimestampMs, messageCount: count };
      await this.#builder.append(frame, bytes);
      offset += count;
    }
    this.messageCount += entry.count;
  }

  #partsOf(entry: SoundEntry): Iterable<{ entry: Buffer; count: number }> | ReturnType<typeof cutSet> {
    if (entry.isReadable) return [{ entry: entry.bytes, count: entry.count }];
    return cutSet(entry, this.#options);
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

/** The Go NetLog keeps the last segment of a topic for ever; here it ages like the others. */
function warnOfRetention(
  { sourceFolder, runtime, onFinding }: ImportTopicOptions,
  { segment_age: age }: TopicSettings,
  { messageCount, lastTimestampMs }: LogCopy,
): void {
  if (messageCount === 0 || lastTimestampMs >= timeBefore(parseDuration(age), runtime.now())) return;
  const message =
    `all messages are older than the topic's segment_age of ${age}: a server drops them at its first check, ` +
    "unless segment_age in the settings.json of the imported topic is raised first";
  onFinding({ kind: "note", file: sourceFolder, message });
}

async function copyScanners(
  options: ImportTopicOptions,
  range: { readonly logStartOffset: number; readonly logEndOffset: number },
): Promise<number> {
  const { source, sourceFolder, disk, folder, limits, runtime, onFinding } = options;
  const { scanners, findings } = await reading(readGoScanners(source, sourceFolder, range, limits));
  for (const finding of findings) onFinding(finding);
  const logger = silentLogger;
  const files = new ScannerFiles({ disk, runtime, logger, limits });
  const store = new ScannerStore({ disk, logger, limits, folder, files });
  for (const { id, next } of scanners) await store.create(id, next);
  return scanners.length;
}
