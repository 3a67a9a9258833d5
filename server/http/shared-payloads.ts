/**
 * Large payloads that answers are being made of. Readers of one message share its bytes, so the memory counts once in
 * the bytes in flight, however many of them hold it.
 */
import type { ByteBudget } from "../../lib/index.ts";

export class SharedPayloads {
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
