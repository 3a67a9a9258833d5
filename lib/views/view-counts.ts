/** What a view counts, since the process began. */

export class ViewCounts {
  applied = 0;
  malformed = 0;
  refused = 0;
  /** Messages that retention, or damage, took before they were read. */
  missed = 0;
  batches = 0;
  batchMs = 0;
}
