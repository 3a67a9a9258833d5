/**
 * Drops the oldest segments of a log on NATS: those whose messages are too old, or too many, by the rule of logs in files.
 * The active segment begins with a claim, so what is left always tells who owns the log and where it ends.
 */
import { OneByOne } from "../../base/one-by-one.ts";
import { isExpired } from "../../log/retention.ts";
import type { EngineShared } from "./stream-log-options.ts";
import type { StreamSegments } from "./stream-segments.ts";

export interface StreamRetentionOptions {
  readonly shared: EngineShared;
  readonly stream: string;
  readonly segments: StreamSegments;
  readonly rollIfDue: (nowMs: number) => Promise<void>;
  /** In force now; 0: no limit. */
  readonly retentionSizeBytes: () => number;
}

export class StreamRetention {
  readonly #options: StreamRetentionOptions;
  /** Rounds, and what needs all segments, each one after the other. */
  readonly #rounds = new OneByOne();
  #isStopped = false;
  /** NATS was asked to remove what lies before this message, and did. */
  #purgedBelow = 0;

  constructor(options: StreamRetentionOptions) {
    this.#options = options;
    this.#purgedBelow = options.segments.first.sequence;
  }

  /** As Log.applyRetention. */
  apply(expireBeforeMs: number, dropBelow: number): Promise<void> {
    return this.#rounds.run("", () => this.#applyOnce(expireBeforeMs, dropBelow));
  }

  /** Drops nothing while `work` runs. */
  keepSegments<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#rounds.run("", work);
  }

  /** Begins nothing any more; resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#rounds.ended();
  }

  async #applyOnce(expireBeforeMs: number, dropBelow: number): Promise<void> {
    const { shared, segments, rollIfDue, retentionSizeBytes } = this.#options;
    if (this.#isStopped) return;
    const nowMs = shared.runtime.now();
    for (const segment of segments.all) segment.firstSeenAtMs = Math.min(segment.firstSeenAtMs, nowMs);
    await rollIfDue(nowMs);
    const rules = { nowMs, expireBeforeMs, retentionSizeBytes: retentionSizeBytes() };
    while (segments.all.length > 1) {
      const { lastTimestampMs, firstSeenAtMs } = segments.first;
      if (segments.all[1]!.baseOffset > dropBelow) break;
      const facts = { lastTimestampMs, modifiedAtMs: firstSeenAtMs, firstSeenAtMs };
      if (!isExpired(facts, segments.sizeBytes, rules)) break;
      segments.dropFirst();
    }
    await this.#purge();
  }

  /** What fails is tried again in the next round. */
  async #purge(): Promise<void> {
    const { shared, stream, segments } = this.#options;
    const belowSequence = segments.first.sequence;
    if (belowSequence <= this.#purgedBelow || this.#isStopped) return;
    const purged = await shared.api.purge(stream, { belowSequence });
    this.#purgedBelow = belowSequence;
    shared.logger.info({ stream, belowSequence, purged }, "retention dropped segments");
  }
}
