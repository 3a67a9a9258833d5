/** A scanner as clients see it from outside: what it is, how far it has come, and when it was used last. */
import type { Log } from "../log/log.ts";
import {
  describeScanner,
  type ScannerDescription,
  type ScannerInfo,
  type ScannerStats,
} from "./scanner-info.ts";
import type { ScannerPosition } from "./scanner-position.ts";
import type { ScannerSettings } from "./scanner-settings.ts";

export interface ScannerUseOptions {
  readonly id: string;
  readonly from: number;
  readonly isPersistent: boolean;
  readonly settings: ScannerSettings;
  readonly position: ScannerPosition;
  readonly log: Log;
}

export class ScannerUse {
  readonly #options: ScannerUseOptions;
  #idleMs = 0;
  #lastScanAtMs: number | undefined;

  constructor(options: ScannerUseOptions) {
    this.#options = options;
  }

  /** A client uses the scanner. */
  note(): void {
    this.#idleMs = 0;
  }

  /** A client scans, at this time. */
  noteScan(nowMs: number): void {
    this.#idleMs = 0;
    this.#lastScanAtMs = nowMs;
  }

  /** Adds to the time without use, and returns the sum. */
  addIdleMs(passedMs: number): number {
    this.#idleMs += passedMs;
    return this.#idleMs;
  }

  info(): ScannerInfo {
    const { id, position, from, isPersistent } = this.#options;
    return { id, next: position.next, from, persistent: isPersistent };
  }

  stats(): ScannerStats {
    const { id, position, isPersistent } = this.#options;
    return { id, isPersistent, lag: this.lag, pending: position.counts.pending };
  }

  describe(): ScannerDescription {
    const { settings, position } = this.#options;
    return describeScanner(this.info(), settings, position.counts, this.lag, this.#lastScanAtMs);
  }

  /** Messages of the topic from the next one on. */
  get lag(): number {
    const { log, position } = this.#options;
    return log.logEndOffset - position.next;
  }
}
