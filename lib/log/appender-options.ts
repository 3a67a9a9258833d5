/** What the writer of a log is made of, and what it reports. */
import type { Counters } from "../base/counters.ts";
import type { Logger } from "../base/logger.ts";
import type { Runtime } from "../base/runtime.ts";
import type { Slots } from "../base/slots.ts";
import type { Limits } from "./limits.ts";
import type { LogLimits } from "./log.ts";
import type { Segment } from "./segment.ts";
import type { SegmentList } from "./segment-list.ts";
import type { Tail } from "./tail.ts";

export interface AppenderOptions {
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly segments: SegmentList;
  readonly tail: Tail;
  readonly syncSlots: Slots;
  readonly counters: Counters;
  readonly limits: LogLimits;
  readonly caps: Limits;
  /** Time of the newest message; times never go back from here. */
  readonly lastTimestampMs: number;
  readonly logEndOffset: number;
  /** Seals the active segment, all of which is synced, and makes the next one. */
  readonly roll: (active: Segment, nextBaseOffset: number) => Promise<Segment>;
  /** The log is closed for good, and everything can be read. */
  readonly onEnded: () => void;
  /** The high watermark has moved. */
  readonly onReadable: (highWatermark: number) => void;
  /** A sync has ended well. */
  readonly onSynced: () => void;
}
