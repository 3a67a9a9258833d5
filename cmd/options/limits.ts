/** Options of what the server takes at most: those limits of lib/limits.ts that may be set. */
import { LIMIT_RANGES, LIMITS, type Limits, type SettableLimit } from "../../lib/index.ts";
import type { Option, OptionTable } from "../option.ts";
import { DURATION, formatMs, parseDurationMs, parseInteger } from "../option-values.ts";

export type LimitOptions = Readonly<Pick<Limits, SettableLimit>>;

export const LIMIT_OPTIONS: OptionTable<LimitOptions> = {
  payloadBytes: bytes("payloadBytes", "max_message_size", "Bytes of one message's payload"),
  batchBytes: bytes("batchBytes", "max_batch_size", "Bytes of one batch, as sent and unpacked"),
  publishBytesInFlight: bytes(
    "publishBytesInFlight",
    "max_bytes_in_flight",
    "Bytes of messages that came in and are not answered yet, of all clients together",
  ),
  headersMs: time("headersMs", "header_timeout", "Time for a request's headers to arrive"),
  bodyIdleMs: time("bodyIdleMs", "body_timeout", "Time for which a request's body may bring nothing"),
  keepAliveMs: time("keepAliveMs", "idle_timeout", "Time for which a connection may be without a request"),
  stopMs: time("stopMs", "stop_timeout", "Time for requests in flight to finish when the server stops"),
};

const LIMIT_NAMES = Object.keys(LIMIT_OPTIONS) as SettableLimit[];

/** All limits, those that were set as they were set. */
export function limitsOf(options: LimitOptions): Limits {
  const set = Object.fromEntries(LIMIT_NAMES.map((name) => [name, options[name]]));
  return { ...LIMITS, ...set };
}

function bytes(limit: SettableLimit, name: string, description: string): Option<number> {
  return amount(limit, name, "<bytes>", "whole bytes", description);
}

function amount(
  limit: SettableLimit,
  name: string,
  placeholder: string,
  what: string,
  description: string,
): Option<number> {
  const { min, max } = LIMIT_RANGES[limit];
  return {
    name,
    kind: "number",
    placeholder,
    description,
    allowed: `${what} from ${min} to ${max}`,
    fallback: String(LIMITS[limit]),
    parse: (text) => parseInteger(text, min, max),
  };
}

function time(limit: SettableLimit, name: string, description: string): Option<number> {
  const { min, max } = LIMIT_RANGES[limit];
  return {
    name,
    kind: "value",
    placeholder: "<duration>",
    description,
    allowed: `${DURATION}, from ${formatMs(min)} to ${formatMs(max)}`,
    fallback: formatMs(LIMITS[limit]),
    parse: (text) => parseDurationMs(text, min, max),
  };
}
