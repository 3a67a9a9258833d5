/**
 * A reader's position in a topic, kept by the server. Each message is given to one scan; what a client did not get
 * is the next one given. Scans without a message wait in line, and the scanner waits for the log on their behalf.
 */
import { type ErrorCode, isNetlogError, NetlogError } from "./errors.ts";
import type { Limits } from "./limits.ts";
import type { Log, WakeReason } from "./log/log.ts";
import type { Message, MessageCursor } from "./message-reader.ts";
import type { Runtime } from "./runtime.ts";
import { PendingScan, ScanQueue } from "./scan-queue.ts";
import { SortedOffsets } from "./sorted-offsets.ts";

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

export interface Delivery {
  readonly message: Message;
  /** Messages that retention dropped before this scanner came to them, since its last delivery. */
  readonly skipped: number;
  /**
   * To be called when the answer was handed to the network in full, or else was not: then the message is the next
   * one given. Counts once; a delivery never settled is given again after a restart.
   */
  settle(handedOver: boolean): void;
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
  readonly #outstanding = new SortedOffsets();
  /** Given out and given back; these come before `next`. */
  readonly #returned = new SortedOffsets();
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
    this.#idleMs = 0;
    return new Promise((resolve, reject) => {
      if (this.#endedAs !== undefined) {
        reject(new NetlogError(this.#endedAs));
        return;
      }
      this.#queue.push(new PendingScan(request, resolve, reject));
      this.#serve();
    });
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

  /** Gives out what there is, until a read has to be waited for or nothing is left to give or to answer. */
  #serve(): void {
    while (!this.#isReading) {
      if (this.#queue.first === undefined) {
        this.#stopWaiting();
        return;
      }
      const offset = this.#upcoming();
      if (offset === undefined) {
        this.#wait();
        return;
      }
      const read = this.#options.cursor.read(offset);
      if (read instanceof Promise) this.#finishLater(offset, read);
      else this.#give(read);
    }
  }

  #finishLater(offset: number, read: Promise<Message>): void {
    this.#isReading = true;
    read.then(
      (message) => {
        this.#isReading = false;
        // Meanwhile an earlier message may have come back, or this one may have been dropped.
        if (this.#upcoming() === offset) this.#give(message);
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
    if (this.#returned.first !== undefined) this.#skipped += this.#returned.removeRange(0, start);
    return this.#returned.first ?? (this.#next < this.#log.highWatermark ? this.#next : undefined);
  }

  #give(message: Message): void {
    const scan = this.#queue.shift();
    if (scan === undefined) return;
    const skipped = this.#skipped;
    this.#skipped = 0;
    if (!this.#returned.remove(message.offset)) this.#next = message.offset + 1;
    this.#outstanding.add(message.offset);
    let isSettled = false;
    const settle = (handedOver: boolean) => {
      if (isSettled) return;
      isSettled = true;
      this.#settle(message.offset, skipped, handedOver);
    };
    scan.resolve({ message, skipped, settle });
  }

  #settle(offset: number, skipped: number, handedOver: boolean): void {
    this.#outstanding.remove(offset);
    if (this.#endedAs !== undefined) return;
    if (handedOver) {
      this.#save();
      return;
    }
    this.#skipped += skipped;
    this.#returned.add(offset);
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
    const scan = this.#queue.shift();
    if (scan === undefined) return;
    if (isNetlogError(error, "checksum_error")) {
      const nextOffset = error.details.nextOffset ?? offset + 1;
      this.#returned.removeRange(offset, nextOffset);
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
      scan.resolve(undefined);
      this.#serve();
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
    for (let scan = this.#queue.shift(); scan !== undefined; scan = this.#queue.shift()) {
      scan.reject(new NetlogError(code));
    }
  }
}
