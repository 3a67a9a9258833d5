/** A byte array that grows like a file: writing behind the end, or extending, leaves zeros in between. */
export class GrowableBytes {
  /** Zero from `sizeBytes` on. */
  #buffer: Buffer;
  #sizeBytes: number;

  constructor(bytes: Uint8Array = Buffer.alloc(0)) {
    this.#buffer = Buffer.from(bytes);
    this.#sizeBytes = bytes.length;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  write(bytes: Uint8Array, position: number): void {
    if (position + bytes.length > this.#sizeBytes) this.resize(position + bytes.length);
    this.#buffer.set(bytes, position);
  }

  /** Copies into `into` from `position`; returns the bytes copied. */
  read(into: Uint8Array, position: number): number {
    const found = this.#buffer.subarray(position, Math.min(this.#sizeBytes, position + into.length));
    into.set(found);
    return found.length;
  }

  resize(sizeBytes: number): void {
    if (sizeBytes > this.#buffer.length) {
      const larger = Buffer.alloc(Math.max(sizeBytes, 2 * this.#buffer.length));
      larger.set(this.#buffer.subarray(0, this.#sizeBytes));
      this.#buffer = larger;
    } else if (sizeBytes < this.#sizeBytes) {
      this.#buffer.fill(0, sizeBytes, this.#sizeBytes);
    }
    this.#sizeBytes = sizeBytes;
  }

  /** A copy of what is there. */
  copy(): Buffer {
    return Buffer.from(this.#buffer.subarray(0, this.#sizeBytes));
  }
}
