/** Options of the data folder, and the default settings of new topics. */
import { LIMITS, SETTINGS, type SettingName } from "../../lib/index.ts";
import type { Option, OptionTable } from "../cli/option.ts";
import { DURATION, MAX_TIMER_MS, parseDurationMs, parseInteger } from "../cli/option-values.ts";

export interface TopicOptions {
  readonly dir: string;
  readonly monitorIntervalMs: number;
  readonly segmentAge: string;
  readonly segmentSizeBytes: number;
  readonly batchNumMessages: number;
  readonly batchInterval: string;
  readonly compression: number;
}

const MAX_COMPRESSION = 3;

export const TOPIC_OPTIONS: OptionTable<TopicOptions> = {
  dir: {
    name: "dir",
    kind: "value",
    placeholder: "<folder>",
    description: "Data folder; made when it is missing, with the folders around it",
    allowed: "the path of a folder",
    fallback: "./data",
    parse: (text) => (text === "" ? undefined : text),
  },
  monitorIntervalMs: {
    name: "monitor_interval",
    kind: "value",
    placeholder: "<duration>",
    description: "Time between checks of segment age and size",
    allowed: `${DURATION}, from 1ms to 24day`,
    fallback: "10s",
    parse: (text) => parseDurationMs(text, 1, MAX_TIMER_MS),
  },
  segmentAge: {
    ...defaultOf("segment_age"),
    kind: "value",
    placeholder: "<duration>",
    allowed: `${DURATION}, more than 0`,
    parse: (text) => durationText(text, Number.MIN_VALUE, Number.POSITIVE_INFINITY),
  },
  segmentSizeBytes: {
    ...defaultOf("segment_size"),
    kind: "number",
    placeholder: "<bytes>",
    allowed: `whole bytes from ${LIMITS.segmentSizeMinBytes} to ${LIMITS.segmentSizeMaxBytes}`,
    parse: (text) => parseInteger(text, LIMITS.segmentSizeMinBytes, LIMITS.segmentSizeMaxBytes),
  },
  batchNumMessages: {
    ...defaultOf("batch_num_messages"),
    kind: "number",
    placeholder: "<count>",
    allowed: `a whole number from 1 to ${LIMITS.batchMessages}`,
    parse: (text) => parseInteger(text, 1, LIMITS.batchMessages),
  },
  batchInterval: {
    ...defaultOf("batch_interval"),
    kind: "value",
    placeholder: "<duration>",
    allowed: `${DURATION}, at most 1day`,
    parse: (text) => durationText(text, 0, LIMITS.settingsIntervalMs),
  },
  compression: {
    ...defaultOf("compression_type"),
    kind: "number",
    placeholder: "<number>",
    description: "Compression of new topics: 1 none, 2 gzip, 3 snappy; 0 is the default, none",
    allowed: "0 (the default), 1 (none), 2 (gzip) or 3 (snappy)",
    parse: (text) => parseInteger(text, 0, MAX_COMPRESSION),
  },
};

/** What an option has from the setting whose default it is. */
function defaultOf(setting: SettingName): Pick<Option<unknown>, "name" | "description" | "fallback"> {
  const { flag: name = setting, text: description, default: fallback } = SETTINGS[setting];
  return { name, description, fallback: String(fallback) };
}

/** The text as it is, when it is a duration within the bounds: settings keep durations as text. */
function durationText(text: string, minMs: number, maxMs: number): string | undefined {
  return parseDurationMs(text, minMs, maxMs) === undefined ? undefined : text;
}
