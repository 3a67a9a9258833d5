/**
 * The position of a scanner with acknowledgements: it leases what it gives, and gives it again until a worker settles
 * it. leased-messages.ts knows what is out, and lease-work.ts is for the workers.
 */
import type { ErrorCode } from "../base/errors.ts";
import type { Runtime } from "../base/runtime.ts";
import type { Log } from "../log/log.ts";
import { LeaseWork } from "./lease-work.ts";
import { LeasedMessages, type LeasedMessagesOptions } from "./leased-messages.ts";
import type { Lease } from "./leases.ts";
import type { Given, PositionCounts, ScannerPosition } from "./scanner-position.ts";

/** A message that was given out and is not settled. */
export interface PendingMessage {
  readonly offset: number;
  /** How often it was given out. */
  readonly deliveries: number;
  /** `dying`: it is on its way to the dead letter. */
  readonly state: "leased" | "delayed" | "due" | "dying";
  /** When its lease or delay ends, or the dead letter is tried again; `undefined`: nothing but a scan has to come. */
  readonly dueAtMs: number | undefined;
}

export class LeasedPosition implements ScannerPosition {
  /** What acknowledges its messages. */
  readonly work: LeaseWork;
  readonly #messages: LeasedMessages;
  readonly #log: Log;
  readonly #runtime: Runtime;
  readonly #maxPending: number;
  #generation = 0;

  constructor(options: LeasedMessagesOptions) {
    const { log, runtime, settings, limits } = options;
    this.#log = log;
    this.#runtime = runtime;
    this.#maxPending = settings.max_pending;
    this.#messages = new LeasedMessages(options);
    this.work = new LeaseWork(this.#messages, runtime, limits.recentSettles);
  }

  get skipped(): number {
    return this.#messages.skipped;
  }

  get next(): number {
    return Math.max(this.#messages.table.next, this.#log.logStartOffset);
  }

  get awaited(): number | undefined {
    const { pending, next } = this.#messages.table;
    return pending.size < this.#maxPending ? next : undefined;
  }

  get counts(): PositionCounts {
    const { pending, counters } = this.#messages.table;
    const [oldest] = pending.values();
    const oldestPendingMs = oldest === undefined ? undefined : this.#runtime.elapsedMs() - oldest.sinceMs;
    return { ...counters, pending: pending.size, oldestPendingMs };
  }

  get hasUnsettled(): boolean {
    return this.#messages.table.pending.size > 0;
  }

  /** See Scanner. The table is in the order of offsets, because what is new lies behind all that was given out. */
  pendingMessages(after: number, max: number): PendingMessage[] {
    const { logStartOffset } = this.#log;
    const epochMs = this.#runtime.now() - this.#runtime.elapsedMs();
    const found: PendingMessage[] = [];
    for (const { offset, deliveries, state, dueMs } of this.#messages.table.pending.values()) {
      if (offset <= after || offset < logStartOffset) continue;
      const dueAtMs = state === "due" || dueMs === Number.POSITIVE_INFINITY ? undefined : epochMs + dueMs;
      found.push({ offset, deliveries, state, dueAtMs });
      if (found.length === max) break;
    }
    return found;
  }

  /** Everything that is pending is due. Calls `serve` whenever there may be more to give. */
  start(serve: () => void): void {
    this.#messages.start(serve);
  }

  upcoming(): number | undefined {
    const messages = this.#messages;
    const { table, leases } = messages;
    const start = this.#log.logStartOffset;
    if (table.next < start) {
      messages.skipped += start - table.next;
      messages.record("skipTo", start);
    }
    for (let due = leases.firstDue; due !== undefined; due = leases.firstDue) {
      if (due.offset >= start) return due.offset;
      messages.skipped += 1;
      messages.remove(due, "skip");
    }
    const { next, pending } = table;
    return pending.size < this.#maxPending && next < this.#log.highWatermark ? next : undefined;
  }

  deliveryOf(offset: number): number {
    return (this.#messages.table.pending.get(offset)?.deliveries ?? 0) + 1;
  }

  openLease(): Lease {
    return this.#messages.leases.open();
  }

  give(offset: number, given: Given): void {
    const messages = this.#messages;
    messages.skipped = 0;
    given.generation = this.#generation;
    given.lease ??= messages.leases.open();
    messages.record("give", offset);
    const pending = messages.table.pending.get(offset)!;
    const nowMs = this.#runtime.elapsedMs();
    if (pending.deliveries === 1) pending.sinceMs = nowMs;
    messages.leases.lease(pending, given.lease, nowMs + messages.ackWaitMs);
    messages.arm();
  }

  /** What did not arrive is due at once, and that delivery does not count. */
  settle({ given, skipped, lease, generation }: Given, handedOver: boolean): boolean {
    const messages = this.#messages;
    if (handedOver || messages.endedAs !== undefined || generation !== this.#generation) return false;
    messages.skipped += skipped;
    const { table, leases } = messages;
    for (const { start, end } of given.toReversed()) {
      for (let offset = end - 1; offset >= start; offset--) {
        const pending = table.pending.get(offset);
        if (pending === undefined || pending.isHeld || pending.lease !== lease?.number) continue;
        leases.leave(pending);
        messages.record("takeBack", offset);
        if (table.pending.has(offset)) leases.makeDue(pending);
      }
    }
    return true;
  }

  /** A worker may hold one of them, and have read it when it was whole: these are passed when they come back. */
  pass(offset: number, nextOffset: number): void {
    const messages = this.#messages;
    const { table } = messages;
    for (let each = offset; each < Math.min(nextOffset, table.next); each++) {
      const pending = table.pending.get(each);
      if (pending?.state === "due" && !pending.isHeld) messages.remove(pending, "settle");
    }
    if (table.next >= offset && table.next < nextOffset) messages.record("passTo", nextOffset);
  }

  passOver(nextOffset: number): void {
    this.#messages.passOver(nextOffset);
  }

  keep(): void {
    this.#messages.keepPassed();
  }

  async seek(offset: number, moved: () => void): Promise<void> {
    await this.#messages.seek(offset, () => {
      this.#generation += 1;
      this.work.endLeases();
      moved();
    });
  }

  async end(code: ErrorCode): Promise<void> {
    await this.#messages.end(code);
  }
}
