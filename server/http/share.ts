/**
 * What is taken up of a limit at the moment: a Share is that of all clients, of one token, or of one address. What a
 * request takes counts in several, and each of them may refuse it.
 */
import { ByteBudget } from "../../lib/index.ts";

export interface ShareLimits {
  readonly bytes: number;
  readonly waiting: number;
  readonly connections: number;
  readonly openCalls: number;
}

export class Share {
  readonly limits: ShareLimits;
  /** Whose part of the limits it is, as a refusal says it; `undefined` where it is all of them. */
  readonly part: string | undefined;
  /** Bodies and answers in memory. */
  readonly bytes: ByteBudget;
  /** Messages that answers are being made of; they count in `bytes`. */
  readonly payloads: SharedPayloads;
  /** Requests that wait for a message, or for another server. */
  waitingCount = 0;
  /** Open connections; of a token they are not counted. */
  connectionCount = 0;
  /** Calls of gRPC under way that need no token. */
  openCallCount = 0;

  constructor(limits: ShareLimits, part?: string) {
    this.limits = limits;
    this.part = part;
    this.bytes = new ByteBudget(limits.bytes);
    this.payloads = new SharedPayloads(this.bytes);
  }

  /** Nothing of it is taken. */
  get isIdle(): boolean {
    const count = this.waitingCount + this.connectionCount + this.openCallCount;
    return this.bytes.takenBytes === 0 && count === 0;
  }

  /** Why one more request may not wait. */
  get waitRefusal(): string | undefined {
    const { waiting } = this.limits;
    if (this.waitingCount < waiting) return undefined;
    return `${waiting} requests wait already (max_waiting)${this.#whose}; try again later`;
  }

  /** Why one more call without a token may not begin. */
  get openCallRefusal(): string | undefined {
    const { openCalls } = this.limits;
    if (this.openCallCount < openCalls) return undefined;
    return `${openCalls} calls that need no token are under way${this.#whose}; try again later`;
  }

  get #whose(): string {
    return this.part === undefined ? "" : `, and ${this.part}`;
  }
}

/** The shares that something counts in, that of all clients first. */
export class Shares {
  readonly all: Share;
  readonly #shares: readonly Share[];

  constructor(all: Share, ...others: (Share | undefined)[]) {
    this.all = all;
    this.#shares = [all, ...others].filter((share) => share !== undefined);
  }

  /** What each token or address that it is of may have, as a refusal says it. */
  get parts(): string[] {
    return this.#shares.flatMap(({ part }) => part ?? []);
  }

  /** What all of them have left. */
  get freeBytes(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const { bytes } of this.#shares) least = Math.min(least, bytes.freeBytes);
    return least;
  }

  /** The largest that may be taken when nothing is. */
  get maxBytes(): number {
    return this.#shares.reduce((least, { bytes }) => Math.min(least, bytes.maxBytes), Infinity);
  }

  /** As ByteBudget has it. */
  tryTake(bytes: number, moreBytes: number): boolean {
    return this.#each(
      (share) => share.bytes.tryTake(bytes, moreBytes),
      (share) => share.bytes.giveBack(bytes),
    );
  }

  giveBack(bytes: number): void {
    for (const share of this.#shares) share.bytes.giveBack(bytes);
  }

  /** False, and nothing held, when there is no memory for the payload. */
  hold(payload: Buffer): boolean {
    return this.#each(
      (share) => share.payloads.hold(payload),
      (share) => share.payloads.release(payload),
    );
  }

  /** Once for each time that it was held. */
  release(payload: Buffer): void {
    for (const share of this.#shares) share.payloads.release(payload);
  }

  /** Counts a request that waits, until `endWait`; or says why it may not wait. */
  beginWait(): string | undefined {
    for (const { waitRefusal } of this.#shares) if (waitRefusal !== undefined) return waitRefusal;
    for (const share of this.#shares) share.waitingCount += 1;
    return undefined;
  }

  endWait(): void {
    for (const share of this.#shares) share.waitingCount -= 1;
  }

  /** Counts a call that needs no token, until `endOpenCall`; or says why it may not begin. */
  beginOpenCall(): string | undefined {
    for (const { openCallRefusal } of this.#shares) if (openCallRefusal !== undefined) return openCallRefusal;
    for (const share of this.#shares) share.openCallCount += 1;
    return undefined;
  }

  endOpenCall(): void {
    for (const share of this.#shares) share.openCallCount -= 1;
  }

  /** True when `act` was true for all; otherwise what was done is undone. */
  #each(act: (share: Share) => boolean, undo: (share: Share) => void): boolean {
    const refused = this.#shares.findIndex((share) => !act(share));
    if (refused < 0) return true;
    for (const share of this.#shares.slice(0, refused)) undo(share);
    return false;
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
