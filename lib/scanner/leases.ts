/**
 * Who holds which message of a scanner, until when, and which are due to be given again: in the order of offsets
 * those that are due, in the order of time those that will be. Knows neither clock nor disk: times are elapsed ms,
 * and told by the caller.
 */

import { PlacedHeap } from "../base/placed-heap.ts";
import type { Pending } from "./pending-table.ts";

/** What one answer holds. */
export interface Lease {
  /** Told to the client. */
  readonly token: string;
  readonly number: number;
  /** The last that it took, which knows the others. */
  last: Pending | undefined;
}

export class Leases {
  readonly #epoch: string;
  readonly #held = new Map<number, Lease>();
  readonly #due = new PlacedHeap<Pending>((a, b) => a.offset < b.offset);
  readonly #timed = new PlacedHeap<Pending>(isSooner);
  #lastNumber = 0;

  /** `epoch` is never given to any other, before a restart or after. */
  constructor(epoch: string) {
    this.#epoch = epoch;
  }

  /** The first due message. */
  get firstDue(): Pending | undefined {
    return this.#due.first;
  }

  /** When a lease or a delay ends next. */
  get nextTimeMs(): number | undefined {
    return this.#timed.first?.dueMs;
  }

  /** The number of the newest lease: no lease has a higher one. */
  get lastNumber(): number {
    return this.#lastNumber;
  }

  open(): Lease {
    this.#lastNumber += 1;
    const number = this.#lastNumber;
    return { token: `${this.#epoch}-${number}`, number, last: undefined };
  }

  /** The number in a token; `undefined` when it was not given here. */
  numberOf(token: string): number | undefined {
    const digits = token.slice(this.#epoch.length + 1);
    const number = Number(digits);
    if (!(number >= 1 && number <= this.#lastNumber)) return undefined;
    return token === `${this.#epoch}-${number}` ? number : undefined;
  }

  /** What the lease of this number holds, as offsets in ascending order. */
  offsetsOf(number: number): number[] {
    const offsets: number[] = [];
    for (let held = this.#held.get(number)?.last; held !== undefined; held = held.leaseBefore) {
      offsets.push(held.offset);
    }
    return offsets.sort((a, b) => a - b);
  }

  /** Leases a message that nobody holds. */
  lease(pending: Pending, lease: Lease, dueMs: number): void {
    this.leave(pending);
    this.#held.set(lease.number, lease);
    pending.lease = lease.number;
    pending.leaseBefore = lease.last;
    if (lease.last !== undefined) lease.last.leaseBehind = pending;
    lease.last = pending;
    this.#wait(pending, "leased", dueMs);
  }

  /** It is due at once. */
  makeDue(pending: Pending): void {
    this.leave(pending);
    pending.state = "due";
    this.#due.add(pending);
  }

  /** It is due at `dueMs`, for those who scan (`delayed`) or for the dead letter (`dying`). */
  delay(pending: Pending, state: "delayed" | "dying", dueMs: number): void {
    this.leave(pending);
    this.#wait(pending, state, dueMs);
  }

  /** It is being copied to the dead letter; it comes back by `delay`, or leaves. */
  kill(pending: Pending): void {
    this.leave(pending);
    pending.state = "dying";
    pending.dueMs = Number.POSITIVE_INFINITY;
  }

  /** The lease begins anew. */
  extend(pending: Pending, dueMs: number): void {
    this.#timed.remove(pending);
    this.#wait(pending, "leased", dueMs);
  }

  /** Takes it out of all that is kept here, for good or until it is put elsewhere. */
  leave(pending: Pending): void {
    this.#leaveOrder(pending);
    pending.isHeld = false;
    if (pending.lease !== 0) this.#unlink(pending);
  }

  /** Neither is it given nor does its time end until it is put elsewhere, or let go. Its lease keeps it. */
  hold(pending: Pending): void {
    this.#leaveOrder(pending);
    pending.isHeld = true;
  }

  /** It is as it was before it was held; its time may be over. */
  letGo(pending: Pending): void {
    pending.isHeld = false;
    if (pending.state === "due") this.#due.add(pending);
    else this.#timed.add(pending);
  }

  /** Those whose time is over at `nowMs`; they are nowhere then. */
  *takeTimely(nowMs: number): Generator<Pending, void, void> {
    for (let first = this.#timed.first; first !== undefined; first = this.#timed.first) {
      if (first.dueMs > nowMs) return;
      this.leave(first);
      yield first;
    }
  }

  clear(): void {
    this.#held.clear();
    this.#due.clear();
    this.#timed.clear();
  }

  #wait(pending: Pending, state: "leased" | "delayed" | "dying", dueMs: number): void {
    pending.state = state;
    pending.dueMs = dueMs;
    this.#timed.add(pending);
  }

  #leaveOrder(pending: Pending): void {
    if (pending.place < 0) return;
    if (pending.state === "due") this.#due.remove(pending);
    else this.#timed.remove(pending);
    pending.place = -1;
  }

  #unlink(pending: Pending): void {
    const lease = this.#held.get(pending.lease)!;
    const { leaseBefore, leaseBehind } = pending;
    if (leaseBefore !== undefined) leaseBefore.leaseBehind = leaseBehind;
    if (leaseBehind === undefined) lease.last = leaseBefore;
    else leaseBehind.leaseBefore = leaseBefore;
    pending.leaseBefore = undefined;
    pending.leaseBehind = undefined;
    pending.lease = 0;
    if (lease.last === undefined) this.#held.delete(lease.number);
  }
}

/** What ends together ends in the order of offsets. */
function isSooner(a: Pending, b: Pending): boolean {
  return a.dueMs === b.dueMs ? a.offset < b.offset : a.dueMs < b.dueMs;
}
