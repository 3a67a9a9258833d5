/** What is asked of a scanner, and what it gives. */

import type { Message, Taken } from "../reading/message-reader.ts";
import type { Lease } from "./leases.ts";

export interface ScanRequest {
  /** 0: answer at once. More than the limit is taken for the limit. */
  readonly waitMs: number;
  /** Called when the scan has to wait, with what ends the wait (the client left): scan then gives undefined. */
  readonly onWaiting?: (cancel: () => void) => void;
  /** The lease that Scanner.openLease gave, where several scans make one answer; else each scan has its own. */
  readonly lease?: Lease | undefined;
}

export interface BulkScanRequest extends ScanRequest {
  /** At least 1. */
  readonly max: number;
  /**
   * Called with each message before it is given, and with how many were dropped unseen just before it; the message
   * is to be used before anything is awaited. When it says no, the message and those behind it stay, and the scan
   * gives what it has; at "last", with that message. It never says no to the first: what it throws then is what the
   * scan rejects with.
   */
  readonly take: (message: Message, skipped: number) => Taken;
}

interface Settlement {
  /** Messages that retention dropped before this scanner came to them, since its last delivery. */
  readonly skipped: number;
  /** The token of the lease that holds its messages; of a scanner with acknowledgements alone. */
  readonly lease: string | undefined;
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
  /** Gives back, before it is settled, the messages behind the first `count`: they are the next ones given. */
  giveBackBehind(count: number): void;
}
