/**
 * What one request takes of the memory that all clients share. It is counted while it grows, and for as long as it is
 * in use: a client that leaves before the answer is ready frees nothing.
 */
import { NetlogError } from "../../lib/index.ts";
import type { Limits } from "./limits.ts";
import type { Shares } from "./share.ts";

export class HeldMemory {
  /** What the memory counts in. They change only while nothing is taken. */
  shares: Shares;
  readonly #limits: Limits;
  #heldBytes = 0;
  #bodyBytes = 0;
  #unpackerBytes = 0;

  constructor(shares: Shares, limits: Limits) {
    this.shares = shares;
    this.#limits = limits;
  }

  /** What is counted, and is to be released. */
  get heldBytes(): number {
    return this.#heldBytes + this.#unpackerBytes;
  }

  /** The most that a body or an answer may take now. */
  get spareBytes(): number {
    return Math.max(this.#limits.uncountedBytes, this.shares.freeBytes);
  }

  /**
   * More of the body has come. A small one that is whole has a place always, one that the client keeps waiting has not.
   *
   * @throws too_many_requests.
   */
  addBody(moreBytes: number, isWhole: boolean): void {
    this.#bodyBytes += moreBytes;
    const hasPlace = isWhole ? this.mayHold(this.#bodyBytes) : this.mayKeep(this.#bodyBytes);
    if (!hasPlace) throw this.tooMany();
  }

  /** Bytes of the body that have come so far. */
  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  /** The body is unpacked, which takes memory however small it is. @throws too_many_requests. */
  addUnpacker(): void {
    const { unpackerBytes } = this.#limits;
    if (!this.shares.tryTake(unpackerBytes, 0)) throw this.tooMany();
    this.#unpackerBytes = unpackerBytes;
  }

  /** Whether so much in all may be held; counted from here on if it is not small. */
  mayHold(bytes: number): boolean {
    return bytes <= this.#limits.uncountedBytes || this.mayKeep(bytes);
  }

  /** Whether so much in all may be held while the client keeps it waiting; counted from here on, be it small or not. */
  mayKeep(bytes: number): boolean {
    if (bytes <= this.#heldBytes) return true;
    // What an unpacker counts for covers the little that has come of it.
    const { uncountedBytes, smallBytesInFlight } = this.#limits;
    const isSmall = bytes <= uncountedBytes;
    if (isSmall && this.#unpackerBytes > 0) return true;
    // Large ones leave memory for small ones.
    if (!this.shares.tryTake(bytes - this.#heldBytes, isSmall ? smallBytesInFlight : 0)) return false;
    this.#heldBytes = bytes;
    return true;
  }

  /** Whether so much in all may be held, as mayHold says, while half of all that there is stays free for others. */
  mayHoldSpare(bytes: number): boolean {
    const moreBytes = bytes - this.#heldBytes;
    const spareBytes = this.shares.all.bytes.freeBytes - this.#limits.bytesInFlight / 2;
    return (moreBytes <= 0 || moreBytes <= spareBytes) && this.mayHold(bytes);
  }

  /** No more than `bytes` of it is in use from here on. */
  shrinkTo(bytes: number): void {
    if (bytes >= this.#heldBytes) return;
    this.#giveBack(this.#heldBytes - bytes);
    this.#heldBytes = bytes;
  }

  /** None of it is in use any more. */
  release(): void {
    this.shrinkTo(0);
    this.#bodyBytes = 0;
    this.#giveBack(this.#unpackerBytes);
    this.#unpackerBytes = 0;
  }

  #giveBack(bytes: number): void {
    if (bytes > 0) this.shares.giveBack(bytes);
  }

  tooMany(): NetlogError {
    const { bytesInFlight } = this.#limits;
    const most = [`of ${bytesInFlight} in all (max_bytes_in_flight)`, ...this.shares.parts].join(", and ");
    const reason = `there are too many bytes in flight, ${most}; try again later`;
    return new NetlogError("too_many_requests", { reason });
  }
}
