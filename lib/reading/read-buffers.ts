/** Memory to read frames into, used again and again: new memory of this size costs more than the reading. */
export class ReadBuffers {
  readonly #bufferBytes: number;
  readonly #maxIdle: number;
  readonly #idle: Buffer[] = [];

  constructor(bufferBytes: number, maxIdle: number) {
    this.#bufferBytes = bufferBytes;
    this.#maxIdle = maxIdle;
  }

  take(): Buffer {
    return this.#idle.pop() ?? Buffer.allocUnsafeSlow(this.#bufferBytes);
  }

  /** Nobody may use `buffer` or a view of it any more, a write to a socket included. */
  giveBack(buffer: Buffer): void {
    if (this.#idle.length < this.#maxIdle) this.#idle.push(buffer);
  }
}
