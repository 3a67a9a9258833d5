/** What is taken up of the server's limits at the moment, by all clients together and by each token. */
import { ByteBudget } from "../../lib/index.ts";
import type { Limits } from "./limits.ts";

/** What all clients together take up, or those with one token. */
export class Share {
  /** Bodies and answers in memory. */
  readonly bytes: ByteBudget;
  /** Messages that answers are being made of; they count in `bytes`. */
  readonly payloads: SharedPayloads;
  /** Requests that wait for a message. */
  waitingCount = 0;

  constructor(maxBytes: number) {
    this.bytes = new ByteBudget(maxBytes);
    this.payloads = new SharedPayloads(this.bytes);
  }
}

export class Occupancy extends Share {
  readonly #limits: Limits;
  /** By the name of the token, of which a file has a bounded number. */
  readonly #shares = new Map<string, Share>();

  constructor(limits: Limits) {
    super(limits.bytesInFlight);
    this.#limits = limits;
  }

  /** The share of the token of this name. It has room for the largest body, and for the answer with it. */
  shareOf(tokenName: string): Share {
    const known = this.#shares.get(tokenName);
    if (known !== undefined) return known;
    const { bytesInFlight, payloadBytes, batchBytes, tokenSharePercent } = this.#limits;
    const leastBytes = Math.min(bytesInFlight, 2 * Math.max(payloadBytes, batchBytes));
    const share = new Share(Math.max(leastBytes, Math.floor((bytesInFlight * tokenSharePercent) / 100)));
    this.#shares.set(tokenName, share);
    return share;
  }

  /** Counts a request that waits, until `endWait`; or says why it may not wait. */
  beginWait(share: Share | undefined): string | undefined {
    const { waitingRequests, tokenSharePercent } = this.#limits;
    if (this.waitingCount >= waitingRequests) {
      return `${waitingRequests} requests wait already (max_waiting); try again later`;
    }
    if (share !== undefined) {
      const shareCount = Math.max(1, Math.floor((waitingRequests * tokenSharePercent) / 100));
      if (share.waitingCount >= shareCount) {
        return `${shareCount} requests of this token wait already, its share of max_waiting (tokenSharePercent); try again later`;
      }
      share.waitingCount += 1;
    }
    this.waitingCount += 1;
    return undefined;
  }

  endWait(share: Share | undefined): void {
    this.waitingCount -= 1;
    if (share !== undefined) share.waitingCount -= 1;
  }

  /** False, and nothing held, when there is no memory for the payload. */
  hold(payload: Buffer, share: Share | undefined): boolean {
    if (share !== undefined && !share.payloads.hold(payload)) return false;
    if (this.payloads.hold(payload)) return true;
    share?.payloads.release(payload);
    return false;
  }

  /** Once for each time that it was held. */
  release(payload: Buffer, share: Share | undefined): void {
    share?.payloads.release(payload);
    this.payloads.release(payload);
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
