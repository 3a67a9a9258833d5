/**
 * A reader's position in a topic, kept by the server. Each message is given to one scan; what a client did not get
 * is given again. Its position says which message comes next, and scan-waits.ts has the scans that wait.
 */
import { type ErrorCode, isNetlogError, NetlogError } from "../base/errors.ts";
import { PIECE_WORK_BYTES } from "../base/loop-share.ts";
import type { Runtime } from "../base/runtime.ts";
import type { Log } from "../log/log.ts";
import type { MessageCursor } from "../reading/message-reader.ts";
import type { PlacedEntry } from "../reading/set-cache.ts";
import { KeyPass } from "./key-pass.ts";
import type { LeaseWork } from "./lease-work.ts";
import type { LeasedPosition, PendingMessage } from "./leased-position.ts";
import type { Lease } from "./leases.ts";
import type { Limits } from "./limits.ts";
import { BulkScan, type PendingScan, ScanQueue, SingleScan } from "./scan-queue.ts";
import type { BulkDelivery, BulkScanRequest, Delivery, ScanRequest } from "./scan-request.ts";
import { ScanWaits } from "./scan-waits.ts";
import type { ScannerDescription, ScannerInfo, ScannerStats } from "./scanner-info.ts";
import type { Given, ScannerPosition } from "./scanner-position.ts";
import type { ScannerSettings } from "./scanner-settings.ts";
import { ScannerUse, type ScannerUseOptions } from "./scanner-use.ts";

export interface ScannerOptions extends ScannerUseOptions {
  /** The same position, where the scanner has acknowledgements. */
  readonly leased?: LeasedPosition | undefined;
  readonly cursor: MessageCursor;
  readonly runtime: Runtime;
  readonly limits: Limits;
}

export class Scanner {
  readonly id: string;
  readonly #options: ScannerOptions;
  readonly #log: Log;
  readonly #position: ScannerPosition;
  readonly #queue = new ScanQueue();
  readonly #waits: ScanWaits;
  readonly #keyPass: KeyPass | undefined;
  readonly #use: ScannerUse;
  /** One read at a time keeps the order of scans and messages. */
  #isReading = false;
  #endedAs: ErrorCode | undefined;

  constructor(options: ScannerOptions) {
    this.id = options.id;
    this.#options = options;
    this.#log = options.log;
    this.#position = options.position;
    this.#use = new ScannerUse(options);
    this.#keyPass = KeyPass.of(options.settings.keys, options.position, options.limits);
    const { position, log, runtime, limits } = options;
    this.#waits = new ScanWaits({
      position,
      log,
      runtime,
      limits,
      queue: this.#queue,
      serve: () => this.#serve(),
      leave: (scan) => this.#leave(scan),
      end: (code) => void this.end(code),
    });
    options.leased?.start(() => this.#serve());
  }

  get isPersistent(): boolean {
    return this.#options.isPersistent;
  }

  /** Whether what it gives has to be acknowledged. */
  get leases(): boolean {
    return this.#options.leased !== undefined;
  }

  get settings(): ScannerSettings {
    return this.#options.settings;
  }

  /** Notes that a client uses it. */
  use(): void {
    this.#use.note();
  }

  /** What acknowledges its messages. Asking for it is use. @throws scanner_without_ack. */
  get work(): LeaseWork {
    this.use();
    const { leased } = this.#options;
    if (leased === undefined) throw new NetlogError("scanner_without_ack");
    return leased.work;
  }

  get lag(): number {
    return this.#use.lag;
  }

  info(): ScannerInfo {
    return this.#use.info();
  }

  stats(): ScannerStats {
    return this.#use.stats();
  }

  /** All there is to tell. */
  describe(): ScannerDescription {
    return this.#use.describe();
  }

  /**
   * Messages that were given out and not settled, in the order of offsets: up to `max` of those behind `after`. Looking is
   * no use of the scanner. @throws scanner_without_ack.
   */
  pendingMessages(after: number, max: number): PendingMessage[] {
    const { leased } = this.#options;
    if (leased === undefined) throw new NetlogError("scanner_without_ack");
    return leased.pendingMessages(after, max);
  }

  /** A lease for several scans that are one answer; `undefined` where nothing is leased. */
  openLease(): Lease | undefined {
    return this.#position.openLease();
  }

  /**
   * Goes to `offset`, which is in range: what is before it counts as settled, what is behind it is to come. Leases
   * end. As durable as a message when it resolves.
   *
   * @throws storage_full, topic_unavailable: it is where it was; sync_failed: nobody knows where it is after a restart.
   */
  async seek(offset: number): Promise<void> {
    this.use();
    if (this.#endedAs !== undefined) throw new NetlogError(this.#endedAs);
    await this.#position.seek(offset, () => this.#goOn());
    if (this.#endedAs !== undefined) throw new NetlogError(this.#endedAs);
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
   * Takes up to `max` messages: what is there when there is one. The next scan reports damage behind them.
   *
   * @throws what `scan` throws.
   */
  scanMany(request: BulkScanRequest): Promise<BulkDelivery | undefined> {
    return new Promise((resolve, reject) => this.#enqueue(new BulkScan(request, resolve, reject)));
  }

  /** Ends waiting scans with shutting_down and lets none wait from now on; messages that are there are given. */
  refuseWaits(): void {
    this.#waits.refuseNew();
    this.#endAll("shutting_down");
  }

  /**
   * Ends scans with `code`, those that come later as well; deliveries that are out change nothing any more. When it
   * resolves nothing touches the scanner's file on its behalf.
   */
  async end(code: ErrorCode): Promise<void> {
    this.#endedAs ??= code;
    this.#endAll(this.#endedAs);
    this.#waits.stop();
    this.#keyPass?.rest(undefined);
    await this.#position.end(this.#endedAs);
  }

  /** Adds to the time without use, which ends with each scan; returns the sum. A scan that waits is use. */
  addIdleMs(passedMs: number): number {
    if (this.#queue.first !== undefined) this.use();
    return this.#use.addIdleMs(this.#queue.first === undefined ? passedMs : 0);
  }

  #enqueue(scan: PendingScan): void {
    this.#use.noteScan(this.#options.runtime.now());
    if (this.#endedAs !== undefined) {
      scan.reject(new NetlogError(this.#endedAs));
      return;
    }
    this.#queue.push(scan);
    this.#serve();
  }

  /** The position has moved: a scan gets nothing from both sides of a seek. */
  #goOn(): void {
    const scan = this.#queue.first;
    if (scan !== undefined && scan.count > 0) this.#finish(scan);
    this.#waits.stop();
    this.#serve();
  }

  /** Gives out what there is, until a read has to be waited for or nothing is left to give or to answer. */
  #serve(): void {
    const { cursor, limits } = this.#options;
    while (!this.#isReading) {
      const scan = this.#queue.first;
      const offset = scan === undefined ? undefined : this.#position.upcoming();
      if (scan === undefined || offset === undefined) {
        if (scan !== undefined && scan.count > 0) {
          this.#finish(scan);
          continue;
        }
        cursor.release();
        this.#keyPass?.rest(scan);
        if (scan === undefined) this.#waits.stop();
        else this.#waits.begin();
        return;
      }
      const readsMany = scan.max > 1 || scan.lookedBytes > 0;
      const read = this.#read(offset, readsMany ? limits.readAheadBytes : 1);
      if (read instanceof Promise) this.#finishLater(offset, readsMany ? this.#turnOf(read) : read);
      else this.#give(read);
    }
  }

  /** What is leased is this server's to give: where another one took the topic over, it may be settled by now. */
  #read(offset: number, aheadBytes: number): PlacedEntry | Promise<PlacedEntry> {
    const { cursor } = this.#options;
    const confirmed = this.leases ? this.#log.confirm?.() : undefined;
    if (confirmed === undefined) return cursor.readEntry(offset, aheadBytes);
    return confirmed.then(() => cursor.readEntry(offset, aheadBytes));
  }

  /** The set in a turn of its own: reads of many may end in one turn of the event loop, and a long scan pauses in it. */
  async #turnOf(read: PlacedEntry | Promise<PlacedEntry>): Promise<PlacedEntry> {
    const set = await read;
    await this.#options.runtime.pause();
    return set;
  }

  /** To others a pause is a read under way. */
  #finishLater(offset: number, read: Promise<PlacedEntry>): void {
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

  /**
   * Gives messages of `set` to the scans in line, for as long as the next one is among them: while it was read an
   * earlier message may have come back, or these may have been dropped.
   */
  #give(set: PlacedEntry): void {
    const position = this.#position;
    for (let scan = this.#queue.first; scan !== undefined; scan = this.#queue.first) {
      const offset = position.upcoming();
      if (offset === undefined || offset < set.baseOffset || offset >= set.endOffset) return;
      if (this.#keyPass !== undefined && this.#passOver(this.#keyPass, scan, set, offset)) continue;
      if (scan.workBytes >= PIECE_WORK_BYTES) {
        scan.workBytes = 0;
        this.#finishLater(offset, this.#turnOf(set));
        return;
      }
      try {
        if (!scan.take(set, offset, position.skipped, position.deliveryOf(offset))) {
          this.#finish(scan);
          continue;
        }
      } catch (error) {
        this.#queue.remove(scan);
        scan.reject(error);
        continue;
      }
      scan.deadline?.cancel();
      position.give(offset, scan);
      if (scan.isFull) this.#finish(scan);
    }
  }

  /** True when messages of other keys were passed over, or the scan has ended because they are too many. */
  #passOver(keyPass: KeyPass, scan: PendingScan, set: PlacedEntry, offset: number): boolean {
    const hasPassed = keyPass.passOver(scan, set, offset);
    if (!keyPass.isOver(scan)) return hasPassed;
    const details = { nextOffset: this.#position.next, isMore: true } as const;
    if (scan.count > 0) this.#finish(scan);
    else if (this.#queue.remove(scan)) scan.reject(new NetlogError("end_of_topic", { details }));
    return true;
  }

  /** Answers a scan with what it has got. */
  #finish(scan: PendingScan): void {
    this.#queue.remove(scan);
    let isSettled = false;
    scan.finish((handedOver) => {
      if (isSettled) return;
      isSettled = true;
      this.#settle(scan, handedOver);
    }, this.#giveBack);
  }

  readonly #giveBack = (given: Given): void => this.#settle(given, false);

  /** Scans may wait to see the end of a closed topic until everything is settled. */
  #settle(scan: Given, handedOver: boolean): void {
    if (this.#position.settle(scan, handedOver) || this.#log.isEnded) this.#serve();
  }

  #leave(scan: PendingScan): void {
    scan.leave();
    if (scan.count > 0) this.#settle(scan, false);
    else this.#serve();
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
      this.#position.pass(offset, error.details.nextOffset ?? offset + 1);
    }
    scan.reject(error);
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
