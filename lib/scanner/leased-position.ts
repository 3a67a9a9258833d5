/**
 * The position of a scanner with acknowledgements: what it gives is leased, and is given again until a worker
 * settles it. One timer watches over all leases. What happens goes to the journal; the answers of ack, nack and seek
 * wait for it.
 */

import assert from "node:assert";
import { type ErrorCode, NetlogError } from "../base/errors.ts";
import type { Limits } from "../base/limits.ts";
import type { Logger } from "../base/logger.ts";
import type { Runtime, Timer } from "../base/runtime.ts";
import type { Log } from "../log/log.ts";
import type { MessageCursor } from "../reading/message-reader.ts";
import { DeadLetters, type Fate, type LetterBox } from "./dead-letters.ts";
import { type Claim, LeaseClaims, type WorkRequest } from "./lease-claims.ts";
import { type Lease, Leases } from "./leases.ts";
import type { Pending, PendingTable, RecordKind } from "./pending-table.ts";
import type { Given, PositionCounts, ScannerPosition } from "./scanner-position.ts";
import { toMs, type WorkSettings } from "./scanner-settings.ts";
import type { WorkJournal } from "./scanner-store.ts";

export interface WorkResult {
  /** Done, or done before. */
  readonly settled: number;
  /** The lease is over, or another one's: nothing was done. */
  readonly refused: readonly number[];
}

export interface LeasedPositionOptions {
  readonly topicName: string;
  readonly scannerId: string;
  readonly settings: WorkSettings;
  readonly table: PendingTable;
  readonly journal: WorkJournal;
  readonly log: Log;
  /** For dead letters. */
  readonly cursor: MessageCursor;
  readonly letterBox: LetterBox;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: Limits;
}

export class LeasedPosition implements ScannerPosition {
  skipped = 0;
  readonly #log: Log;
  readonly #runtime: Runtime;
  readonly #table: PendingTable;
  readonly #journal: WorkJournal;
  readonly #leases: Leases;
  readonly #claims: LeaseClaims;
  readonly #deadLetters: DeadLetters;
  readonly #ackWaitMs: number;
  readonly #maxDeliver: number;
  readonly #maxPending: number;
  #serve: () => void = () => {};
  #timer: Timer | undefined;
  #timerMs = 0;
  #generation = 0;
  /** The table is here, and the journal is to say so before it says anything else. */
  #passedTo: number | undefined;
  #endedAs: ErrorCode | undefined;

  /** The table is as the journal tells it. */
  constructor(options: LeasedPositionOptions) {
    const { log, runtime, table, journal, settings, limits, scannerId } = options;
    this.#log = log;
    this.#runtime = runtime;
    this.#table = table;
    this.#journal = journal;
    this.#leases = new Leases(runtime.randomId().replaceAll("-", ""));
    this.#claims = new LeaseClaims({
      table,
      leases: this.#leases,
      maxRecent: limits.recentSettles,
      runtime,
      requireLife: () => this.#throwIfEnded(),
    });
    this.#ackWaitMs = toMs(settings.ack_wait);
    this.#maxDeliver = settings.max_deliver;
    this.#maxPending = settings.max_pending;
    this.#deadLetters = new DeadLetters({
      ...options,
      scannerId,
      deadLetter: settings.dead_letter,
      makesTopic: settings.makes_dead_letter !== false,
      isDying: (pending) => pending.state === "dying" && table.pending.get(pending.offset) === pending,
      decide: (pending, fate, retryMs) => this.#decide(pending, fate, retryMs),
    });
  }

  get next(): number {
    return Math.max(this.#table.next, this.#log.logStartOffset);
  }

  get awaited(): number | undefined {
    return this.#table.pending.size < this.#maxPending ? this.#table.next : undefined;
  }

  get counts(): PositionCounts {
    const { pending, counters } = this.#table;
    const [oldest] = pending.values();
    const oldestPendingMs = oldest === undefined ? undefined : this.#runtime.elapsedMs() - oldest.sinceMs;
    return { ...counters, pending: pending.size, oldestPendingMs };
  }

  get hasUnsettled(): boolean {
    return this.#table.pending.size > 0;
  }

  /** Everything that is pending is due. `serve` is called whenever there may be more to give. */
  start(serve: () => void): void {
    this.#serve = serve;
    const nowMs = this.#runtime.elapsedMs();
    for (const pending of this.#table.pending.values()) {
      pending.sinceMs = nowMs;
      this.#giveBack(pending);
    }
  }

  upcoming(): number | undefined {
    const start = this.#log.logStartOffset;
    if (this.#table.next < start) {
      this.skipped += start - this.#table.next;
      this.#record("skipTo", start);
    }
    for (let due = this.#leases.firstDue; due !== undefined; due = this.#leases.firstDue) {
      if (due.offset >= start) return due.offset;
      this.skipped += 1;
      this.#remove(due, "skip");
    }
    const { next, pending } = this.#table;
    return pending.size < this.#maxPending && next < this.#log.highWatermark ? next : undefined;
  }

  deliveryOf(offset: number): number {
    return (this.#table.pending.get(offset)?.deliveries ?? 0) + 1;
  }

  openLease(): Lease {
    return this.#leases.open();
  }

  give(offset: number, given: Given): void {
    this.skipped = 0;
    given.generation = this.#generation;
    given.lease ??= this.#leases.open();
    this.#record("give", offset);
    const pending = this.#table.pending.get(offset)!;
    const nowMs = this.#runtime.elapsedMs();
    if (pending.deliveries === 1) pending.sinceMs = nowMs;
    this.#leases.lease(pending, given.lease, nowMs + this.#ackWaitMs);
    this.#arm();
  }

  /** What did not arrive is due at once, and that delivery does not count. */
  settle({ given, skipped, lease, generation }: Given, handedOver: boolean): boolean {
    if (handedOver || this.#endedAs !== undefined || generation !== this.#generation) return false;
    this.skipped += skipped;
    for (const { start, end } of given.toReversed()) {
      for (let offset = end - 1; offset >= start; offset--) {
        const pending = this.#table.pending.get(offset);
        if (pending === undefined || pending.lease !== lease?.number) continue;
        this.#leases.leave(pending);
        this.#record("takeBack", offset);
        if (this.#table.pending.has(offset)) this.#leases.makeDue(pending);
      }
    }
    return true;
  }

  /** A worker may hold one of them, and have read it when it was whole: these are passed when they come back. */
  pass(offset: number, nextOffset: number): void {
    for (let each = offset; each < Math.min(nextOffset, this.#table.next); each++) {
      const pending = this.#table.pending.get(each);
      if (pending?.state === "due") this.#remove(pending, "settle");
    }
    if (this.#table.next >= offset && this.#table.next < nextOffset) this.#record("passTo", nextOffset);
  }

  passOver(nextOffset: number): void {
    assert(this.#table.apply("passTo", nextOffset), `passing over to ${nextOffset} goes back`);
    this.#passedTo = nextOffset;
  }

  keep(): void {
    if (this.#passedTo !== undefined) this.#journal.add("passTo", this.#passedTo);
    this.#passedTo = undefined;
  }

  /**
   * Settles; settling twice is as good as once. As durable as a message when it resolves.
   *
   * @throws offset_not_found (one was never given out, and nothing is settled), lease_lost (the lease as a whole),
   *   scanner_not_found, topic_not_found, shutting_down; storage_full, topic_unavailable, sync_failed: after a
   *   restart it may come again.
   */
  async ack(request: WorkRequest): Promise<WorkResult> {
    const claimed = this.#claims.claim(request, "ack", (pending) => {
      this.#claims.remember(pending);
      this.#remove(pending, "settle");
    });
    const claim = claimed instanceof Promise ? await claimed : claimed;
    if (claim.granted.length > 0) this.#serve();
    return await this.#commit(claim);
  }

  /**
   * Gives back: due after `delayMs`, or with `isDead` to the dead letter, which was tried when it resolves.
   *
   * @throws what ack throws.
   */
  async nack(request: WorkRequest, delayMs: number, isDead: boolean): Promise<WorkResult> {
    const dueMs = this.#runtime.elapsedMs() + delayMs;
    const claimed = this.#claims.claim(request, "nack", (pending) => {
      if (isDead && !pending.isCondemned) this.#record("condemn", pending.offset);
      if (delayMs > 0 && !this.#isExhausted(pending)) this.#leases.delay(pending, "delayed", dueMs);
      else this.#giveBack(pending);
    });
    const claim = claimed instanceof Promise ? await claimed : claimed;
    this.#arm();
    this.#serve();
    if (claim.granted.some(({ state }) => state === "dying")) await this.#deadLetters.tried();
    return await this.#commit(claim);
  }

  /** Lets leases begin anew. @throws what ack throws. */
  async touch(request: WorkRequest): Promise<WorkResult> {
    const dueMs = this.#runtime.elapsedMs() + this.#ackWaitMs;
    const extend = (pending: Pending): void => this.#leases.extend(pending, dueMs);
    const { granted, refused } = await this.#claims.claim(request, "touch", extend);
    return { settled: granted.length, refused };
  }

  async seek(offset: number): Promise<void> {
    this.#generation += 1;
    this.skipped = 0;
    this.#claims.endAll();
    this.#leases.clear();
    this.#record("seek", offset);
    await this.#journal.commit();
  }

  async end(code: ErrorCode): Promise<void> {
    this.#endedAs ??= code;
    this.#timer?.cancel();
    const lettersEnded = this.#deadLetters.end();
    if (this.#endedAs !== "shutting_down") {
      // A letter on its way may wait for the very change that ends this scanner.
      await this.#journal.abandon();
      return;
    }
    await lettersEnded;
    await this.#journal.close();
  }

  async #commit({ granted, settledCount, refused }: Claim): Promise<WorkResult> {
    await this.#journal.commit();
    if (this.#endedAs !== "shutting_down") this.#throwIfEnded();
    return { settled: granted.length + settledCount, refused };
  }

  #isExhausted({ deliveries, isCondemned }: Pending): boolean {
    return isCondemned || (this.#maxDeliver > 0 && deliveries >= this.#maxDeliver);
  }

  /** Due for the next scan, or for the dead letter. */
  #giveBack(pending: Pending): void {
    if (!this.#isExhausted(pending)) {
      this.#leases.makeDue(pending);
      return;
    }
    this.#leases.kill(pending);
    this.#deadLetters.add(pending);
  }

  #decide(pending: Pending, fate: Fate, retryMs: number): void {
    if (this.#endedAs !== undefined && fate !== "buried") return;
    if (fate === "retry") {
      this.#leases.delay(pending, "dying", this.#runtime.elapsedMs() + retryMs);
      this.#arm();
      return;
    }
    if (fate === "gone") this.skipped += 1;
    this.#remove(pending, fate === "buried" ? "bury" : fate === "gone" ? "skip" : "settle");
    this.#serve();
  }

  #arm(): void {
    const { nextTimeMs } = this.#leases;
    if (nextTimeMs === undefined || this.#endedAs !== undefined) return;
    if (this.#timer !== undefined && this.#timerMs <= nextTimeMs) return;
    this.#timer?.cancel();
    this.#timerMs = nextTimeMs;
    const delayMs = Math.max(0, Math.ceil(nextTimeMs - this.#runtime.elapsedMs()));
    this.#timer = this.#runtime.setTimer(delayMs, () => this.#expire());
  }

  #expire(): void {
    this.#timer = undefined;
    for (const pending of this.#leases.takeTimely(this.#runtime.elapsedMs())) this.#giveBack(pending);
    this.#arm();
    this.#serve();
  }

  #remove(pending: Pending, kind: RecordKind): void {
    this.#leases.leave(pending);
    this.#record(kind, pending.offset);
  }

  #record(kind: RecordKind, offset: number): void {
    this.keep();
    assert(this.#table.apply(kind, offset), `${kind} ${offset} contradicts the state of the scanner`);
    this.#journal.add(kind, offset);
  }

  #throwIfEnded(): void {
    if (this.#endedAs !== undefined) throw new NetlogError(this.#endedAs);
  }
}
