/** The settings of a topic as flags. The server judges the values, and says what is allowed. */
import type { Durability, TopicSettingsChange } from "../../lib/client/index.ts";
import type { OptionTable } from "../cli/option.ts";
import { choiceFlag, countFlag, type Optional, textFlag } from "./call/flags.ts";

export interface SettingOptions {
  readonly segmentAge: Optional<string>;
  readonly segmentSize: Optional<number>;
  readonly batchNumMessages: Optional<number>;
  readonly batchInterval: Optional<string>;
  readonly compression: Optional<Compression>;
  readonly durability: Optional<Durability>;
  readonly syncInterval: Optional<string>;
  readonly retentionSize: Optional<number>;
}

type Compression = (typeof COMPRESSIONS)[number];

/** By their numbers on the wire. */
const COMPRESSIONS = ["default", "none", "gzip", "snappy"] as const;
const DURATION = "a duration such as 30day, 1h30m or 200ms; 0 is the server's default";

export const SETTING_OPTIONS: OptionTable<SettingOptions> = {
  segmentAge: textFlag(
    "segment_age",
    "<duration>",
    "Age of its last message at which a segment is dropped",
    DURATION,
  ),
  segmentSize: bytes("segment_size", "Size at which a segment is closed and the next one begun"),
  batchNumMessages: countFlag("batch_num_messages", "Messages of one message set at most", { min: 0 }),
  batchInterval: textFlag(
    "batch_interval",
    "<duration>",
    "How long a compressed topic waits for more messages of a set",
    DURATION,
  ),
  compression: choiceFlag("compression", "How messages are kept", COMPRESSIONS),
  durability: choiceFlag("durability", "What a 201 waits for: the disk, or the system's memory", [
    "synced",
    "written",
  ]),
  syncInterval: textFlag(
    "sync_interval",
    "<duration>",
    "Time between syncs of a topic whose durability is written",
    DURATION,
  ),
  retentionSize: bytes("retention_size", "Size of the topic at which its oldest segments are dropped"),
};

function bytes(name: string, description: string): OptionTable<SettingOptions>["segmentSize"] {
  return { ...countFlag(name, description, { min: 0 }), placeholder: "<bytes>" };
}

/** The settings that were given, in the server's words. */
export function settingsOf(options: SettingOptions): TopicSettingsChange {
  const change: Record<string, string | number> = {};
  const set = (name: keyof TopicSettingsChange, value: string | number | null): void => {
    if (value !== null) change[name] = value;
  };
  set("segment_age", options.segmentAge);
  set("segment_size", options.segmentSize);
  set("batch_num_messages", options.batchNumMessages);
  set("batch_interval", options.batchInterval);
  set("compression_type", options.compression === null ? null : COMPRESSIONS.indexOf(options.compression));
  set("durability", options.durability);
  set("sync_interval", options.syncInterval);
  set("retention_size", options.retentionSize);
  return change as TopicSettingsChange;
}
