/**
 * What the engine counts while it works: plain numbers that only grow, at the cost of an addition each. How they are
 * shown is nobody's business here.
 */
import { Tally } from "./tally.ts";

const GROUP_MESSAGES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 1024, 4096, 16_384, 65_536] as const;
const SYNC_MS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 1000, 5000] as const;

export class Counters {
  /** Published, and as durable as was asked for. Bytes are those of payloads; of a batch, those of its entry. */
  messagesIn = 0;
  bytesIn = 0;
  /** Messages of each group that was written at once: its count is the number of commits. */
  readonly groupMessages: Tally = new Tally(GROUP_MESSAGES);
  /** How long the syncs of segments took; failed ones are left out. */
  readonly syncMs: Tally = new Tally(SYNC_MS);
  /** The event loop stands still meanwhile. */
  longestWriteMs = 0;
  /** Topics opened that were not closed before. */
  recoveries = 0;
  /** Torn tails cut off meanwhile. */
  cuts = 0;
  cutBytes = 0;

  /** Idempotency keys and producers forgotten before their time, because there were too many. */
  forgotten = 0;

  /** A group was written, synchronously. */
  noteWrite(messageCount: number, elapsedMs: number): void {
    this.groupMessages.add(messageCount);
    if (elapsedMs > this.longestWriteMs) this.longestWriteMs = elapsedMs;
  }
}

/** What goes in and out of one topic, since it was opened; in, as Counters counts it. */
export class TopicCounters {
  messagesIn = 0;
  bytesIn = 0;
  /** In answers and streams, as they were sent. */
  messagesOut = 0;
  bytesOut = 0;
}
