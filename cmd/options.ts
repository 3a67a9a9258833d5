/**
 * Every option of `netlog serve`, once: parsing, checks, help, environment names and the README's table all come
 * from here. The names are NetLog's.
 */
import { DEFAULT_SETTINGS, LIMITS } from "../lib/index.ts";
import { LOG_LEVELS, type LogLevel } from "./logger.ts";
import type { OptionTable } from "./option.ts";
import {
  type ListenAddress,
  parseChoice,
  parseDurationMs,
  parseHostName,
  parseInteger,
  parseList,
  parseListenAddress,
  parseOrigin,
  parseSwitch,
} from "./option-values.ts";

export interface ServeOptions {
  readonly listen: ListenAddress;
  readonly dir: string;
  readonly logLevel: LogLevel;
  readonly debug: boolean;
  readonly monitorIntervalMs: number;
  readonly segmentAge: string;
  readonly segmentSizeBytes: number;
  readonly batchNumMessages: number;
  readonly batchInterval: string;
  readonly compression: number;
  readonly allowedHosts: readonly string[];
  readonly corsOrigins: readonly string[];
}

/** Node's timers hold no longer delay. */
const MAX_TIMER_MS = 2 ** 31 - 1;
const MAX_COMPRESSION = 3;

const DURATION = "a duration such as 30day, 1h30m or 200ms";

export const SERVE_OPTIONS: OptionTable<ServeOptions> = {
  listen: {
    name: "listen",
    kind: "value",
    placeholder: "<address>",
    description: "Address to listen on; `:7200` is port 7200 on all interfaces, port 0 any free port",
    allowed: "host:port, such as 127.0.0.1:7200, [::1]:7200, localhost:7200 or :7200",
    fallback: "127.0.0.1:7200",
    parse: parseListenAddress,
  },
  dir: {
    name: "dir",
    kind: "value",
    placeholder: "<folder>",
    description: "Data folder; made when it is missing",
    allowed: "the path of a folder",
    fallback: "./data",
    parse: (text) => (text === "" ? undefined : text),
  },
  logLevel: {
    name: "loglevel",
    kind: "value",
    placeholder: "<level>",
    description: "Least level to log: trace, debug, info, warning, error or alert",
    allowed: `one of ${LOG_LEVELS.join(", ")}`,
    fallback: "info",
    parse: (text) => parseChoice(text, LOG_LEVELS),
  },
  debug: {
    name: "debug",
    kind: "switch",
    placeholder: "",
    description: "Log everything, as `--loglevel trace` does",
    allowed: "true or false",
    fallback: "false",
    parse: parseSwitch,
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
    kind: "value",
    placeholder: "<bytes>",
    description: "Size at which a segment is closed and the next one begun",
    allowed: `whole bytes from ${LIMITS.segmentSizeMinBytes} to ${LIMITS.segmentSizeMaxBytes}`,
    fallback: String(DEFAULT_SETTINGS.segment_size),
    parse: (text) => parseInteger(text, LIMITS.segmentSizeMinBytes, LIMITS.segmentSizeMaxBytes),
  },
  batchNumMessages: {
    name: "batch_num_messages",
    kind: "value",
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
    kind: "value",
    placeholder: "<number>",
    description: "Compression of new topics: 1 none, 2 gzip, 3 snappy; 0 is the default, none",
    allowed: "0 (the default), 1 (none), 2 (gzip) or 3 (snappy)",
    fallback: String(DEFAULT_SETTINGS.compression_type),
    parse: (text) => parseInteger(text, 0, MAX_COMPRESSION),
  },
  allowedHosts: {
    name: "allowed_host",
    kind: "list",
    placeholder: "<host>",
    description: "A further `Host` that requests may name while the server listens on loopback; repeatable",
    allowed: "host names without scheme, port or path, such as queue.example",
    fallback: "",
    parse: (text) => parseList(text, parseHostName),
  },
  corsOrigins: {
    name: "cors_origin",
    kind: "list",
    placeholder: "<origin>",
    description: "An origin whose web pages may use the server; repeatable",
    allowed: "origins such as https://app.example or http://localhost:3000",
    fallback: "",
    parse: (text) => parseList(text, parseOrigin),
  },
};

/** The text as it is, when it is a duration within the bounds: settings keep durations as text. */
function durationText(text: string, minMs: number, maxMs: number): string | undefined {
  return parseDurationMs(text, minMs, maxMs) === undefined ? undefined : text;
}
