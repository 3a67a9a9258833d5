/** Options of the data folder, and the default settings of new topics. */
import { DEFAULT_SETTINGS, LIMITS } from "../../lib/index.ts";
import type { OptionTable } from "../cli/option.ts";
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
    name: "segment_age",
    kind: "value",
    placeholder: "<duration>",
    description: "Age of its last message at which a segment is dropped",
    allowed: `${DURATION}, more than 0`,
    fallback: DEFAULT_SETTINGS.segment_age,
    parse: (text) => durationText(text, Number.MIN_VALUE, Number.POSITIVE_INFINITY),
  },
  segmentSizeBytes: {
    name: "segment_size",
    kind: "number",
    placeholder: "<bytes>",
    description: "Size at which a segment is closed and the next one begun",
    allowed: `whole bytes from ${LIMITS.segmentSizeMinBytes} to ${LIMITS.segmentSizeMaxBytes}`,
    fallback: String(DEFAULT_SETTINGS.segment_size),
    parse: (text) => parseInteger(text, LIMITS.segmentSizeMinBytes, LIMITS.segmentSizeMaxBytes),
  },
  batchNumMessages: {
    name: "batch_num_messages",
    kind: "number",
    placeholder: "<count>",
    description: "Messages of one message set at most",
    allowed: `a whole number from 1 to ${LIMITS.batchMessages}`,
    fallback: String(DEFAULT_SETTINGS.batch_num_messages),
    parse: (text) => parseInteger(text, 1, LIMITS.batchMessages),
  },
  batchInterval: {
    name: "batch_interval",
    kind: "value",
    placeholder: "<duration>",
    description: "How long a compressed topic waits for more messages of a set",
    allowed: `${DURATION}, at most 1day`,
    fallback: DEFAULT_SETTINGS.batch_interval,
    parse: (text) => durationText(text, 0, LIMITS.settingsIntervalMs),
  },
  compression: {
    name: "compression",
    kind: "number",
    placeholder: "<number>",
    description: "Compression of new topics: 1 none, 2 gzip, 3 snappy; 0 is the default, none",
    allowed: "0 (the default), 1 (none), 2 (gzip) or 3 (snappy)",
    fallback: String(DEFAULT_SETTINGS.compression_type),
    parse: (text) => parseInteger(text, 0, MAX_COMPRESSION),
  },
};

/** The text as it is, when it is a duration within the bounds: settings keep durations as text. */
function durationText(text: string, minMs: number, maxMs: number): string | undefined {
  return parseDurationMs(text, minMs, maxMs) === undefined ? undefined : text;
}
