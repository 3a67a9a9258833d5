/** What becomes one frame of the log: all or nothing, also over a crash. */
export interface Batch {
  /** A single message or a message set, verified. */
  readonly entry: Buffer;
  /** Messages in it, at least 1. */
  readonly count: number;
  /** So many bytes in front of the entry, in the same memory, are free; the receiver then owns all of it. */
  readonly headroomBytes?: number;
}
