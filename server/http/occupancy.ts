/** What is taken up of the server's limits at the moment, by all clients together. */
import { ByteBudget } from "../../lib/index.ts";
import type { Limits } from "./limits.ts";

export class Occupancy {
  /** Bodies and answers in memory. */
  readonly bytes: ByteBudget;
  /** Those that answers are being made of. */
  readonly payloads: SharedPayloads;
  /** Requests that wait for a message. */
  waitingCount = 0;

  constructor(limits: Limits) {
    this.bytes = new ByteBudget(limits.bytesInFlight);
    this.payloads = new SharedPayloads(this.bytes);
  }
}

/**
 * Large payloads that answers are being made of. Readers of one message share its bytes, so the memory counts once in
 * the bytes in flight, however many of them hold it.
 */
class SharedPayloads {
  readonly #budget: ByteBudget;
  /** How many hold each. */
  readonly #holders = new Map<ArrayBufferLike, number>();

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  /** False, and nothing held, when there is no memory for it. */
  hold({ buffer }: Buffer): boolean {
    const holders = this.#holders.get(buffer) ?? 0;
    if (holders === 0 && !this.#budget.tryTake(buffer.byteLength)) return false;
    this.#holders.set(buffer, holders + 1);
    return true;
  }

  /** Once for each time that it was held. */
  release({ buffer }: Buffer): void {
    const holders = this.#holders.get(buffer);
    if (holders === undefined) return;
    if (holders > 1) {
      this.#holders.set(buffer, holders - 1);
      return;
    }
    this.#holders.delete(buffer);
    this.#budget.giveBack(buffer.byteLength);
  }
}
