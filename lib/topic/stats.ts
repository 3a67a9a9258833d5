/** Figures about a server, gathered when they are asked for. */
import type { Counters } from "../base/counters.ts";
import type { Runtime } from "../base/runtime.ts";
import { WorkMeter } from "../base/work-meter.ts";
import type { LogDescription } from "../log/log.ts";
import type { ScannerStats } from "../scanner/scanner-info.ts";
import type { EngineFigures } from "./neighbours.ts";

/** What the figures of one topic take, beside those of its scanners. */
const TOPIC_WORK_BYTES = 1024;

export interface TopicStats {
  readonly name: string;
  readonly segmentCount: number;
  readonly sizeBytes: number;
  readonly highWatermark: number;
  /** The readers that wait, with scanners and without. */
  readonly waiterCount: number;
  readonly scanners: readonly ScannerStats[];
}

export interface NetlogStats {
  /** By name. */
  readonly topics: readonly TopicStats[];
  /** Those that take messages; and the others, which may have figures above. */
  readonly openTopicCount: number;
  readonly failedTopicCount: number;
  /** Topics that were deleted, and whose names their forks keep. */
  readonly tombstoneCount: number;
  readonly openFileCount: number;
  /** The live ones: they go on. */
  readonly counters: Counters;
  /** Where several servers share the storage. */
  readonly engine: EngineFigures | undefined;
}

/** In the order of `topics`. Gives the event loop back in between. */
export async function gatherTopicStats(
  topics: readonly { stats(): Promise<TopicStats> }[],
  runtime: Pick<Runtime, "pause">,
): Promise<TopicStats[]> {
  const gathered: TopicStats[] = [];
  const meter = new WorkMeter();
  for (const topic of topics) {
    gathered.push(await topic.stats());
    if (meter.isDue(TOPIC_WORK_BYTES)) await runtime.pause();
  }
  return gathered;
}

export function topicStats(
  name: string,
  log: LogDescription,
  waiterCount: number,
  scanners: readonly ScannerStats[],
): TopicStats {
  return {
    name,
    segmentCount: log.segments.length,
    sizeBytes: log.diskSizeBytes,
    highWatermark: log.highWatermark,
    waiterCount,
    scanners,
  };
}
