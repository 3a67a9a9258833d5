/** Figures about a server, gathered when somebody asks for them. */
import type { Counters } from "../base/counters.ts";
import type { LogDescription } from "../log/log.ts";
import type { ScannerDescription } from "../scanner/scanner-info.ts";

export interface ScannerStats {
  readonly id: string;
  readonly isPersistent: boolean;
  /** Messages that it has not had. */
  readonly lag: number;
  /** Messages given out and not settled. */
  readonly pending: number;
}

export interface TopicStats {
  readonly name: string;
  readonly segmentCount: number;
  readonly sizeBytes: number;
  readonly highWatermark: number;
  /** Of scanners and of others. */
  readonly waiterCount: number;
  readonly scanners: readonly ScannerStats[];
}

export interface NetlogStats {
  /** By name. */
  readonly topics: readonly TopicStats[];
  /** Those that take messages; and the others, which may have figures above. */
  readonly openTopicCount: number;
  readonly failedTopicCount: number;
  readonly openFileCount: number;
  /** The live ones: they go on. */
  readonly counters: Counters;
}

export function topicStats(
  name: string,
  log: LogDescription,
  waiterCount: number,
  scanners: readonly ScannerDescription[],
): TopicStats {
  return {
    name,
    segmentCount: log.segments.length,
    sizeBytes: log.diskSizeBytes,
    highWatermark: log.highWatermark,
    waiterCount,
    scanners: scanners.map(({ id, persistent, lag, pending }) => ({
      id,
      isPersistent: persistent,
      lag,
      pending,
    })),
  };
}
