/** The caps of scanners, of their leases and of their files. */
import { DAY_MS, KiB, MINUTE_MS, MiB, SECOND_MS } from "../base/limits.ts";
import type { Limits as ReadingLimits } from "../reading/limits.ts";

export class ScannerCaps {
  /** Scanners of a topic. */
  readonly scanners: number = 16_384;
  /** Characters of a scanner's id. */
  readonly scannerNameLength: number = 128;
  /** A scanner that is not persistent is dropped when nobody has used it for this time. */
  readonly scannerIdleMs: number = 7 * DAY_MS;
  /** Time from the writing of a persistent scanner's position to its sync. */
  readonly scannerSyncMs: number = SECOND_MS;
  /** The least that `ack_wait` may be. */
  readonly ackWaitMinMs: number = 100;
  /** The most that `ack_wait` may be. */
  readonly ackWaitMaxMs: number = DAY_MS;
  /** The most that `max_pending` may be. */
  readonly pendingMax: number = 100_000;
  /** The most that `max_deliver` may be. */
  readonly deliverMax: number = 1_000_000_000;
  /** Settled messages that a scanner remembers with their lease, for workers that settle twice. */
  readonly recentSettles: number = 1000;
  /** A scanner begins its journal anew when that is longer than this, and four times as long as its state. */
  readonly leaseJournalBytes: number = 256 * KiB;
  /** A longer journal is none of ours. */
  readonly leaseFileBytes: number = 64 * MiB;
  /** Dead letters copied together. */
  readonly deadLettersTogether: number = 64;
  /** Time from a failure to copy a dead letter to the next try, at first. */
  readonly deadLetterRetryMs: number = SECOND_MS;
  /** The same time after many failures. */
  readonly deadLetterRetryMaxMs: number = MINUTE_MS;
  /** Open files of scanners. */
  readonly openScannerFiles: number = 128;
}

/** What lib/scanner is handed. */
export interface Limits extends ReadingLimits, ScannerCaps {}
