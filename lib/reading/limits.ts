/** The caps of readers. */
import { DAY_MS, KiB, MiB } from "../base/limits.ts";
import type { Limits as MessageLimits } from "../message/limits.ts";

export class ReadingCaps {
  /** Keys that one reads by. */
  readonly keysRead: number = 64;
  /** Bytes that one call looks at for the keys that it reads by. */
  readonly keySearchBytes: number = 16 * MiB;
  /** Frames that a reader of many messages reads together; and what a stream writes at once. */
  readonly readAheadBytes: number = 512 * KiB;
  /** Buffers of `readAheadBytes` that are kept for the next readers of many frames. */
  readonly idleReadBuffers: number = 16;
  /** Unpacked message sets kept in memory. */
  readonly setCacheBytes: number = 32 * MiB;
  /** `wait`: a larger one is taken for this. */
  readonly waitMs: number = DAY_MS;
}

/** What lib/reading is handed. */
export interface Limits extends MessageLimits, ReadingCaps {}
