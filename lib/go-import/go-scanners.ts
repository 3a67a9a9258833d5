/**
 * The positions of persistent scanners of the Go NetLog: `readers/<id>.scanner`, a file each, which holds the offset
 * that was read last as a u64, big-endian. It is empty until something was read.
 */
import { isSafeName } from "../base/names.ts";
import type { Disk } from "../disk/disk.ts";
import type { FileFinding } from "../log/index.ts";
import type { Limits } from "../storage/limits.ts";

const SUFFIX = ".scanner";
const FILE_BYTES = 8;

export interface GoScanner {
  readonly id: string;
  /** The offset that it reads next; kept within the log. */
  readonly next: number;
}

export interface GoScanners {
  readonly scanners: readonly GoScanner[];
  readonly findings: readonly FileFinding[];
}

/** What the log has: `[logStartOffset, logEndOffset)`. */
export interface OffsetRange {
  readonly logStartOffset: number;
  readonly logEndOffset: number;
}

/** @throws what the disk throws. */
export async function readGoScanners(
  disk: Disk,
  topicFolder: string,
  range: OffsetRange,
  limits: Limits,
): Promise<GoScanners> {
  const folder = `${topicFolder}/readers`;
  const scanners: GoScanner[] = [];
  const findings: FileFinding[] = [];
  if ((await disk.stat(folder))?.kind !== "folder") return { scanners, findings };
  for (const name of await disk.list(folder)) {
    const path = `${folder}/${name}`;
    const id = name.slice(0, -SUFFIX.length);
    if (!name.endsWith(SUFFIX) || !isSafeName(id, limits.scannerNameLength)) {
      findings.push({ kind: "note", file: path, message: "left out: this is no scanner's file" });
      continue;
    }
    const next = await readNext(disk, path, range);
    if (typeof next === "number") scanners.push({ id, next });
    else findings.push(next);
  }
  return { scanners, findings };
}

async function readNext(
  disk: Disk,
  path: string,
  { logStartOffset, logEndOffset }: OffsetRange,
): Promise<number | FileFinding> {
  const sizeBytes = (await disk.stat(path))?.sizeBytes ?? 0;
  // Such a one begins with the first message when the Go NetLog is started again.
  if (sizeBytes === 0) return logStartOffset;
  const bytes = sizeBytes === FILE_BYTES ? await disk.readFile(path) : undefined;
  if (bytes?.length !== FILE_BYTES) return damaged(path, `${FILE_BYTES} bytes`, `${sizeBytes} bytes`);
  const last = Number(bytes.readBigUInt64BE(0));
  if (!Number.isSafeInteger(last)) return damaged(path, "an offset", String(bytes.readBigUInt64BE(0)));
  return Math.min(Math.max(last + 1, logStartOffset), logEndOffset);
}

function damaged(file: string, expected: string, actual: string): FileFinding {
  const message = "the scanner's position cannot be read; the scanner is left out";
  return { kind: "damage", file, position: 0, type: "length", expected, actual, message };
}
