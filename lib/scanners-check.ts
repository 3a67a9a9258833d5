/** Checks the files of a topic's persistent scanners, with no server behind them. Changes nothing. */
import type { Disk } from "./disk/disk.ts";
import type { Limits } from "./limits.ts";
import { type FileFinding, unreadableFinding } from "./log/index.ts";
import { isSafeName } from "./names.ts";
import {
  decodeScannerFile,
  decodeSlots,
  SCANNER_FILE_MAX_BYTES,
  SCANNER_SUFFIX,
  slotBytes,
  slotPosition,
} from "./scanner-file.ts";

export interface ScannersCheckOptions {
  readonly disk: Disk;
  readonly limits: Limits;
  /** Of the scanners; it need not be there. */
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
    const id = name.slice(0, -SCANNER_SUFFIX.length);
    if (name.endsWith(SCANNER_SUFFIX) && isSafeName(id, limits.scannerNameLength)) {
      yield* checkScanner(disk, file, logEndOffset);
    } else {
      const message = name.endsWith(".tmp")
        ? "left by an interrupted change; it may be deleted"
        : "no file of a scanner; left alone";
      yield { kind: "note", file, message };
    }
  }
}

async function* checkScanner(
  disk: Disk,
  file: string,
  logEndOffset: number | undefined,
): AsyncGenerator<FileFinding, void, void> {
  let bytes: Buffer;
  try {
    const sizeBytes = (await disk.stat(file))?.sizeBytes ?? 0;
    if (sizeBytes > SCANNER_FILE_MAX_BYTES) {
      yield damagedScanner(file, `at most ${SCANNER_FILE_MAX_BYTES} bytes`, `${sizeBytes} bytes`);
      return;
    }
    bytes = await disk.readFile(file);
  } catch (error) {
    yield unreadableFinding(file, error);
    return;
  }
  const state = decodeScannerFile(bytes);
  if (state === undefined) {
    yield damagedScanner(file, "a whole slot", "none");
    return;
  }
  for (const [sequence, slot] of decodeSlots(bytes).entries()) {
    if (slot !== undefined || slotBytes(bytes, sequence).every((byte) => byte === 0)) continue;
    const message =
      "one of the two slots is torn or damaged; the other one counts, and a message may be given again";
    yield { kind: "note", file, position: slotPosition(sequence), type: "checksum", message };
  }
  if (logEndOffset === undefined || state.next <= logEndOffset) return;
  const message = `its next message is ${state.next}, and the topic ends at ${logEndOffset}; the next start moves it back`;
  yield { kind: "note", file, message };
}

function damagedScanner(file: string, expected: string, actual: string): FileFinding {
  const message = "the scanner cannot be used until it is deleted";
  return { kind: "damage", file, type: "checksum", expected, actual, message };
}
