/** Bytes that grow as they are written: one buffer for many messages. */

const SMALLEST_BYTES = 4 * 1024;
/** A writer that has come so far is likely to be filled. */
const ONE_STEP_BYTES = 64 * 1024;
/** A call into native code costs more than so many characters one by one. */
const NATIVE_FROM_LENGTH = 24;
const NO_BYTES = Buffer.alloc(0);

export class ByteWriter {
  readonly #usualBytes: number;
  #bytes: Buffer = NO_BYTES;
  #length = 0;

  /** Grows to `usualBytes`, twofold at first, and beyond that to what is needed. */
  constructor(usualBytes: number = Number.POSITIVE_INFINITY) {
    this.#usualBytes = usualBytes;
  }

  get length(): number {
    return this.#length;
  }

  /** Bytes of memory. */
  get capacity(): number {
    return this.#bytes.length;
  }

  /** What was written: a view, good until something else is written. */
  get view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Takes back what was written from `length` on. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** What was written, for good: the writer goes on in other memory. */
  detach(): Buffer {
    const written = this.view;
    this.release();
    return written;
  }

  /** Lets go of the memory, and of what was written. */
  release(): void {
    this.#bytes = NO_BYTES;
    this.#length = 0;
  }

  /** `text` holds characters below 128 alone. */
  ascii(text: string): void {
    const bytes = this.#reserve(text.length);
    if (text.length >= NATIVE_FROM_LENGTH) {
      bytes.write(text, this.#length, "latin1");
    } else {
      for (let i = 0; i < text.length; i++) bytes[this.#length + i] = text.charCodeAt(i);
    }
    this.#length += text.length;
  }

  utf8(text: string): void {
    const length = Buffer.byteLength(text);
    this.#reserve(length).write(text, this.#length, "utf8");
    this.#length += length;
  }

  bytes(source: Uint8Array): void {
    this.#reserve(source.length).set(source, this.#length);
    this.#length += source.length;
  }

  byte(value: number): void {
    this.#reserve(1)[this.#length] = value;
    this.#length += 1;
  }

  /** Writes `source` if all of it is ASCII that stands for itself in a JSON string; false: nothing was written. */
  plainText(source: Uint8Array): boolean {
    const bytes = this.#reserve(source.length);
    let position = this.#length;
    for (let i = 0; i < source.length; i++) {
      const byte = source[i]!;
      if (byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c) return false;
      bytes[position++] = byte;
    }
    this.#length = position;
    return true;
  }

  /** The buffer, with space for `count` more bytes. */
  #reserve(count: number): Buffer {
    const needed = this.#length + count;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#grown(), SMALLEST_BYTES));
      larger.set(this.view);
      this.#bytes = larger;
    }
    return this.#bytes;
  }

  /** Memory that is not written to is not taken, so one step to the usual size costs less than many copies. */
  #grown(): number {
    const usualBytes = this.#usualBytes;
    if (this.#bytes.length >= ONE_STEP_BYTES && Number.isFinite(usualBytes)) return usualBytes;
    return Math.min(2 * this.#bytes.length, usualBytes);
  }
}
