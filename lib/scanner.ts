/**
 * A reader's position in a topic, kept by the server. Each message is given to one scan; what a client did not get
 * is the next one given. Scans without a message wait in line, and the scanner waits for the log on their behalf.
 */
import { type ErrorCode, isNetlogError, NetlogError } from "./errors.ts";
import type { Limits } from "./limits.ts";
import type { Log, WakeReason } from "./log/log.ts";
import type { Message, MessageCursor } from "./message-reader.ts";
import { OffsetRanges } from "./offset-ranges.ts";
import type { Runtime } from "./runtime.ts";
import { BulkScan, type PendingScan, ScanQueue, SingleScan } from "./scan-queue.ts";
import type { UnpackedSet } from "./set-cache.ts";

/** As it goes over the wire, fields in this order. */
export interface ScannerInfo {
  readonly id: string;
  /** The message to be given next. */
  readonly next: number;
  readonly from: number;
  readonly persistent: boolean;
}

export interface ScanRequest {
  /** 0: answer at once. More than the limit is taken for the limit. */
  readonly waitMs: number;
  /** Called when the scan has to wait, with what ends the wait (the client left): scan then gives undefined. */
  readonly onWaiting?: (cancel: () => void) => void;
}

export interface BulkScanRequest extends ScanRequest {
  /** At least 1. */
  readonly max: number;
  /**
   * Called with each message before it is given, and with how many were dropped unseen just before it; the message
   * is to be used before anything is awaited. When it says no, the message and those behind it stay, and the scan
   * gives what it has. It never says no to the first: what it throws then is what the scan rejects with.
   */
  readonly take: (message: Message, skipped: number) => boolean;
}

interface Settlement {
  /** Messages that retention dropped before this scanner came to them, since its last delivery. */
  readonly skipped: number;
  /**
   * To be called when the answer was handed to the network in full, or else was not: then its messages are the next
   * ones given. Counts once; a delivery never settled is given again after a restart.
   */
  settle(handedOver: boolean): void;
}

export interface Delivery extends Settlement {
  readonly message: Message;
}

/** At least one message, in the order of offsets; where some came back before, not all in between. */
export interface BulkDelivery extends Settlement {
  readonly offset: number;
  /** Behind the last one. */
  readonly nextOffset: number;
  readonly count: number;
}

/** Where a persistent scanner's position is kept. */
export interface PositionStore {
  /** Takes note that everything before `next` is settled. Failures are its own business: at worst it repeats. */
  save(next: number): void;
}

export interface ScannerOptions {
  readonly id: string;
  readonly from: number;
  readonly next: number;
  readonly log: Log;
  readonly cursor: MessageCursor;
  readonly runtime: Runtime;
  readonly limits: Limits;
  /** With it the scanner is persistent. */
  readonly store?: PositionStore;
}

export class Scanner {
  readonly id: string;
  readonly #options: ScannerOptions;
  readonly #log: Log;
  /** First offset never given out. */
  #next: number;
  /** Given out and not settled. */
  readonly #outstanding = new OffsetRanges();
  /** Given out and given back; these come before `next`. */
  readonly #returned = new OffsetRanges();
  /** Dropped unseen, and not told yet. */
  #skipped = 0;
  #savedNext: number;
  readonly #queue = new ScanQueue();
  /** One read at a time keeps the order of scans and messages. */
  #isReading = false;
  #isArmed = false;
  #disarm: (() => void) | undefined;
  #refusesWaits = false;
  #endedAs: ErrorCode | undefined;
  #idleMs = 0;

  constructor(options: ScannerOptions) {
    this.id = options.id;
    this.#options = options;
    this.#log = options.log;
    this.#next = options.next;
    this.#savedNext = options.next;
  }

  get isPersistent(): boolean {
    return this.#options.store !== undefined;
  }

  info(): ScannerInfo {
    return {
      id: this.id,
      next: Math.max(this.#returned.first ?? this.#next, this.#log.logStartOffset),
      from: this.#options.from,
      persistent: this.isPersistent,
    };
  }

  /**
   * The next message, in the order in which scans came. Resolves to undefined only when cancelled.
   *
   * @throws end_of_topic, scanner_not_found or topic_not_found (deleted meanwhile), shutting_down,
   *   topic_unavailable, checksum_error: once, and the scanner goes on behind the damage.
   */
  scan(request: ScanRequest): Promise<Delivery | undefined> {
    return new Promise((resolve, reject) => this.#enqueue(new SingleScan(request, resolve, reject)));
  }

  /**
   * Likewise up to `max` messages: what is there when there is one. Damage behind them is told to the next scan.
   *
   * @throws what `scan` throws.
   */
  scanMany(request: BulkScanRequest): Promise<BulkDelivery | undefined> {
    return new Promise((resolve, reject) => this.#enqueue(new BulkScan(request, resolve, reject)));
  }

  /** Ends waiting scans with shutting_down and lets none wait from now on; messages that are there are given. */
  refuseWaits(): void {
    this.#refusesWaits = true;
    this.#endAll("shutting_down");
    this.#stopWaiting();
  }

  /** Ends scans with `code`, those that come later as well; deliveries that are out change nothing any more. */
  end(code: ErrorCode): void {
    this.#endedAs ??= code;
    this.#endAll(this.#endedAs);
    this.#stopWaiting();
  }

  /** Adds to the time without use, which ends with each scan; returns the sum. A scan that waits is use. */
  addIdleMs(passedMs: number): number {
    this.#idleMs = this.#queue.first === undefined ? this.#idleMs + passedMs : 0;
    return this.#idleMs;
  }

  #enqueue(scan: PendingScan): void {
    this.#idleMs = 0;
    if (this.#endedAs !== undefined) {
      scan.reject(new NetlogError(this.#endedAs));
      return;
    }
    this.#queue.push(scan);
    this.#serve();
  }

  /** Gives out what there is, until a read has to be waited for or nothing is left to give or to answer. */
  #serve(): void {
    const { cursor, limits } = this.#options;
    while (!this.#isReading) {
      const scan = this.#queue.first;
      const offset = scan === undefined ? undefined : this.#upcoming();
      if (scan === undefined || offset === undefined) {
        if (scan !== undefined && scan.count > 0) {
          this.#finish(scan);
          continue;
        }
        cursor.release();
        if (scan === undefined) this.#stopWaiting();
        else this.#wait();
        return;
      }
      const read = cursor.readSet(offset, scan.max === 1 ? 1 : limits.readAheadBytes);
      if (read instanceof Promise) this.#finishLater(offset, read);
      else this.#give(read);
    }
  }

  #finishLater(offset: number, read: Promise<UnpackedSet>): void {
    this.#isReading = true;
    read.then(
      (set) => {
        this.#isReading = false;
        this.#give(set);
        this.#serve();
      },
      (error: unknown) => {
        this.#isReading = false;
        this.#refuse(offset, error);
        this.#serve();
      },
    );
  }

  /** The message to give next; `undefined` when there is none to read yet. */
  #upcoming(): number | undefined {
    const start = this.#log.logStartOffset;
    if (this.#next < start) {
      this.#skipped += start - this.#next;
      this.#next = start;
    }
    if (this.#returned.first !== undefined) this.#skipped += this.#returned.remove(0, start);
    return this.#returned.first ?? (this.#next < this.#log.highWatermark ? this.#next : undefined);
  }

  /**
   * Gives messages of `set` to the scans in line, for as long as the next one is among them: while it was read an
   * earlier message may have come back, or these may have been dropped.
   */
  #give(set: UnpackedSet): void {
    for (let scan = this.#queue.first; scan !== undefined; scan = this.#queue.first) {
      const offset = this.#upcoming();
      if (offset === undefined || offset < set.baseOffset || offset >= set.endOffset) return;
      try {
        if (!scan.take(set, offset, this.#skipped)) {
          this.#finish(scan);
          continue;
        }
      } catch (error) {
        this.#queue.remove(scan);
        scan.reject(error);
        continue;
      }
      this.#skipped = 0;
      scan.deadline?.cancel();
      if (this.#returned.remove(offset, offset + 1) === 0) this.#next = offset + 1;
      this.#outstanding.add(offset, offset + 1);
      if (scan.count === scan.max) this.#finish(scan);
    }
  }

  /** Answers a scan with what it has got. */
  #finish(scan: PendingScan): void {
    this.#queue.remove(scan);
    let isSettled = false;
    scan.finish((handedOver) => {
      if (isSettled) return;
      isSettled = true;
      this.#settle(scan, handedOver);
    });
  }

  #settle(scan: PendingScan, handedOver: boolean): void {
    for (const { start, end } of scan.given) this.#outstanding.remove(start, end);
    if (this.#endedAs !== undefined) return;
    if (handedOver) {
      this.#save();
      return;
    }
    this.#skipped += scan.skipped;
    for (const { start, end } of scan.given) this.#returned.add(start, end);
    this.#serve();
  }

  #save(): void {
    const next = Math.min(
      this.#outstanding.first ?? this.#next,
      this.#returned.first ?? this.#next,
      this.#next,
    );
    if (next === this.#savedNext) return;
    this.#savedNext = next;
    this.#options.store?.save(next);
  }

  /** A read of `offset` failed: tells the first in line, unless only retention was faster. */
  #refuse(offset: number, error: unknown): void {
    if (this.#log.logStartOffset > offset) return;
    const scan = this.#queue.first;
    if (scan === undefined) return;
    if (scan.count > 0) {
      this.#finish(scan);
      return;
    }
    this.#queue.remove(scan);
    if (isNetlogError(error, "checksum_error")) {
      const nextOffset = error.details.nextOffset ?? offset + 1;
      this.#returned.remove(offset, nextOffset);
      if (this.#next >= offset) this.#next = Math.max(this.#next, nextOffset);
      this.#save();
    }
    scan.reject(error);
  }

  /** There is nothing to read: scans that came since the last time wait, or are told so. */
  #wait(): void {
    let scan = this.#queue.last;
    // One that has a deadline was here before, as were all before it. One that left meanwhile had the rest served.
    while (scan?.isQueued === true && scan.deadline === undefined) {
      const before: PendingScan | undefined = scan.before;
      this.#startWaiting(scan);
      scan = before;
    }
    if (this.#queue.first === undefined || this.#isArmed) return;
    this.#isArmed = true;
    const disarm = this.#log.waitFor(this.#next, this.#wake);
    if (this.#isArmed) this.#disarm = disarm;
  }

  #startWaiting(scan: PendingScan): void {
    const { waitMs, onWaiting } = scan.request;
    if (waitMs <= 0 || this.#refusesWaits) {
      this.#queue.remove(scan);
      scan.reject(new NetlogError(waitMs <= 0 ? "end_of_topic" : "shutting_down"));
      return;
    }
    const delayMs = Math.min(waitMs, this.#options.limits.waitMs);
    scan.deadline = this.#options.runtime.setTimer(delayMs, () => {
      if (!this.#queue.remove(scan)) return;
      scan.reject(new NetlogError("end_of_topic"));
      this.#serve();
    });
    onWaiting?.(() => {
      if (!this.#queue.remove(scan)) return;
      scan.leave();
      if (scan.count > 0) this.#settle(scan, false);
      else this.#serve();
    });
  }

  readonly #wake = (reason: WakeReason): void => {
    this.#isArmed = false;
    this.#disarm = undefined;
    if (reason === "readable") this.#serve();
    else this.end(reason === "deleted" ? "topic_not_found" : "shutting_down");
  };

  #stopWaiting(): void {
    this.#isArmed = false;
    this.#disarm?.();
    this.#disarm = undefined;
  }

  #endAll(code: ErrorCode): void {
    for (let scan = this.#queue.first; scan !== undefined; scan = this.#queue.first) {
      if (scan.count > 0 && this.#endedAs === undefined) {
        this.#finish(scan);
      } else {
        this.#queue.remove(scan);
        scan.reject(new NetlogError(code));
      }
    }
  }
}
