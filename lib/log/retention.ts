/** Whether to drop the oldest segment: a pure function of facts and clock. */

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
