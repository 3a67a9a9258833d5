/** Memory to read frames into, used again and again: new memory of this size costs more than the reading. */
export class Rooms {
  readonly #roomBytes: number;
  readonly #maxIdle: number;
  readonly #idle: Buffer[] = [];

  constructor(roomBytes: number, maxIdle: number) {
    this.#roomBytes = roomBytes;
    this.#maxIdle = maxIdle;
  }

  take(): Buffer {
    return this.#idle.pop() ?? Buffer.allocUnsafeSlow(this.#roomBytes);
  }

  /** Nobody may use `room` or a view of it any more, a write to a socket included. */
  giveBack(room: Buffer): void {
    if (this.#idle.length < this.#maxIdle) this.#idle.push(room);
  }
}
