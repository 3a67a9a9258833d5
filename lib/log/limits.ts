/** The caps of the log: of its segments, of its caches, and of the work it does at a time. */
import { type BaseCaps, GiB, KiB, MiB } from "../base/limits.ts";

export class LogCaps {
  /** The least that `segment_size` may be. */
  readonly segmentSizeMinBytes: number = 1024;
  /** The most that `segment_size` may be. */
  readonly segmentSizeMaxBytes: number = 2 * GiB;
  /** Relative offsets and positions within a segment are u32. */
  readonly segmentPosition: number = 2 ** 32 - 1;
  /** The log writes nothing from this offset on: larger offsets come from damage. */
  readonly offsetEnd: number = 2 ** 53 - 2 ** 32;
  /** The log writes nothing from this time on: later times come from damage or a wrong clock. */
  readonly timestampEndMs: number = Date.UTC(2100, 0, 1);
  /** Bytes of data from one index entry to the next. */
  readonly indexIntervalBytes: number = 32 * KiB;
  /** Bytes of data from one writing of the active segment's index to the next. */
  readonly indexCheckpointBytes: number = 64 * MiB;
  /** Newest written bytes of one topic that are kept in memory. */
  readonly tailBytes: number = 2 * MiB;
  /** Newest written bytes of all topics that are kept in memory. */
  readonly tailTotalBytes: number = 128 * MiB;
  /** Unit of reading history, as long as a step of the index. */
  readonly blockBytes: number = 32 * KiB;
  /** Blocks of history kept in memory. */
  readonly blockCacheBytes: number = 64 * MiB;
  /** Indexes of sealed segments kept in memory. */
  readonly indexCacheBytes: number = 32 * MiB;
  /** Open files of sealed segments. */
  readonly openFiles: number = 512;
  /** Syncs in flight, of all topics together. */
  readonly syncsInFlight: number = 8;
  /** Reads at a time of frames that span many blocks. */
  readonly largeReads: number = 8;
  /** Torn bytes kept beside a segment that was cut. */
  readonly tornBytes: number = MiB;
}

/** What lib/log is handed. */
export interface Limits extends BaseCaps, LogCaps {}
