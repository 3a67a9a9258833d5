import { PLAIN_PIECE_BYTES } from "../base/loop-share.ts";
import type { DiskFile } from "./disk.ts";

/** A write that did not get all its bytes into the file. */
export class IncompleteWrite extends Error {
  /** Bytes that did get there. */
  readonly writtenBytes: number;

  constructor(writtenBytes: number, cause: unknown) {
    super("the disk took only a part of a write", { cause });
    this.name = "IncompleteWrite";
    this.writtenBytes = writtenBytes;
  }
}

/**
 * Writes all of `bytes` to the page cache. This is the one place that decides for a synchronous write: it is a
 * memory copy (1.4 µs for one small message here), the trip through Node's thread pool 40 to 60 µs of CPU.
 *
 * @throws IncompleteWrite, with the disk's error as cause.
 */
export function writeWhole(file: DiskFile, bytes: Uint8Array, position: number): void {
  let written = 0;
  while (written < bytes.length) {
    try {
      const rest = written === 0 ? bytes : bytes.subarray(written);
      const count = file.write(rest, position + written);
      if (count === 0) throw Object.assign(new Error("the disk took no bytes"), { code: "ENOSPC" });
      written += count;
    } catch (error) {
      throw new IncompleteWrite(written, error);
    }
  }
}

/**
 * The same of long bytes, with the event loop given back in between. `openFile` gives the file for each piece.
 *
 * @throws IncompleteWrite, as writeWhole does.
 */
export async function writeInPieces(
  openFile: () => DiskFile,
  bytes: Uint8Array,
  position: number,
  pause: () => Promise<void>,
): Promise<void> {
  for (let start = 0; start < bytes.length; start += PLAIN_PIECE_BYTES) {
    if (start > 0) await pause();
    try {
      writeWhole(openFile(), bytes.subarray(start, start + PLAIN_PIECE_BYTES), position + start);
    } catch (error) {
      if (!(error instanceof IncompleteWrite)) throw new IncompleteWrite(start, error);
      throw new IncompleteWrite(start + error.writtenBytes, error.cause);
    }
  }
}
