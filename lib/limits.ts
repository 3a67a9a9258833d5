/** All caps of the engine, each with the value that holds where no other is handed in. */
import { BaseCaps } from "./base/limits.ts";
import { JetstreamCaps, type Limits as JetstreamLimits } from "./jetstream/nats/limits.ts";
import { LogCaps } from "./log/limits.ts";
import { MessageCaps } from "./message/limits.ts";
import { NetlogCaps, type Limits as NetlogLimits } from "./netlog/limits.ts";
import { ReadingCaps } from "./reading/limits.ts";
import { ScannerCaps } from "./scanner/limits.ts";
import { StorageCaps, type Limits as StorageLimits } from "./storage/limits.ts";
import { TopicCaps } from "./topic/limits.ts";

export interface Limits extends StorageLimits, JetstreamLimits, NetlogLimits {}

export const LIMITS: Limits = {
  ...new BaseCaps(),
  ...new MessageCaps(),
  ...new LogCaps(),
  ...new ReadingCaps(),
  ...new ScannerCaps(),
  ...new TopicCaps(),
  ...new StorageCaps(),
  ...new JetstreamCaps(),
  ...new NetlogCaps(),
};
