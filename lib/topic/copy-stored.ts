/**
 * Copies a topic from one storage into another one as it is: its messages with offsets and times, its segments and settings,
 * its id, whom it was forked from, what it remembers of its appends, and its scanners with their positions. Nobody serves it
 * meanwhile. What was copied ahead (copy-ahead.ts), or by an earlier run, is gone on with.
 */
import { isNetlogError, NetlogError } from "../base/errors.ts";
import type { Runtime } from "../base/runtime.ts";
import type { Log } from "../log/log.ts";
import type { StoredScanner } from "../scanner/scanner-store.ts";
import { copyFrames, goesOn, type ReadFrames, type SourceRange } from "./copy-frames.ts";
import type { TopicSettings } from "./setting-table.ts";
import type { KeptState, StateToKeep, StoredTopic } from "./storage.ts";
import type { CopyingStorage, NewCopy, StoredCopy } from "./stored-copy.ts";

export interface CopyStoredOptions {
  readonly from: CopyingStorage;
  readonly to: CopyingStorage;
  /** For a topic whose file of settings leaves some out. */
  readonly defaults: TopicSettings;
  readonly runtime: Runtime;
  /** A topic is about to be copied, of which so many messages are there already. */
  readonly onBegin?: (messageCount: number, heldCount: number) => void;
  readonly onCopied?: (messageCount: number, sizeBytes: number) => void;
  /** Ends it between two reads: the next call goes on there. */
  readonly signal?: AbortSignal;
}

export interface CopiedTopic {
  /** Messages of the topic, and those of them that had been copied before. */
  readonly messageCount: number;
  readonly heldCount: number;
  readonly scannerCount: number;
}

const READ_BYTES = 512 * 1024;

/**
 * Durable when it resolves: then the topic is the other storage's, and no server of the first one serves it any more, where
 * that one has servers. After a crash it is the first one's, or the other one's, or the next call goes on.
 *
 * @throws topic_exists: the other storage has one of this name; topic_unavailable: the topic cannot be opened, or not all of
 *   it can be read; resource_busy: what was copied before is of another topic, or of another state of it; checksum_error:
 *   messages are damaged; what openCopy throws, and appending; the reason of `signal`.
 */
export async function copyStored(name: string, options: CopyStoredOptions): Promise<CopiedTopic> {
  const { from, to, defaults } = options;
  const moving = await from.openToMove(name, defaults);
  const { stored: source } = moving;
  try {
    requireWhole(source);
    const { log, settings, scanners } = source;
    const range = await rangeOf(log);
    const copy = await openCopyOf(to, name, { id: source.id, firstOffset: range.startOffset }, range);
    const heldCount = Math.max(0, copy.stored.log.logEndOffset - range.startOffset);
    const messageCount = range.endOffset - range.startOffset;
    options.onBegin?.(messageCount, heldCount);
    try {
      await copyAll(source, copy.stored, range, options);
      const whole = { settings: { ...settings }, source: source.lineage().source };
      await moving.moveAway();
      await copy.finish(whole);
    } catch (error) {
      await copy.close();
      // It never can be whole.
      if (isNetlogError(error, "checksum_error")) await to.discardCopy(name);
      throw error;
    }
    return { messageCount, heldCount, scannerCount: scanners.length };
  } finally {
    await moving.close();
  }
}

/** Goes on with a copy, or begins it anew where nothing that it has is left at the source. @throws as copyStored does. */
export async function openCopyOf(
  to: CopyingStorage,
  name: string,
  copy: NewCopy,
  range: SourceRange,
): Promise<StoredCopy> {
  const opened = await to.openCopy(name, copy);
  try {
    if (goesOn(opened.stored.log, range)) return opened;
  } catch (error) {
    await opened.close();
    throw error;
  }
  await opened.close();
  await to.discardCopy(name);
  return await to.openCopy(name, copy);
}

async function rangeOf(log: Log): Promise<SourceRange> {
  const { logStartOffset: startOffset, logEndOffset: endOffset, segments } = await log.describe();
  return { startOffset, endOffset, segmentStarts: segments.map(({ baseOffset }) => baseOffset) };
}

/** @throws topic_unavailable: the copy would lack something, and nobody could tell later. */
function requireWhole({ trouble, stateStore, scannerStore }: StoredTopic): void {
  const reason =
    trouble ??
    (stateStore.isLost ? "what it remembers is lost: serve it once, which makes that again" : undefined) ??
    (scannerStore.failedCount > 0
      ? "some of its scanners are damaged: delete them, and copy again"
      : undefined);
  if (reason !== undefined) throw new NetlogError("topic_unavailable", { reason });
}

async function copyAll(
  source: StoredTopic,
  copy: StoredTopic,
  range: SourceRange,
  { runtime, onCopied = () => {}, signal }: CopyStoredOptions,
): Promise<void> {
  await copyFrames(readerOf(source.log), copy.log, range, {
    isServed: false,
    runtime,
    onCopied,
    isOver: () => signal?.aborted === true,
  });
  signal?.throwIfAborted();
  // Messages that the source has dropped since they were copied.
  await copy.log.applyRetention(Number.MAX_SAFE_INTEGER, range.startOffset);
  if (source.stateStore.found !== undefined) {
    await copy.stateStore.replace(await stateToKeep(source.stateStore.found));
  }
  // An earlier run may have ended here: scanners have moved on since, or are gone.
  for (const { id } of copy.scanners) await copy.scannerStore.delete(id);
  for (const scanner of source.scanners) await copyScanner(scanner, copy);
  await copy.scannerStore.sync();
}

function readerOf(log: Log): ReadFrames {
  const cursor = log.openCursor();
  return async (offset) => {
    const run = await cursor.read(offset, READ_BYTES);
    if (run !== undefined) return run.bytes;
    const reason = `only the messages below ${offset} of ${log.logEndOffset} can be read`;
    throw new NetlogError("topic_unavailable", { reason });
  };
}

async function stateToKeep(kept: KeptState): Promise<StateToKeep> {
  const pieces = await kept.read(async (bytes) => {
    const read: Buffer[] = [];
    for (let position = 0; position < bytes.sizeBytes; position += read.at(-1)!.length) {
      read.push(Buffer.from(await bytes.at(position, 1)));
    }
    return read;
  });
  return { through: kept.through, pieces: () => pieces };
}

async function copyScanner(scanner: StoredScanner, { scannerStore }: StoredTopic): Promise<void> {
  const { id, from, expireMs, keys } = scanner;
  if (scanner.kind === "position") {
    await scannerStore.create(id, from, { work: undefined, expireMs, keys }, scanner.next);
    return;
  }
  const { settings: work, table } = scanner;
  await scannerStore.createWork(id, from, work, { work, expireMs, keys }, table);
}
