/** The limits of lib/base/limits.ts that an operator may set, as options. */
import { LIMIT_RANGES, LIMITS, type Limits, type SettableLimit } from "../../lib/index.ts";
import type { Option, OptionTable } from "../cli/option.ts";
import { DURATION, formatMs, parseDurationMs, parseInteger } from "../cli/option-values.ts";

export type LimitOptions = Readonly<Pick<Limits, SettableLimit>>;

export const LIMIT_OPTIONS: OptionTable<LimitOptions> = {
  payloadBytes: bytes("payloadBytes", "max_message_size", "Bytes of one message's payload"),
  batchBytes: bytes("batchBytes", "max_batch_size", "Bytes of one batch, as sent and unpacked"),
  bytesInFlight: bytes(
    "bytesInFlight",
    "max_bytes_in_flight",
    "Bytes of bodies and answers that are not done with yet, of all clients together",
  ),
  connections: count("connections", "max_connections", "Open connections"),
  waitingRequests: count("waitingRequests", "max_waiting", "Requests that wait for a message"),
  topics: count("topics", "max_topics", "Topics"),
  remembered: count(
    "remembered",
    "max_remembered",
    "Idempotency keys and producers remembered, of all topics together",
  ),
  scanners: count("scanners", "max_scanners", "Scanners of a topic"),
  headersMs: time("headersMs", "header_timeout", "Time for a request's headers to arrive"),
  bodyIdleMs: time("bodyIdleMs", "body_timeout", "Time for which a request's body may bring nothing"),
  bodyMs: time("bodyMs", "request_timeout", "Time for a request's body to be whole; streams have none"),
  keepAliveMs: time("keepAliveMs", "idle_timeout", "Time for which a connection may be without a request"),
  stopMs: time("stopMs", "stop_timeout", "Time for requests in flight to finish when the server stops"),
};

/** Files for active segments, sockets of Node's own, and the log. */
const OTHER_FILES = 256;
/** A server takes at least so many connections, however few files it may open. */
const FEWEST_CONNECTIONS = 64;

const LIMIT_NAMES = Object.keys(LIMIT_OPTIONS) as SettableLimit[];

/**
 * All limits, with the options' values. Where the system allows `allowedFiles` open files, there are never so many
 * connections that segments could not be opened any more. Where allowed files are few, half of them are for connections.
 */
export function limitsOf(options: LimitOptions, allowedFiles: number = Infinity): Limits {
  const set = Object.fromEntries(LIMIT_NAMES.map((name) => [name, options[name]]));
  const limits: Limits = { ...LIMITS, ...set };
  const share = (limit: number, part: number): number =>
    Math.min(limit, Math.max(1, Math.floor(allowedFiles / part)));
  const openFiles = share(limits.openFiles, 8);
  const openScannerFiles = share(limits.openScannerFiles, 16);
  const surplusConnections = share(limits.surplusConnections, 16);
  const kept = openFiles + openScannerFiles + surplusConnections + OTHER_FILES;
  const connections = Math.min(limits.connections, Math.max(FEWEST_CONNECTIONS, allowedFiles - kept));
  return { ...limits, openFiles, openScannerFiles, surplusConnections, connections };
}

/** Says which options contradict each other, in one line for the person who set them. */
export function limitConflict({ bytesInFlight, payloadBytes, batchBytes }: LimitOptions): string | undefined {
  const largest = Math.max(payloadBytes, batchBytes);
  if (bytesInFlight >= largest) return undefined;
  return (
    `max_bytes_in_flight is ${bytesInFlight}, and a message or batch may have ${largest} bytes; ` +
    "make it larger, or max_message_size and max_batch_size smaller"
  );
}

function bytes(limit: SettableLimit, name: string, description: string): Option<number> {
  return amount(limit, name, "<bytes>", "whole bytes", description);
}

function count(limit: SettableLimit, name: string, description: string): Option<number> {
  return amount(limit, name, "<count>", "a whole number", description);
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
