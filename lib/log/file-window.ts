/** Reads a data file from front to back through one large buffer at a time, past all caches. */
import type { PooledFile } from "./open-files.ts";

const WINDOW_BYTES = 1024 * 1024;

export class FileWindow {
  readonly #file: PooledFile;
  /** Bytes of the file that may be read. */
  readonly sizeBytes: number;
  #start = 0;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(file: PooledFile, sizeBytes: number) {
    this.#file = file;
    this.sizeBytes = sizeBytes;
  }

  /** A view from `position` on: at least `length` bytes unless the file ends, usually more. */
  async at(position: number, length: number): Promise<Buffer> {
    const available = Math.max(0, Math.min(length, this.sizeBytes - position));
    const isHeld = position >= this.#start && position + available <= this.#start + this.#bytes.length;
    if (!isHeld) {
      const wanted = Math.min(Math.max(length, WINDOW_BYTES), this.sizeBytes - position);
      this.#bytes = await this.#file.read(position, Math.max(0, wanted));
      this.#start = position;
    }
    return this.#bytes.subarray(position - this.#start);
  }
}
