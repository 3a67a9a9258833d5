/**
 * The scans that a scanner has not answered, first come, first served. A linked list, because any of thousands may
 * leave from the middle: its client hung up, or its time ran out.
 */
import type { Timer } from "./runtime.ts";
import type { Delivery, ScanRequest } from "./scanner.ts";

/** One scan and the promise it is to settle. */
export class PendingScan {
  readonly request: ScanRequest;
  readonly resolve: (delivery: Delivery | undefined) => void;
  readonly reject: (error: unknown) => void;
  /** Set once there was nothing to give to it. */
  deadline: Timer | undefined;
  /** Links of the queue it stands in; its own business. */
  before: PendingScan | undefined;
  behind: PendingScan | undefined;
  isQueued = false;

  constructor(
    request: ScanRequest,
    resolve: (delivery: Delivery | undefined) => void,
    reject: (error: unknown) => void,
  ) {
    this.request = request;
    this.resolve = resolve;
    this.reject = reject;
  }
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

  /** Takes out the first. */
  shift(): PendingScan | undefined {
    const scan = this.#first;
    if (scan !== undefined) this.remove(scan);
    return scan;
  }
}
