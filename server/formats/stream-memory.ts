/** What a stream out takes of the memory that all clients share. */
import { isNetlogError } from "../../lib/index.ts";
import type { OnWaiting } from "../http/answer.ts";
import type { Visit } from "../http/visit.ts";
import type { PieceMemory } from "./message-pieces.ts";

export class StreamMemory implements PieceMemory {
  readonly #exchange: Visit;
  /** What was too much. */
  #refusedBytes = 0;

  constructor(exchange: Visit) {
    this.#exchange = exchange;
  }

  /** Pieces are large only while there is plenty of memory. */
  mayUse(bytes: number): boolean {
    return this.#exchange.request.memory.mayHoldSpare(bytes);
  }

  giveBack(): void {
    this.#exchange.request.memory.release();
  }

  hold(payload: Buffer): boolean {
    const isHeld = this.#exchange.request.memory.shares.hold(payload);
    if (!isHeld) this.#refusedBytes = payload.buffer.byteLength;
    return isHeld;
  }

  release(payload: Buffer): void {
    this.#exchange.request.memory.shares.release(payload);
  }

  /** Gives the event loop back. */
  pause(): Promise<void> {
    return this.#exchange.context.runtime.pause();
  }

  /**
   * Where `error` says that there is no memory for a message, waits for it: true when there may be now. False for
   * another error, for a message that is more than all memory, and when the client has left.
   */
  awaitMemory(error: unknown, onWaiting: OnWaiting): Promise<boolean> {
    const { memory } = this.#exchange.request;
    const { runtime, limits } = this.#exchange.context;
    const { maxBytes } = memory.shares;
    if (!isNetlogError(error, "too_many_requests") || this.#refusedBytes > maxBytes) {
      return Promise.resolve(false);
    }
    return new Promise((resolve) => {
      const look = (): void => {
        if (memory.spareBytes >= this.#refusedBytes) resolve(true);
        else timer = runtime.setTimer(limits.streamRetryMs, look);
      };
      let timer = runtime.setTimer(limits.streamRetryMs, look);
      onWaiting(() => {
        timer.cancel();
        resolve(false);
      });
    });
  }
}
