/** What all topics of a server share: its surroundings, and what bounds all of them together. */
import type { ByteBudget } from "../base/byte-budget.ts";
import type { Counters } from "../base/counters.ts";
import type { Logger } from "../base/logger.ts";
import type { Runtime } from "../base/runtime.ts";
import type { Offload } from "../message/compression.ts";
import type { ReadBuffers } from "../reading/read-buffers.ts";
import type { SetCache } from "../reading/set-cache.ts";
import type { LetterBox } from "../scanner/dead-letters.ts";
import type { Limits } from "./limits.ts";
import type { Remembered } from "./remembered.ts";

export interface TopicShared {
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: Limits;
  readonly counters: Counters;
  /** Packs and unpacks large sets off the event loop. */
  readonly offload: Offload;
  readonly sets: SetCache;
  /** For frames on their way from the disk to a socket. */
  readonly readBuffers: ReadBuffers;
  /** Where the dead letters of scanners go. */
  readonly letterBox: LetterBox;
  /** Keys and producers of all topics. */
  readonly remembered: Remembered;
  /** Payloads taken in and not answered yet. */
  readonly inFlight: ByteBudget;
}
