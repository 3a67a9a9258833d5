/**
 * What a scanner with acknowledgements knows for good: `next`, and of what lies before it all that is not settled,
 * with how often each message was given out. It changes by records alone, live and when a journal is read, so that
 * a journal tells the same state again. When a lease ends and who holds it is leases.ts's business.
 */
import type { Placed } from "../base/placed-heap.ts";

export const RECORD_KINDS = [
  /** The message was given out: a new one, which is `next`, or a pending one again. */
  "give",
  /** It never arrived: that delivery does not count. */
  "takeBack",
  "settle",
  /** It is to be given out no more, and goes to the dead letter. */
  "condemn",
  /** It is in the dead letter, and settled. */
  "bury",
  /** It is pending, and retention dropped it. */
  "skip",
  /** `next` moves on, over messages that retention dropped. */
  "skipTo",
  /** `next` moves on, over messages that are damaged. */
  "passTo",
  /** `next` moves there; nothing is pending. */
  "seek",
] as const;

export type RecordKind = (typeof RECORD_KINDS)[number];

/** A message that is given out, was given back, or waits to be copied to the dead letter. */
export class Pending implements Placed {
  readonly offset: number;
  deliveries = 0;
  isCondemned = false;
  /** Since when it is pending, in elapsed ms. */
  sinceMs = 0;
  /** `leased` and `delayed` end at `dueMs`; `due` waits for a scan; `dying` is on its way to the dead letter. */
  state: "leased" | "delayed" | "due" | "dying" = "due";
  dueMs = 0;
  /** In one of the two orders of leases.ts, or -1. */
  place = -1;
  /** A worker asked for a change of it that is not kept yet: until then it is in neither order, and its lease holds it. */
  isHeld = false;
  /** Number of the lease that holds it, and its neighbours there. */
  lease = 0;
  leaseBefore: Pending | undefined;
  leaseBehind: Pending | undefined;

  constructor(offset: number) {
    this.offset = offset;
  }
}

export interface PendingCounters {
  redelivered: number;
  deadLettered: number;
  /** Dropped by retention, unseen or before they were settled. */
  skipped: number;
}

export class PendingTable {
  /** The first offset never given out. */
  next: number;
  /** In the order in which they were first given out. All before `next` that is not here is settled. */
  readonly pending: Map<number, Pending> = new Map();
  readonly counters: PendingCounters = { redelivered: 0, deadLettered: 0, skipped: 0 };

  constructor(next: number) {
    this.next = next;
  }

  /** False when it contradicts what is known, and nothing was changed. */
  apply(kind: RecordKind, offset: number): boolean {
    switch (kind) {
      case "give":
        return this.#give(offset);
      case "takeBack":
        return this.#takeBack(offset);
      case "condemn":
        return this.#condemn(offset);
      case "settle":
        return this.pending.delete(offset);
      case "bury":
        if (!this.pending.delete(offset)) return false;
        this.counters.deadLettered += 1;
        return true;
      case "skip":
        if (!this.pending.delete(offset)) return false;
        this.counters.skipped += 1;
        return true;
      case "skipTo":
      case "passTo":
        return this.#moveOn(offset, kind === "skipTo");
      case "seek":
        this.pending.clear();
        this.next = offset;
        return true;
    }
  }

  #give(offset: number): boolean {
    let pending = this.pending.get(offset);
    if (pending === undefined) {
      if (offset !== this.next) return false;
      pending = new Pending(offset);
      this.pending.set(offset, pending);
      this.next = offset + 1;
    }
    pending.deliveries += 1;
    if (pending.deliveries > 1) this.counters.redelivered += 1;
    return true;
  }

  #takeBack(offset: number): boolean {
    const pending = this.pending.get(offset);
    if (pending === undefined || pending.deliveries === 0) return false;
    pending.deliveries -= 1;
    if (pending.deliveries > 0) this.counters.redelivered -= 1;
    // What nobody has had, and is the last, is new again.
    if (pending.deliveries === 0 && offset === this.next - 1) {
      this.next = offset;
      this.pending.delete(offset);
    }
    return true;
  }

  #condemn(offset: number): boolean {
    const pending = this.pending.get(offset);
    if (pending === undefined) return false;
    pending.isCondemned = true;
    return true;
  }

  #moveOn(offset: number, counts: boolean): boolean {
    if (offset < this.next) return false;
    if (counts) this.counters.skipped += offset - this.next;
    this.next = offset;
    return true;
  }
}
