/**
 * Which message a scanner gives next, and what becomes of those that it gave: one implementation forgets a message
 * when it was handed over, the other one when it was acknowledged.
 */
import type { ErrorCode } from "../base/errors.ts";
import type { Lease } from "./leases.ts";
import type { OffsetRange } from "./offset-ranges.ts";

/** What was given to one scan. */
export interface Given {
  /** In the order in which they were given. */
  readonly given: readonly OffsetRange[];
  /** Dropped unseen before them. */
  readonly skipped: number;
  /** What they are held by, where messages are leased; opened with the first of them at the latest. */
  lease: Lease | undefined;
  /** How often the position had been moved by then: what was given before that counts no more. */
  generation: number;
}

export interface PositionCounts {
  readonly pending: number;
  /** How long the oldest is pending. */
  readonly oldestPendingMs: number | undefined;
  readonly redelivered: number;
  readonly deadLettered: number;
  readonly skipped: number;
}

export interface ScannerPosition {
  /** As clients see it: the first message that was not given out yet, or that came back. */
  readonly next: number;
  /** The message whose arrival would give something to do; `undefined` when none would. */
  readonly awaited: number | undefined;
  /** Dropped unseen, and not told yet. */
  readonly skipped: number;
  readonly counts: PositionCounts;
  /** Something that was given out may come back. */
  readonly hasUnsettled: boolean;

  /** The message to give next; `undefined` when there is none to read yet. */
  upcoming(): number | undefined;
  /** How often the upcoming message will have been given; `undefined` where that is not counted. */
  deliveryOf(offset: number): number | undefined;
  /** A lease for what a scan will be given; `undefined` where nothing is leased. */
  openLease(): Lease | undefined;
  /** The upcoming message was given to `given`, and it was told what was skipped. */
  give(offset: number, given: Given): void;
  /** What was given was handed over in full, or else was not. True when there may be more to give then. */
  settle(given: Given, handedOver: boolean): boolean;
  /** The upcoming message and those before `nextOffset`, all of them new, are not for this scanner. */
  passOver(nextOffset: number): void;
  /** Keeps what was passed over, where positions are kept; otherwise a restart may look at it again. */
  keep(): void;
  /** `[offset, nextOffset)` cannot be read. */
  pass(offset: number, nextOffset: number): void;
  /**
   * Goes to `offset` once that is kept; what is out then changes nothing any more, and `moved` is called. Resolves when it is
   * as durable as a message.
   *
   * @throws storage_full, topic_unavailable: it has not moved; sync_failed: after a restart it may be in either place.
   */
  seek(offset: number, moved: () => void): Promise<void>;
  /** The scanner has ended: nothing is kept any more. Resolves when its file is not touched any more. */
  end(code: ErrorCode): Promise<void>;
}
