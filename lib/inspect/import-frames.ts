/**
 * Makes a topic of a file of frames, as `netlog export --format frames` writes it: with the offsets, times and entries
 * that the frames have. The topic appears whole or not at all.
 */
import { crc32 } from "../base/checksum.ts";
import { parseDuration, timeBefore } from "../base/duration.ts";
import { NetlogError } from "../base/errors.ts";
import { silentLogger } from "../base/logger.ts";
import { isSafeName, NAME_RULE } from "../base/names.ts";
import type { Runtime } from "../base/runtime.ts";
import type { Disk } from "../disk/disk.ts";
import { readOnlyDisk } from "../disk/read-only-disk.ts";
import {
  decodeFrameHeader,
  FRAME_HEADER_BYTES,
  type Frame,
  frameBytes,
  frameEndOffset,
} from "../log/frame.ts";
import { type FileFinding, FileWindow, LogBuilder, OpenFiles } from "../log/index.ts";
import { threadPoolOffload } from "../message/thread-pool-offload.ts";
import { DataFolderError, takeDataFolder } from "../storage/data-folder.ts";
import type { Limits } from "../storage/limits.ts";
import { createSettings } from "../storage/settings-files.ts";
import { openStateCopies } from "../storage/state-copies.ts";
import { StateFiles } from "../storage/state-files.ts";
import { TopicFolders } from "../storage/topic-folders.ts";
import { writeTopicId } from "../storage/topic-id.ts";
import { checkEntry } from "../topic/integrity.ts";
import { DEFAULT_SETTINGS } from "../topic/setting-table.ts";
import { UNKNOWN_STATE } from "../topic/state-codec.ts";
import { stateFields } from "../topic/state-replay.ts";

export interface FrameImportOptions {
  readonly disk: Disk;
  readonly runtime: Runtime;
  /** Absolute. It is only read. */
  readonly file: string;
  /** Absolute: the data folder; made when it is missing. No server may run on it. */
  readonly folder: string;
  /** The new topic's name. */
  readonly name: string;
  readonly onFinding: (finding: FileFinding) => void;
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
  readonly isCancelled: () => boolean;
  readonly limits: Limits;
}

export interface ImportedFrames {
  readonly messageCount: number;
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  readonly segmentCount: number;
}

/**
 * What is damaged is left out and reported: a frame whose entry is bad, and everything from the place on where no frame
 * begins. The topic has the default settings. Keys, producers and the end of a topic that was closed with a message lie
 * in the frames, and its first opening finds them there.
 *
 * @throws DataFolderError: there is no such file, no frame begins it, or the folder cannot be used; invalid_topic_name;
 *   topic_exists; bad_request: the file holds no sound frame; topic_unavailable: it was cancelled; what the disk throws.
 */
export async function importFrames(options: FrameImportOptions): Promise<ImportedFrames> {
  const { disk, runtime, file, folder, name, limits } = options;
  if (!isSafeName(name, limits.topicNameLength)) {
    const reason = `a topic's name is 1 to ${limits.topicNameLength} of ${NAME_RULE}; give one behind the file`;
    throw new NetlogError("invalid_topic_name", { reason });
  }
  const stat = await disk.stat(file);
  if (stat?.kind !== "file") throw new DataFolderError(`there is no file ${file}`);
  if (!(await beginsWithFrame(disk, file)))
    throw new DataFolderError(`${file} is neither a folder nor a file of frames`);
  const lock = await takeDataFolder(disk, folder);
  try {
    const folders = new TopicFolders({ disk, runtime, folder, logger: silentLogger });
    return await folders.build(name, (topicFolder) => copyFrames(options, stat.sizeBytes, topicFolder));
  } finally {
    await lock.release();
  }
}

async function beginsWithFrame(disk: Disk, path: string): Promise<boolean> {
  const file = new OpenFiles(readOnlyDisk(disk), 1).file(path);
  try {
    return decodeFrameHeader(await file.read(0, FRAME_HEADER_BYTES), 0) !== undefined;
  } finally {
    file.drop();
  }
}

/** Everything is on the disk when it resolves, but for the folder's own name. */
async function copyFrames(
  options: FrameImportOptions,
  sizeBytes: number,
  folder: string,
): Promise<ImportedFrames> {
  const { disk, runtime, file, onFinding, limits } = options;
  const settings = DEFAULT_SETTINGS;
  await disk.makeFolder(folder);
  const id = runtime.randomId();
  await writeTopicId(disk, folder, id);
  await createSettings(disk, folder, settings);
  const builder = new LogBuilder({ disk, runtime, folder, limits });
  const walk = new FrameFileWalk(options, sizeBytes);
  let logStartOffset: number | undefined;
  let messageCount = 0;
  let segmentBytes = 0;
  let hasState = false;
  try {
    for await (const { header, entry } of walk.frames()) {
      const { baseOffset, timestampMs } = header;
      if (logStartOffset === undefined || segmentBytes + frameBytes(header) > settings.segment_size) {
        builder.beginSegment({ baseOffset, createdAtMs: timestampMs });
        segmentBytes = 0;
      }
      logStartOffset ??= baseOffset;
      hasState ||= stateFields(entry) !== undefined;
      await builder.append(header, entry);
      segmentBytes += frameBytes(header);
      messageCount += header.messageCount;
    }
    if (logStartOffset === undefined) {
      throw new NetlogError("bad_request", { reason: `${file} holds no frame that is whole and sound` });
    }
    await builder.finish(walk.endOffset);
  } finally {
    builder.close();
  }
  if (hasState) await promiseState(options, folder, id, walk.endOffset);
  const note = ageNote(file, settings.segment_age, walk.lastTimestampMs, runtime.now());
  if (note !== undefined) onFinding(note);
  return { messageCount, logStartOffset, logEndOffset: walk.endOffset, segmentCount: builder.segmentCount };
}

/** Without a state a topic remembers nothing; this one's first opening makes it from the messages. */
async function promiseState(
  { disk, runtime, limits }: FrameImportOptions,
  folder: string,
  id: string,
  logEndOffset: number,
): Promise<void> {
  const copies = await openStateCopies({ disk, folder, limits }, logEndOffset);
  const files = new StateFiles(copies, {
    disk,
    runtime,
    logger: silentLogger,
    folder,
    logEndOffset,
    startsAt: 0,
    hasState: false,
    noteState: () => writeTopicId(disk, folder, id, true),
  });
  await files.replace(UNKNOWN_STATE);
}

/** What to say where a server would drop all messages that were imported. */
export function ageNote(
  file: string,
  age: string,
  lastTimestampMs: number,
  nowMs: number,
): FileFinding | undefined {
  if (lastTimestampMs >= timeBefore(parseDuration(age), nowMs)) return undefined;
  const message =
    `all messages are older than the topic's segment_age of ${age}: a server drops them at its first check; ` +
    "to keep them, serve with --monitor-interval 1h at first, and raise segment_age with PATCH or `netlog set`";
  return { kind: "note", file, message };
}

/** The sound frames of a file, in order. */
class FrameFileWalk {
  readonly #options: FrameImportOptions;
  readonly #sizeBytes: number;
  /** The time of the newest frame, ms. */
  lastTimestampMs = 0;
  /** The offset behind the newest frame. */
  endOffset = 0;

  constructor(options: FrameImportOptions, sizeBytes: number) {
    this.#options = options;
    this.#sizeBytes = sizeBytes;
  }

  async *frames(): AsyncGenerator<Frame, void, undefined> {
    const { disk, file: path, onFinding, onProgress, isCancelled } = this.#options;
    const sizeBytes = this.#sizeBytes;
    const file = new OpenFiles(readOnlyDisk(disk), 1).file(path);
    const window = new FileWindow(file, sizeBytes);
    try {
      for (let position = 0; position < sizeBytes; ) {
        if (isCancelled()) throw new NetlogError("topic_unavailable", { reason: "the import was stopped" });
        const header = await window.header(position);
        const end = position + (header === undefined ? FRAME_HEADER_BYTES : frameBytes(header));
        if (header === undefined || end > sizeBytes) {
          onFinding(brokenOff(path, position, end > sizeBytes));
          return;
        }
        const whole = await window.at(position, end - position);
        const frame = { header, entry: whole.subarray(FRAME_HEADER_BYTES, end - position) };
        const finding = await this.#findingOf(frame);
        if (finding !== undefined) {
          onFinding({ ...finding, file: path, position });
        } else {
          this.#noteGap(frame, position);
          this.endOffset = frameEndOffset(header);
          this.lastTimestampMs = header.timestampMs;
          yield frame;
        }
        position = end;
        onProgress(position, sizeBytes);
      }
    } finally {
      file.drop();
    }
  }

  async #findingOf({ header, entry }: Frame): Promise<Omit<FileFinding, "file"> | undefined> {
    const { baseOffset, timestampMs, entryCrc } = header;
    const range = { offset: baseOffset, nextOffset: frameEndOffset(header) };
    const message = `messages from ${range.offset} to ${range.nextOffset - 1} are left out`;
    if (baseOffset < this.endOffset || timestampMs < this.lastTimestampMs) {
      const expected = `offset ${this.endOffset} and ${this.lastTimestampMs} ms, or later`;
      const actual = `offset ${baseOffset} and ${timestampMs} ms`;
      return { kind: "damage", ...range, type: "unknown", expected, actual, message };
    }
    const sum = crc32(entry);
    if (sum !== entryCrc) {
      const [expected, actual] = [String(entryCrc), String(sum)];
      return { kind: "damage", ...range, type: "checksum", expected, actual, message };
    }
    const flaw = await checkEntry(header, entry, {
      limits: this.#options.limits,
      offload: threadPoolOffload,
    });
    if (flaw === undefined) return undefined;
    const { type, expected, actual } = flaw;
    return { kind: "damage", ...range, type, expected, actual, message };
  }

  #noteGap({ header: { baseOffset } }: Frame, position: number): void {
    if (this.endOffset === 0 || baseOffset === this.endOffset) return;
    const message = `the offsets from ${this.endOffset} to ${baseOffset - 1} are not in the file; they stay empty`;
    this.#options.onFinding({ kind: "note", file: this.#options.file, position, message });
  }
}

function brokenOff(file: string, position: number, isTorn: boolean): FileFinding {
  return isTorn
    ? { kind: "torn", file, position, message: "the file ends within a frame, which is left out" }
    : { kind: "damage", file, position, message: "no frame begins here; what follows is left out" };
}
