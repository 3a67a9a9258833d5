/** A log on the memory disk, with a clock of its own, for tests of lib/log. */
import { silentLogger } from "../../lib/base/logger.ts";
import type { Disk } from "../../lib/disk/disk.ts";
import { LIMITS, type Limits } from "../../lib/limits.ts";
import type { Durability, Log, LogEntry, LogLimits } from "../../lib/log/index.ts";
import { createLogFolder, framesOf, LogShared, openLog } from "../../lib/log/index.ts";
import { ManualRuntime } from "./manual-runtime.ts";
import { MemoryDisk } from "./memory-disk.ts";

export const LOG_FOLDER = "/data/t";

export const defaultLimits: LogLimits = {
  segmentSizeBytes: 1024 * 1024,
  segmentAgeMs: 30 * 24 * 3600 * 1000,
  retentionSizeBytes: 0,
  durability: "synced",
  syncIntervalMs: 1000,
};

export interface LogFixture {
  readonly disk: MemoryDisk;
  readonly runtime: ManualRuntime;
  readonly log: Log;
  readonly shared: LogShared;
}

/** A new, empty log. `seen` wraps the disk that the log sees, to make it fail. */
export async function newLog(
  limits: Partial<LogLimits> = {},
  options: { readonly caps?: Partial<Limits>; readonly seen?: (disk: MemoryDisk) => Disk } = {},
): Promise<LogFixture> {
  const runtime = new ManualRuntime();
  const disk = new MemoryDisk({ now: () => runtime.now() });
  await disk.makeFolder(LOG_FOLDER);
  await disk.syncFolder("/data");
  await createLogFolder({ disk, runtime, folder: LOG_FOLDER });
  return openFixture(disk, runtime, limits, options);
}

/** Opens the log that `disk` holds. */
export async function openFixture(
  disk: MemoryDisk,
  runtime: ManualRuntime,
  limits: Partial<LogLimits> = {},
  options: { readonly caps?: Partial<Limits>; readonly seen?: (disk: MemoryDisk) => Disk } = {},
): Promise<LogFixture> {
  const seen = options.seen?.(disk) ?? disk;
  const shared = new LogShared(seen, { ...LIMITS, ...options.caps });
  const log = await openLog({
    disk: seen,
    runtime,
    logger: silentLogger,
    folder: LOG_FOLDER,
    limits: { ...defaultLimits, ...limits },
    shared,
  });
  return { disk, runtime, log, shared };
}

export function entry(text: string, count = 1, durability: Durability = "synced"): LogEntry {
  return { bytes: Buffer.from(text), count, durability };
}

/** Appends entries of one message each, one after the other. */
export async function appendAll(log: Log, texts: readonly string[]): Promise<void> {
  for (const text of texts) await log.append([entry(text)])[0];
}

/** The entries from `from` to the end, as text, by offset. */
export async function readAll(log: Log, from: number = log.logStartOffset): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  const cursor = log.openCursor();
  let offset = from;
  for (;;) {
    const run = await cursor.read(offset, 64 * 1024);
    if (run === undefined) return found;
    for (const frame of framesOf(run.bytes)) found.set(frame.header.baseOffset, frame.entry.toString());
    offset = run.endOffset;
  }
}

/** Entries that are easy to tell apart. */
export function texts(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, i) => `entry number ${from + i}`);
}

/** What `readAll` gives when `texts` were appended one by one from `offset` on. */
export function numbered(appended: readonly string[], offset = 0): Map<number, string> {
  return new Map(appended.map((text, i) => [offset + i, text]));
}
