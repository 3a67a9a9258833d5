/**
 * The scans that a scanner has not answered, first come, first served. A linked list, because any of thousands may
 * leave from the middle: its client hung up, or its time ran out.
 */

import { type ErrorDetails, NetlogError } from "../base/errors.ts";
import { MESSAGE_WORK_BYTES } from "../base/loop-share.ts";
import type { Timer } from "../base/runtime.ts";
import type { Looked } from "../reading/key-search.ts";
import { keptMessage, type Message, passingMessage, type Taken } from "../reading/message-reader.ts";
import type { PlacedEntry } from "../reading/set-cache.ts";
import type { Lease } from "./leases.ts";
import type { OffsetRange } from "./offset-ranges.ts";
import type { BulkDelivery, BulkScanRequest, Delivery, ScanRequest } from "./scan-request.ts";
import type { Given } from "./scanner-position.ts";

/** One scan and the promise it is to settle. */
export abstract class PendingScan implements Given, Looked {
  readonly request: ScanRequest;
  readonly reject: (error: unknown) => void;
  /** Messages it may get. */
  readonly max: number;
  /** It wants no more. */
  isFull = false;
  /** What taking many messages has cost since the event loop was given back, in bytes. */
  workBytes = 0;
  /** What passing over messages of other keys has cost in all. */
  lookedBytes = 0;
  /** What it has got so far, in the order in which it got it. */
  readonly given: OffsetRange[] = [];
  count = 0;
  /** Dropped unseen before what it has got. */
  skipped = 0;
  lease: Lease | undefined;
  generation = 0;
  /** Set once there was nothing to give to it. */
  deadline: Timer | undefined;
  /** Links of the queue it stands in; its own business. */
  before: PendingScan | undefined;
  behind: PendingScan | undefined;
  isQueued = false;

  constructor(request: ScanRequest, max: number, reject: (error: unknown) => void) {
    this.request = request;
    this.max = max;
    this.reject = reject;
    this.lease = request.lease;
  }

  /**
   * Takes message `offset` of `set`, before which `skipped` are missing, or not; `delivery` says how often it will have
   * been given, where that is counted. May throw where it has none yet.
   */
  take(set: PlacedEntry, offset: number, skipped: number, delivery: number | undefined): boolean {
    const taken = this.accepts(set, offset, skipped, delivery);
    if (taken === false) return false;
    const last = this.given.at(-1);
    if (last?.end === offset) this.given[this.given.length - 1] = { start: last.start, end: offset + 1 };
    else this.given.push({ start: offset, end: offset + 1 });
    this.count += 1;
    this.skipped += skipped;
    this.isFull = taken === "last" || this.count === this.max;
    return true;
  }

  protected abstract accepts(
    set: PlacedEntry,
    offset: number,
    skipped: number,
    delivery: number | undefined,
  ): Taken;

  /** Answers with what it has got; `settle` is to tell whether that arrived, `giveBack` what is not to be sent. */
  abstract finish(settle: (handedOver: boolean) => void, giveBack: (given: Given) => void): void;

  /** Answers that it was cancelled. */
  abstract leave(): void;
}

export class SingleScan extends PendingScan {
  readonly #resolve: (delivery: Delivery | undefined) => void;
  #message: Message | undefined;

  constructor(
    request: ScanRequest,
    resolve: (delivery: Delivery | undefined) => void,
    reject: (error: unknown) => void,
  ) {
    super(request, 1, reject);
    this.#resolve = resolve;
  }

  protected accepts(set: PlacedEntry, offset: number, _skipped: number, delivery: number | undefined): Taken {
    this.#message = counted(keptMessage(set, offset), delivery);
    return true;
  }

  finish(settle: (handedOver: boolean) => void): void {
    this.#resolve({ message: this.#message!, skipped: this.skipped, lease: this.lease?.token, settle });
  }

  leave(): void {
    this.#resolve(undefined);
  }
}

export class BulkScan extends PendingScan {
  readonly #take: BulkScanRequest["take"];
  readonly #resolve: (delivery: BulkDelivery | undefined) => void;

  constructor(
    request: BulkScanRequest,
    resolve: (delivery: BulkDelivery | undefined) => void,
    reject: (error: unknown) => void,
  ) {
    super(request, request.max, reject);
    this.#take = request.take;
    this.#resolve = resolve;
  }

  protected accepts(set: PlacedEntry, offset: number, skipped: number, delivery: number | undefined): Taken {
    const message = counted(passingMessage(set, offset), delivery);
    this.workBytes += message.payload.length + MESSAGE_WORK_BYTES;
    return this.#take(message, skipped);
  }

  finish(settle: (handedOver: boolean) => void, giveBack: (given: Given) => void): void {
    const { given, count, skipped } = this;
    this.#resolve({
      offset: given[0]!.start,
      nextOffset: given.at(-1)!.end,
      count,
      skipped,
      lease: this.lease?.token,
      settle,
      giveBackBehind: (kept) => giveBack(this.#cutBehind(kept)),
    });
  }

  leave(): void {
    this.#resolve(undefined);
  }

  /** Takes out what it has got behind the first `count` messages. */
  #cutBehind(count: number): Given {
    const cut: OffsetRange[] = [];
    let left = count;
    for (const { start, end } of this.given.splice(0)) {
      const place = Math.min(end, start + left);
      left -= place - start;
      if (place > start) this.given.push({ start, end: place });
      if (place < end) cut.push({ start: place, end });
    }
    return { given: cut, skipped: 0, lease: this.lease, generation: this.generation };
  }
}

/** Field by field, for a spread costs a tenth of a scan. */
function counted(message: Message, delivery: number | undefined): Message {
  if (delivery === undefined) return message;
  const { offset, timestampMs, crc32, payload, fieldBytes } = message;
  return { offset, timestampMs, crc32, payload, fieldBytes, delivery };
}

export class ScanQueue {
  #first: PendingScan | undefined;
  #last: PendingScan | undefined;

  get first(): PendingScan | undefined {
    return this.#first;
  }

  get last(): PendingScan | undefined {
    return this.#last;
  }

  push(scan: PendingScan): void {
    scan.before = this.#last;
    scan.isQueued = true;
    if (this.#last === undefined) this.#first = scan;
    else this.#last.behind = scan;
    this.#last = scan;
  }

  /** Takes it out and ends its deadline. False when it was not in the queue any more. */
  remove(scan: PendingScan): boolean {
    if (!scan.isQueued) return false;
    if (scan.before === undefined) this.#first = scan.behind;
    else scan.before.behind = scan.behind;
    if (scan.behind === undefined) this.#last = scan.before;
    else scan.behind.before = scan.before;
    scan.before = undefined;
    scan.behind = undefined;
    scan.isQueued = false;
    scan.deadline?.cancel();
    return true;
  }

  /** Ends all without a message. */
  endAll(details: ErrorDetails): void {
    for (let scan = this.#first; scan !== undefined; scan = this.#first) {
      this.remove(scan);
      scan.reject(new NetlogError("end_of_topic", { details }));
    }
  }
}
