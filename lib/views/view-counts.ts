/** What a view counts, since the process began. */
import { Tally } from "../index.ts";

const BATCH_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 30_000];

export class ViewCounts {
  applied = 0;
  malformed = 0;
  refused = 0;
  /** Messages that retention, or damage, took before they were read. */
  missed = 0;
  /** How long each batch took, its commit included. */
  readonly batchMs: Tally = new Tally(BATCH_MS);
}
