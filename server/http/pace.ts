/**
 * Has a body that comes fast give the event loop back. Node reads up to 2 MiB of each connection in a turn of the loop,
 * so that a few fast clients would keep all others waiting.
 */
import type { Readable } from "node:stream";
import type { Runtime } from "../../lib/index.ts";

/** A body that has brought so much gives way to others. */
const TURN_BYTES = 256 * 1024;

export class Pace {
  readonly #stream: Readable;
  readonly #pause: Runtime["pause"];
  readonly #goOn: () => void;
  readonly #turnBytes: number;
  /** Since others had their turn; in the next turn it is as much again. */
  #comeBytes = 0;
  #isGivingWay = false;
  #isOver = false;

  /** `goOn` is called when `stream` may be read again, until `end`. */
  constructor(stream: Readable, pause: Runtime["pause"], goOn: () => void, turnBytes: number = TURN_BYTES) {
    this.#stream = stream;
    this.#pause = pause;
    this.#goOn = goOn;
    this.#turnBytes = turnBytes;
  }

  /** The others have their turn: `stream` is not to be resumed. */
  get isGivingWay(): boolean {
    return this.#isGivingWay;
  }

  /** So much has come. */
  add(bytes: number): void {
    this.#comeBytes += bytes;
    if (this.#comeBytes > this.#turnBytes && !this.#isGivingWay) void this.#giveWay();
  }

  /** It is read no more. */
  end(): void {
    this.#isOver = true;
  }

  async #giveWay(): Promise<void> {
    this.#isGivingWay = true;
    this.#stream.pause();
    const comeBytes = this.#comeBytes;
    this.#comeBytes = 0;
    await this.#pause(comeBytes);
    this.#isGivingWay = false;
    if (!this.#isOver) this.#goOn();
  }
}
