/** The caps of topics in files. */
import { KiB, MiB, SECOND_MS } from "../base/limits.ts";
import type { Limits as TopicLimits } from "../topic/limits.ts";

export class StorageCaps {
  /** A longer state file is none of ours. */
  readonly stateFileBytes: number = 64 * MiB;
  /** Bytes that the server writes to the data folder and removes when a client asks whether it is ready. */
  readonly probeBytes: number = 64 * KiB;
  /** Time for which the outcome of such a write holds. */
  readonly probeMs: number = SECOND_MS;
}

/** What lib/storage is handed. */
export interface Limits extends TopicLimits, StorageCaps {}
