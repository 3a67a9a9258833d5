/** What the logs on NATS count while they work: plain numbers that only grow. */
import { Tally } from "../../base/tally.ts";

const ACK_MS = [0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 1000, 5000, 15_000] as const;

export class EngineCounters {
  /** Messages that a majority has stored. */
  acks = 0;
  /** From the newest sending of a message to its ack. */
  readonly ackMs: Tally = new Tally(ACK_MS);
  /** Sendings whose outcome nobody knew at first. */
  unknownOutcomes = 0;
  /** Messages that were stored, or were not, as a further sending showed. */
  resolvedOutcomes = 0;
  /** Logs that were taken over by this server, and that another one took from it. */
  takeovers = 0;
  fences = 0;
  /** Logs that ended because an outcome stayed unknown, or because NATS has lost what it had acknowledged. */
  unresolvedEnds = 0;
  dataLosses = 0;
  /** Messages read from NATS one by one, and through consumers. */
  singleReads = 0;
  fetchedReads = 0;
}
