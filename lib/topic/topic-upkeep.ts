/** What the monitor does for one topic: drops scanners that nobody uses, and segments that retention drops. */
import { parseDuration, timeBefore } from "../base/duration.ts";
import { isNetlogError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Runtime } from "../base/runtime.ts";
import type { Log } from "../log/log.ts";
import type { TopicScanners } from "../scanner/topic-scanners.ts";
import type { TopicSettings } from "./setting-table.ts";
import type { TopicState } from "./topic-state.ts";

export interface TopicUpkeepOptions {
  readonly topicName: string;
  readonly log: Log;
  readonly state: TopicState;
  readonly scanners: TopicScanners;
  /** Those in force, whenever they are looked at. */
  readonly settings: TopicSettings;
  readonly runtime: Runtime;
  readonly logger: Logger;
}

/** Failures are logged. */
export class TopicUpkeep {
  readonly #options: TopicUpkeepOptions;
  /** The kind of failure of the last retention, so that it is logged once. */
  #trouble: string | undefined;

  constructor(options: TopicUpkeepOptions) {
    this.#options = options;
  }

  /** Drops scanners, `passedMs` after the last time. */
  async dropIdleScanners(passedMs: number): Promise<void> {
    const { topicName, scanners, logger } = this.#options;
    try {
      await scanners.dropIdle(passedMs);
    } catch (error) {
      logger.error({ err: error, topic: topicName }, "an idle scanner could not be dropped");
    }
  }

  async dropOldSegments(): Promise<void> {
    const { topicName, log, state, settings, runtime, logger } = this.#options;
    const segmentAge = parseDuration(settings.segment_age);
    try {
      await state.catchUp();
      await log.applyRetention(timeBefore(segmentAge, runtime.now()), state.droppableBelow);
      this.#trouble = undefined;
    } catch (error) {
      if (isNetlogError(error, "topic_not_found") || isNetlogError(error, "shutting_down")) return;
      const trouble = error instanceof Error && "code" in error ? String(error.code) : String(error);
      if (this.#trouble === trouble) return;
      this.#trouble = trouble;
      logger.error({ err: error, topic: topicName }, "old segments could not be dropped");
    }
  }
}
