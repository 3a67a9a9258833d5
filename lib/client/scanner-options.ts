/** What a scanner is created with, and how that goes into a URL. */
import type { Query } from "./connection.ts";
import { keysToReadBy } from "./fields.ts";
import { type Offset, spellOffset } from "./spelling.ts";

/**
 * `auto`: a message is given once, and gone when its answer was handed over. `explicit`: a message is leased, and
 * comes again until it is acknowledged.
 */
export type LeaseMode = "auto" | "explicit";

/** What is left out is the server's default; for a scanner that is there, it agrees with whatever is. */
export interface ScannerOptions {
  /** 1 to 128 of `A-Z a-z 0-9 . _ -`, not beginning with `.` or `-`. Without it the server makes up a new one. */
  readonly id?: string | undefined;
  /** Where a new scanner begins. `first` by default. */
  readonly from?: Offset | undefined;
  /** It gives only messages with this key, or with one of these; at most 64. */
  readonly key?: string | readonly string[] | undefined;
  /** It survives a restart of the server. */
  readonly persist?: boolean | undefined;
  /** `auto` by default; `explicit` implies `persist`. */
  readonly ack?: LeaseMode | undefined;
  /** How long a message is leased, in ms: 30,000 by default, 100 to a day. */
  readonly ackWaitMs?: number | undefined;
  /** Deliveries of a message at most; 0, the default: no limit. */
  readonly maxDeliver?: number | undefined;
  /** Messages given out and not settled at most: 1,000 by default, 1 to 100,000. */
  readonly maxPending?: number | undefined;
  /** The topic that gets what was delivered too often. */
  readonly deadLetter?: string | undefined;
  /** Not used for so long, in ms, it is dropped. */
  readonly expireMs?: number | undefined;
}

export function scannerQuery(options: ScannerOptions): Query {
  return {
    id: options.id,
    from: options.from === undefined ? undefined : spellOffset(options.from),
    key: keysToReadBy(options.key),
    persist: options.persist,
    ack: options.ack,
    ack_wait: milliseconds(options.ackWaitMs),
    max_deliver: options.maxDeliver,
    max_pending: options.maxPending,
    dead_letter: options.deadLetter,
    expire: milliseconds(options.expireMs),
  };
}

/** A duration as the server takes it. */
export function milliseconds(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : `${ms}ms`;
}
