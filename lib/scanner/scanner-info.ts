/** The description of a scanner, in the words of the wire. */
import type { PositionCounts } from "./scanner-position.ts";
import { print, type ScannerSettings, type WorkSettings } from "./scanner-settings.ts";

/** As it goes over the wire, fields in this order. */
export interface ScannerInfo {
  readonly id: string;
  /** The message to be given next. */
  readonly next: number;
  readonly from: number;
  readonly persistent: boolean;
}

/** What of it counts in the metrics. */
export interface ScannerStats {
  readonly id: string;
  readonly isPersistent: boolean;
  /** Messages that it has not had. */
  readonly lag: number;
  /** Messages given out and not settled. */
  readonly pending: number;
}

/** As it goes over the wire, fields in this order. */
export interface ScannerDescription extends ScannerInfo {
  readonly ack: "auto" | "explicit";
  /** Messages of the topic from `next` on. */
  readonly lag: number;
  readonly pending: number;
  /** How long the oldest of them is pending, as a duration. */
  readonly oldest_pending: string | null;
  /** Deliveries after a message's first. */
  readonly redelivered: number;
  readonly dead_lettered: number;
  /** Dropped by retention before the scanner came to them. */
  readonly skipped: number;
  /** RFC 3339; of this run of the server. */
  readonly last_scan: string | null;
  readonly settings: Partial<WorkSettings> & {
    readonly expire: string | null;
    /** The keys that the scanner reads, where it reads by key. */
    readonly key?: readonly string[];
  };
}

export function describeScanner(
  info: ScannerInfo,
  { work, expireMs, keys }: ScannerSettings,
  counts: PositionCounts,
  lag: number,
  lastScanAtMs: number | undefined,
): ScannerDescription {
  const { oldestPendingMs } = counts;
  return {
    ...info,
    ack: work === undefined ? "auto" : "explicit",
    lag,
    pending: counts.pending,
    oldest_pending: oldestPendingMs === undefined ? null : print(Math.floor(oldestPendingMs)),
    redelivered: counts.redelivered,
    dead_lettered: counts.deadLettered,
    skipped: counts.skipped,
    last_scan: lastScanAtMs === undefined ? null : new Date(lastScanAtMs).toISOString(),
    settings: {
      ...work,
      expire: expireMs === undefined ? null : print(expireMs),
      ...(keys === undefined ? {} : { key: keys }),
    },
  };
}
