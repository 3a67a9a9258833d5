/** The position of a scanner without acknowledgements: what was handed over is gone, what was not is given again. */
import type { ErrorCode } from "../base/errors.ts";
import type { Log } from "../log/log.ts";
import { OffsetRanges } from "./offset-ranges.ts";
import type { Given, PositionCounts, ScannerPosition } from "./scanner-position.ts";

/** Where a persistent scanner's position is kept. */
export interface PositionStore {
  /** Takes note that everything before `next` is settled. Failures are its own business: at worst it repeats. */
  save(next: number): void;
  /**
   * Moves the position; it is as durable as a message when this resolves. Nothing is saved meanwhile.
   *
   * @throws storage_full, topic_unavailable; sync_failed: it may have moved, until the next one is saved.
   */
  move(next: number): Promise<void>;
  /** Resolves when what was saved is kept, as far as that is possible; absent: it is, or it may be behind. */
  settle?(): Promise<void>;
}

export class PlainPosition implements ScannerPosition {
  skipped = 0;
  readonly #log: Log;
  readonly #store: PositionStore | undefined;
  /** First offset never given out. */
  #next: number;
  /** Given out and not settled. */
  readonly #outstanding = new OffsetRanges();
  /** Given out and given back; these come before `next`. */
  readonly #returned = new OffsetRanges();
  /** In all. */
  #skippedCount = 0;
  #generation = 0;
  /** What the store has; `undefined`: it may have anything. */
  #savedNext: number | undefined;
  /** Ends when the last seek has come out; one at a time. */
  #seeking: Promise<void> = Promise.resolve();
  /** Nothing is saved over a seek that is not kept yet. */
  #isSeeking = false;
  #hasEnded = false;

  constructor(log: Log, next: number, store: PositionStore | undefined) {
    this.#log = log;
    this.#next = next;
    this.#store = store;
    this.#savedNext = next;
  }

  get next(): number {
    return Math.max(this.#returned.first ?? this.#next, this.#log.logStartOffset);
  }

  get awaited(): number {
    return this.#next;
  }

  get counts(): PositionCounts {
    const skipped = this.#skippedCount;
    return { pending: 0, oldestPendingMs: undefined, redelivered: 0, deadLettered: 0, skipped };
  }

  get hasUnsettled(): boolean {
    return this.#outstanding.first !== undefined || this.#returned.first !== undefined;
  }

  upcoming(): number | undefined {
    const start = this.#log.logStartOffset;
    if (this.#next < start) {
      this.#skip(start - this.#next);
      this.#next = start;
    }
    if (this.#returned.first !== undefined) this.#skip(this.#returned.remove(0, start));
    return this.#returned.first ?? (this.#next < this.#log.highWatermark ? this.#next : undefined);
  }

  deliveryOf(): undefined {
    return undefined;
  }

  openLease(): undefined {
    return undefined;
  }

  give(offset: number, given: Given): void {
    this.skipped = 0;
    given.generation = this.#generation;
    if (this.#returned.remove(offset, offset + 1) === 0) this.#next = offset + 1;
    this.#outstanding.add(offset, offset + 1);
  }

  settle({ given, skipped, generation }: Given, handedOver: boolean): boolean {
    if (this.#hasEnded || generation !== this.#generation) return false;
    for (const { start, end } of given) this.#outstanding.remove(start, end);
    if (handedOver) {
      this.#save();
      return false;
    }
    this.skipped += skipped;
    for (const { start, end } of given) this.#returned.add(start, end);
    return true;
  }

  pass(offset: number, nextOffset: number): void {
    this.#returned.remove(offset, nextOffset);
    if (this.#next >= offset) this.#next = Math.max(this.#next, nextOffset);
    this.#save();
  }

  passOver(nextOffset: number): void {
    this.#next = nextOffset;
  }

  keep(): void {
    this.#save();
  }

  seek(offset: number, moved: () => void): Promise<void> {
    const seeking = this.#seeking.then(() => this.#seek(offset, moved));
    this.#seeking = seeking.catch(() => {});
    return seeking;
  }

  async end(code: ErrorCode): Promise<void> {
    this.#hasEnded = true;
    if (code === "shutting_down") await this.#store?.settle?.();
  }

  /** Where that fails, the position is what it was, and is saved again. */
  async #seek(offset: number, moved: () => void): Promise<void> {
    this.#isSeeking = true;
    try {
      await this.#store?.move(offset);
    } catch (error) {
      this.#isSeeking = false;
      this.#savedNext = undefined;
      this.#save();
      throw error;
    }
    this.#isSeeking = false;
    this.#savedNext = offset;
    this.#generation += 1;
    this.#outstanding.remove(0, this.#next);
    this.#returned.remove(0, this.#next);
    this.#next = offset;
    this.skipped = 0;
    moved();
  }

  #skip(count: number): void {
    this.skipped += count;
    this.#skippedCount += count;
  }

  #save(): void {
    if (this.#isSeeking) return;
    const next = Math.min(
      this.#outstanding.first ?? this.#next,
      this.#returned.first ?? this.#next,
      this.#next,
    );
    if (next === this.#savedNext) return;
    this.#savedNext = next;
    this.#store?.save(next);
  }
}
