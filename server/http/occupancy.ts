/** What is taken up of the server's limits at the moment, by all clients together and by each token. */
import { ByteBudget } from "../../lib/index.ts";
import type { Limits } from "./limits.ts";

/** What one token takes up. */
export interface TokenShare {
  readonly bytes: ByteBudget;
  waitingCount: number;
}

export class Occupancy {
  /** Bodies and answers in memory. */
  readonly bytes: ByteBudget;
  /** Those that answers are being made of. */
  readonly payloads: SharedPayloads;
  /** Requests that wait for a message. */
  waitingCount = 0;
  readonly #limits: Limits;
  /** By the name of the token, of which a file has a bounded number. */
  readonly #shares = new Map<string, TokenShare>();

  constructor(limits: Limits) {
    this.#limits = limits;
    this.bytes = new ByteBudget(limits.bytesInFlight);
    this.payloads = new SharedPayloads(this.bytes);
  }

  /** Counts a request that waits, until `endWait`; or says why it may not wait. */
  beginWait(tokenName: string | undefined): string | undefined {
    const { waitingRequests, tokenSharePercent } = this.#limits;
    if (this.waitingCount >= waitingRequests) {
      return `${waitingRequests} requests wait already (max_waiting); try again later`;
    }
    const share = tokenName === undefined ? undefined : this.shareOf(tokenName);
    const shareCount = Math.max(1, Math.floor((waitingRequests * tokenSharePercent) / 100));
    if (share !== undefined && share.waitingCount >= shareCount) {
      return `${shareCount} requests of this token wait already, its share of max_waiting (tokenSharePercent); try again later`;
    }
    this.waitingCount += 1;
    if (share !== undefined) share.waitingCount += 1;
    return undefined;
  }

  endWait(tokenName: string | undefined): void {
    this.waitingCount -= 1;
    if (tokenName !== undefined) this.shareOf(tokenName).waitingCount -= 1;
  }

  /** That of the token of this name. It has room for the largest message, and for the answer with it. */
  readonly shareOf = (tokenName: string): TokenShare => {
    const known = this.#shares.get(tokenName);
    if (known !== undefined) return known;
    const { bytesInFlight, payloadBytes, tokenSharePercent } = this.#limits;
    const leastBytes = Math.min(bytesInFlight, 2 * payloadBytes);
    const bytes = new ByteBudget(Math.max(leastBytes, Math.floor((bytesInFlight * tokenSharePercent) / 100)));
    const share = { bytes, waitingCount: 0 };
    this.#shares.set(tokenName, share);
    return share;
  };
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
