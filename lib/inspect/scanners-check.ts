/** Checks the files of a topic's persistent scanners, with no server behind them. Changes nothing. */
import { isSafeName } from "../base/names.ts";
import type { Disk } from "../disk/disk.ts";
import { type FileFinding, unreadableFinding } from "../log/index.ts";
import { decodeLeaseFile, LEASES_SUFFIX } from "../scanner/lease-file.ts";
import {
  decodeScannerFile,
  decodeSlots,
  SCANNER_SUFFIX,
  scannerFileMaxBytes,
  slotBytes,
  slotPosition,
} from "../scanner/scanner-file.ts";
import type { Limits } from "../storage/limits.ts";

export interface ScannersCheckOptions {
  readonly disk: Disk;
  readonly limits: Limits;
  /** The folder of scanner files; it may be missing. */
  readonly folder: string;
}

/** `logEndOffset` is where the topic's log would end after a start, if that is known. */
export async function* checkScanners(
  { disk, limits, folder }: ScannersCheckOptions,
  logEndOffset: number | undefined,
): AsyncGenerator<FileFinding, void, void> {
  if ((await disk.stat(folder))?.kind !== "folder") return;
  for (const name of await disk.list(folder)) {
    const file = `${folder}/${name}`;
    if (isFileOf(SCANNER_SUFFIX, name, limits)) {
      yield* checkScanner(disk, file, limits, logEndOffset);
    } else if (isFileOf(LEASES_SUFFIX, name, limits)) {
      yield* checkLeases(disk, file, limits, logEndOffset);
    } else {
      const message = name.endsWith(".tmp")
        ? "left by an interrupted change; it may be deleted"
        : "no file of a scanner; left alone";
      yield { kind: "note", file, message };
    }
  }
}

function isFileOf(suffix: string, name: string, limits: Limits): boolean {
  return name.endsWith(suffix) && isSafeName(name.slice(0, -suffix.length), limits.scannerNameLength);
}

/** The whole of it, or why that cannot be had. */
async function readSmall(disk: Disk, file: string, maxBytes: number): Promise<Buffer | FileFinding> {
  try {
    const sizeBytes = (await disk.stat(file))?.sizeBytes ?? 0;
    if (sizeBytes > maxBytes) return damagedScanner(file, `at most ${maxBytes} bytes`, `${sizeBytes} bytes`);
    return await disk.readFile(file);
  } catch (error) {
    return unreadableFinding(file, error);
  }
}

async function* checkScanner(
  disk: Disk,
  file: string,
  limits: Limits,
  logEndOffset: number | undefined,
): AsyncGenerator<FileFinding, void, void> {
  const bytes = await readSmall(disk, file, scannerFileMaxBytes(limits));
  if (!Buffer.isBuffer(bytes)) return yield bytes;
  const state = decodeScannerFile(bytes);
  if (state === undefined) return yield damagedScanner(file, "a whole slot", "none");
  for (const [sequence, slot] of decodeSlots(bytes).entries()) {
    if (slot !== undefined || slotBytes(bytes, sequence).every((byte) => byte === 0)) continue;
    const message =
      "one of the two slots is torn or damaged; the other one counts, and a message may be given again";
    yield { kind: "note", file, position: slotPosition(sequence), type: "checksum", message };
  }
  yield* notBehind(file, state.next, logEndOffset);
}

async function* checkLeases(
  disk: Disk,
  file: string,
  limits: Limits,
  logEndOffset: number | undefined,
): AsyncGenerator<FileFinding, void, void> {
  const bytes = await readSmall(disk, file, limits.leaseFileBytes);
  if (!Buffer.isBuffer(bytes)) return yield bytes;
  const decoded = decodeLeaseFile(bytes);
  if (decoded === undefined) return yield damagedScanner(file, "a whole journal", "none");
  const { endPosition, table } = decoded;
  if (endPosition < bytes.length) {
    const tornBytes = bytes.length - endPosition;
    const message = `a torn end of ${tornBytes} bytes, never confirmed as synced; the next start cuts it`;
    yield { kind: "torn", file, position: endPosition, message };
  }
  yield* notBehind(file, table.next, logEndOffset);
}

function* notBehind(
  file: string,
  next: number,
  logEndOffset: number | undefined,
): Generator<FileFinding, void, void> {
  if (logEndOffset === undefined || next <= logEndOffset) return;
  const message = `its next message is ${next}, and the topic ends at ${logEndOffset}; the next start moves it back`;
  yield { kind: "note", file, message };
}

function damagedScanner(file: string, expected: string, actual: string): FileFinding {
  const message = "the scanner cannot be used until it is deleted";
  return { kind: "damage", file, type: "checksum", expected, actual, message };
}
