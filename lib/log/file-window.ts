/** Reads a data file, masked or not, from front to back through one large buffer at a time, past all caches. */
import { FRAME_HEADER_BYTES, type FrameHeader } from "./frame.ts";
import { decodeMaskedHeader, type FrameMask } from "./frame-mask.ts";
import type { PooledFile } from "./open-files.ts";

const WINDOW_BYTES = 1024 * 1024;

export class FileWindow {
  readonly #file: PooledFile;
  /** Bytes of the file that may be read. */
  readonly sizeBytes: number;
  /** The data file's mask. */
  readonly mask: FrameMask | undefined;
  /** Where in its data file the file begins that is read; 0 unless it is a piece of one. */
  readonly origin: number;
  #start = 0;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(file: PooledFile, sizeBytes: number, mask?: FrameMask, origin = 0) {
    this.#file = file;
    this.sizeBytes = sizeBytes;
    this.mask = mask;
    this.origin = origin;
  }

  /** A view from `position` on, as it lies in the file: at least `length` bytes unless the file ends, usually more. */
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

  /** The header of the frame at `position`; `undefined` where none begins. */
  async header(position: number): Promise<FrameHeader | undefined> {
    return this.decode(await this.at(position, FRAME_HEADER_BYTES), 0, position);
  }

  /** The header at `at` of `bytes`, which `this.at` gave; that is `position` of the file. */
  decode(bytes: Buffer, at: number, position: number): FrameHeader | undefined {
    return decodeMaskedHeader(bytes, at, this.origin + position, this.mask);
  }
}
