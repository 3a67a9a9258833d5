/**
 * Drops the oldest segments of a log: those whose messages are too old, or too many. Whether one goes is a pure function
 * of facts and clock.
 */
import { OneByOne } from "../base/one-by-one.ts";
import type { OpenLogOptions } from "./log-options.ts";
import type { SealedIndexes } from "./sealed-indexes.ts";
import type { Segment } from "./segment.ts";
import type { SegmentList } from "./segment-list.ts";

export interface SealedFacts {
  readonly lastTimestampMs: number;
  readonly modifiedAtMs: number;
  /** When this process first saw the segment. */
  readonly firstSeenAtMs: number;
}

export interface RetentionRules {
  readonly nowMs: number;
  /** Segments whose last message is older are dropped. */
  readonly expireBeforeMs: number;
  /** 0: no limit. */
  readonly retentionSizeBytes: number;
}

/** True when a log's oldest sealed segment is to be dropped; `totalBytes` is what all segments hold. */
export function isExpired(oldest: SealedFacts, totalBytes: number, rules: RetentionRules): boolean {
  if (rules.retentionSizeBytes > 0 && totalBytes > rules.retentionSizeBytes) return true;
  return agedFromMs(oldest, rules.nowMs) < rules.expireBeforeMs;
}

/** A segment stamped in the future (the clock was once far ahead) ages from when it was last written or first seen. */
function agedFromMs(facts: SealedFacts, nowMs: number): number {
  if (facts.lastTimestampMs <= nowMs) return facts.lastTimestampMs;
  return Math.min(facts.modifiedAtMs, facts.firstSeenAtMs);
}

/** What retention asks of the log. */
export interface RetainedLog {
  rollIfDue(nowMs: number): Promise<void>;
  /** In force now; 0: no limit. */
  retentionSizeBytes(): number;
}

export interface RetentionRound {
  readonly expireBeforeMs: number;
  /** No segment is dropped that reaches beyond. */
  readonly dropBelow: number;
}

export class Retention {
  readonly #options: OpenLogOptions;
  readonly #segments: SegmentList;
  readonly #indexes: SealedIndexes;
  readonly #log: RetainedLog;
  /** Rounds, and what needs all segments, each one after the other. */
  readonly #rounds = new OneByOne();
  #isStopped = false;
  /** Segments that were dropped, whose files are not gone for certain; oldest first. */
  readonly #dropped: Segment[] = [];

  constructor(options: OpenLogOptions, segments: SegmentList, indexes: SealedIndexes, log: RetainedLog) {
    this.#options = options;
    this.#segments = segments;
    this.#indexes = indexes;
    this.#log = log;
  }

  /** As Log.applyRetention. */
  apply(round: RetentionRound): Promise<void> {
    return this.#rounds.run("", () => this.#applyOnce(round));
  }

  /** As Log.keepSegments. */
  keepSegments<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#rounds.run("", work);
  }

  /** Begins nothing any more; resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#rounds.ended();
  }

  async #applyOnce({ expireBeforeMs, dropBelow }: RetentionRound): Promise<void> {
    const nowMs = this.#options.runtime.now();
    if (this.#isStopped) return;
    await this.#removeDropped();
    const segments = this.#segments;
    for (const segment of segments.all) segment.firstSeenAtMs = Math.min(segment.firstSeenAtMs, nowMs);
    await this.#log.rollIfDue(nowMs);
    const rules = { nowMs, expireBeforeMs, retentionSizeBytes: this.#log.retentionSizeBytes() };
    while (segments.all.length > 1 && !this.#isStopped) {
      const oldest = segments.first;
      if (segments.next(oldest)!.baseOffset > dropBelow) return;
      if (oldest.lastTimestampMs === undefined) await this.#indexes.get(oldest);
      const totalBytes = segments.all.reduce((sum, segment) => sum + segment.sizeBytes, 0);
      const { lastTimestampMs = 0, modifiedAtMs, firstSeenAtMs } = oldest;
      if (!isExpired({ lastTimestampMs, modifiedAtMs, firstSeenAtMs }, totalBytes, rules)) return;
      await this.#dropOldest(oldest);
    }
  }

  /** Moves the start first: nobody is to find a file missing that the log still counts. */
  async #dropOldest(oldest: Segment): Promise<void> {
    this.#segments.dropFirst();
    oldest.file.drop();
    this.#options.shared.sealedIndexes.delete(oldest.id);
    this.#dropped.push(oldest);
    await this.#removeDropped();
  }

  /**
   * Removes the files of dropped segments, oldest first, and the next ones only when that is on the disk: otherwise
   * the next opening would find a gap, and take it for damage. What fails is tried again in the next round.
   */
  async #removeDropped(): Promise<void> {
    const { disk, folder, logger } = this.#options;
    for (let oldest = this.#dropped[0]; oldest !== undefined; oldest = this.#dropped[0]) {
      for (const path of [oldest.file.path, oldest.indexPath]) {
        if ((await disk.stat(path)) !== undefined) await disk.remove(path);
      }
      await disk.syncFolder(folder);
      this.#dropped.shift();
      logger.info({ file: oldest.file.path }, "retention dropped a segment");
    }
  }
}
