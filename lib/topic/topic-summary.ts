/** A topic among many: the figures by which one finds the topic that one looks for. */
import { TopicCounters } from "../base/counters.ts";

export interface TopicSummary {
  readonly name: string;
  /** Those that can be read. */
  readonly messageCount: number;
  /** Data and index. */
  readonly diskSizeBytes: number;
  /** What went in and out since the topic was opened. */
  readonly counters: Readonly<TopicCounters>;
  /** When the newest message was published; `undefined` where none ever was. */
  readonly newestAtMs: number | undefined;
  /** Those that cannot be used because of a damaged file count as well. */
  readonly scannerCount: number;
  /** What the scanner that is furthest behind has not had; `undefined` where there is none. */
  readonly lag: number | undefined;
  readonly isClosed: boolean;
  /** Why it is not served, or takes no messages. */
  readonly trouble: string | undefined;
}

/** Nothing is known of a topic that failed to open. */
export function failedSummary(name: string, trouble: string): TopicSummary {
  return {
    name,
    messageCount: 0,
    diskSizeBytes: 0,
    counters: new TopicCounters(),
    newestAtMs: undefined,
    scannerCount: 0,
    lag: undefined,
    isClosed: false,
    trouble,
  };
}
