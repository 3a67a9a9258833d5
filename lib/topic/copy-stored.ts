/**
 * Copies a topic from one storage into another one as it is: its messages with offsets and times, its settings, what it
 * remembers of its appends, and its scanners with their positions. Nobody serves it meanwhile. Whom it was forked from is
 * not copied, for the other storage does not have that topic; nor is its id.
 */
import { NetlogError } from "../base/errors.ts";
import type { Runtime } from "../base/runtime.ts";
import type { Log } from "../log/log.ts";
import type { StoredScanner } from "../scanner/scanner-store.ts";
import type { TopicSettings } from "./setting-table.ts";
import { logLimitsOf } from "./settings.ts";
import type { KeptState, StateToKeep, Storage, StoredTopic } from "./storage.ts";

export interface CopyStoredOptions {
  readonly from: Storage;
  readonly to: Storage;
  /** For a topic whose file of settings leaves some out. */
  readonly defaults: TopicSettings;
  readonly runtime: Runtime;
}

export interface CopiedTopic {
  readonly messageCount: number;
  readonly scannerCount: number;
}

const READ_BYTES = 512 * 1024;

/**
 * Durable when it resolves; a crash leaves the copy whole or not at all.
 *
 * @throws topic_exists: the other storage has one of this name; topic_unavailable: the topic cannot be opened, or not all of
 *   it can be read; checksum_error: messages are damaged; what Storage.create throws.
 */
export async function copyStored(name: string, options: CopyStoredOptions): Promise<CopiedTopic> {
  const source = await options.from.open(name, options.defaults);
  const { log, settings, scanners } = source;
  try {
    requireWhole(source);
    const copy = async (target: StoredTopic): Promise<void> => {
      // Messages are older than segments may grow: by size alone, there are as many segments as before.
      await target.log.setLimits({ ...logLimitsOf(settings), segmentAgeMs: Number.MAX_SAFE_INTEGER });
      await copyFrames(log, target.log, options);
      if (source.stateStore.found !== undefined) {
        await target.stateStore.replace(await stateToKeep(source.stateStore.found));
      }
      for (const scanner of scanners) await copyScanner(scanner, target);
      await target.scannerStore.sync();
      await target.log.close();
      await target.close?.();
    };
    const made = await options.to.create(name, settings, copy, log.logStartOffset);
    await made.log.close();
    await made.close?.();
    return { messageCount: log.logEndOffset - log.logStartOffset, scannerCount: scanners.length };
  } finally {
    await log.close();
    await source.close?.();
  }
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

async function copyFrames(source: Log, target: Log, { runtime }: CopyStoredOptions): Promise<void> {
  const cursor = source.openCursor();
  for (let offset = source.logStartOffset; offset < source.logEndOffset; ) {
    const run = await cursor.read(offset, READ_BYTES);
    if (run === undefined) break;
    await target.appendFrames(run.bytes, "synced");
    offset = run.endOffset;
    await runtime.pause();
  }
  if (target.logEndOffset === source.logEndOffset) return;
  const reason = `only the messages below ${target.logEndOffset} of ${source.logEndOffset} can be read`;
  throw new NetlogError("topic_unavailable", { reason });
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
