/** What there is to tell of a topic: all of it, a line of a list, or figures for metrics. */
import type { TopicCounters } from "../base/counters.ts";
import { MESSAGE_WORK_BYTES } from "../base/loop-share.ts";
import type { Runtime } from "../base/runtime.ts";
import { WorkMeter } from "../base/work-meter.ts";
import type { Log } from "../log/log.ts";
import type { ScannerStats } from "../scanner/scanner-info.ts";
import type { TopicScanners } from "../scanner/topic-scanners.ts";
import type { TopicSettings } from "./setting-table.ts";
import { type TopicStats, topicStats } from "./stats.ts";
import type { Lineage } from "./storage.ts";
import { describeTopic, type TopicInfo } from "./topic-info.ts";
import type { TopicSummary } from "./topic-summary.ts";

/** What it takes to look at a scanner's lag. */
const SCANNER_WORK_BYTES = 50;

/** What the topic says of itself, at the moment when it is asked. */
interface TopicFacts {
  readonly name: string;
  readonly id: string;
  readonly settings: TopicSettings;
  readonly counters: TopicCounters;
  readonly scannerCount: number;
  readonly isClosed: boolean;
  readonly trouble: string | undefined;
  readonly lineage: Lineage;
}

/** Each of them gives the event loop back where there is much to tell. */
export class TopicFigures {
  readonly #topic: TopicFacts;
  readonly #log: Log;
  readonly #scanners: TopicScanners;
  readonly #runtime: Runtime;

  constructor(topic: TopicFacts, log: Log, scanners: TopicScanners, runtime: Runtime) {
    this.#topic = topic;
    this.#log = log;
    this.#scanners = scanners;
    this.#runtime = runtime;
  }

  async info(): Promise<TopicInfo> {
    const log = await this.#log.describe();
    return await describeTopic(this.#topic, log, this.#scanners.all(), this.#runtime);
  }

  async summary(): Promise<TopicSummary> {
    let lag: number | undefined;
    const meter = new WorkMeter();
    for (const scanner of this.#scanners.all()) {
      lag = Math.max(lag ?? 0, scanner.lag);
      if (meter.isDue(SCANNER_WORK_BYTES)) await this.#runtime.pause();
    }
    const { logStartOffset, highWatermark, diskSizeBytes, newestAtMs } = this.#log;
    const { name, counters, scannerCount, isClosed, trouble } = this.#topic;
    const messageCount = highWatermark - logStartOffset;
    return {
      name,
      messageCount,
      diskSizeBytes,
      counters,
      newestAtMs,
      scannerCount,
      lag,
      isClosed,
      trouble,
    };
  }

  async stats(): Promise<TopicStats> {
    const log = await this.#log.describe();
    const scanners: ScannerStats[] = [];
    const meter = new WorkMeter();
    for (const scanner of this.#scanners.all()) {
      scanners.push(scanner.stats());
      if (meter.isDue(MESSAGE_WORK_BYTES)) await this.#runtime.pause();
    }
    return topicStats(this.#topic.name, log, this.#log.waiterCount, scanners);
  }
}
