/** All limits of the program, gathered from the parts that declare them; and those that an operator may set, as options. */
import { DAY_MS, GiB, HOUR_MS, KiB, MiB, SECOND_MS } from "../../lib/index.ts";
import { LARGEST_BYTES } from "../../lib/values.ts";
import { LIMITS as SERVER_LIMITS, type Limits as ServerLimits } from "../../server/index.ts";
import type { Option, OptionTable } from "../cli/option.ts";
import { DURATION, formatMs, parseDurationMs, parseInteger } from "../cli/option-values.ts";

/** The caps of files that options name, and of the program's log. */
class ProgramCaps {
  /** A token file. */
  readonly tokenFileBytes: number = MiB;
  /** A file with a certificate or its key. */
  readonly certificateBytes: number = MiB;
  /** Log lines that the system does not take now. */
  readonly logWaitingBytes: number = 256 * KiB;
  /** Time for those lines when the program ends. */
  readonly logDrainMs: number = SECOND_MS;
}

export interface Limits extends ServerLimits, ProgramCaps {}

export const LIMITS: Limits = { ...SERVER_LIMITS, ...new ProgramCaps() };

/** Limits that an operator may set, and how far. */
export interface LimitOptions {
  readonly payloadBytes: number;
  readonly batchBytes: number;
  readonly bytesInFlight: number;
  readonly connections: number;
  readonly waitingRequests: number;
  readonly topics: number;
  readonly remembered: number;
  readonly scanners: number;
  readonly headersMs: number;
  readonly bodyIdleMs: number;
  readonly bodyMs: number;
  readonly keepAliveMs: number;
  readonly longPollMs: number;
  readonly eventStreamMs: number;
  readonly stopMs: number;
}

type LimitName = keyof LimitOptions;

export const LIMIT_OPTIONS: OptionTable<LimitOptions> = {
  payloadBytes: bytes("payloadBytes", "max_message_size", "Bytes of one message's payload", 1, LARGEST_BYTES),
  batchBytes: bytes(
    "batchBytes",
    "max_batch_size",
    "Bytes of one batch, as sent and unpacked",
    KiB,
    LARGEST_BYTES,
  ),
  bytesInFlight: bytes(
    "bytesInFlight",
    "max_bytes_in_flight",
    "Bytes of bodies and answers that are not done with yet, of all clients together",
    KiB,
    64 * GiB,
  ),
  connections: count("connections", "max_connections", "Open connections"),
  waitingRequests: count(
    "waitingRequests",
    "max_waiting",
    "Requests that wait for a message or another server, and calls of gRPC",
  ),
  topics: count("topics", "max_topics", "Topics"),
  remembered: count(
    "remembered",
    "max_remembered",
    "Idempotency keys remembered, of all topics together; a producer counts as 20",
    1000,
    100_000_000,
  ),
  scanners: count("scanners", "max_scanners", "Scanners of a topic"),
  headersMs: time("headersMs", "header_timeout", "Time for a request's headers to arrive"),
  bodyIdleMs: time("bodyIdleMs", "body_timeout", "Time for which a request's body may bring nothing"),
  bodyMs: time(
    "bodyMs",
    "request_timeout",
    "Time for a request's body to be whole; streams have none",
    SECOND_MS,
    DAY_MS,
  ),
  keepAliveMs: time("keepAliveMs", "idle_timeout", "Time for which a connection may be without a request"),
  longPollMs: time(
    "longPollMs",
    "long_poll_timeout",
    "Time for which a long poll of a durable stream waits",
    0,
  ),
  eventStreamMs: time(
    "eventStreamMs",
    "event_stream_timeout",
    "Time after which an event stream of a durable stream ends, and its reader comes back",
  ),
  stopMs: time("stopMs", "stop_timeout", "Time for requests in flight to finish when the server stops", 0),
};

/** Files for active segments, sockets of Node's own, and the log. */
const OTHER_FILES = 256;
/** A server takes at least so many connections, however few files it may open. */
const FEWEST_CONNECTIONS = 64;

const LIMIT_NAMES = Object.keys(LIMIT_OPTIONS) as LimitName[];

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

function bytes(
  limit: LimitName,
  name: string,
  description: string,
  min: number,
  max: number,
): Option<number> {
  return amount(limit, { name, placeholder: "<bytes>", description }, "whole bytes", min, max);
}

function count(
  limit: LimitName,
  name: string,
  description: string,
  min = 1,
  max = 1_000_000,
): Option<number> {
  return amount(limit, { name, placeholder: "<count>", description }, "a whole number", min, max);
}

function amount(
  limit: LimitName,
  option: Pick<Option<number>, "name" | "placeholder" | "description">,
  what: string,
  min: number,
  max: number,
): Option<number> {
  return {
    ...option,
    kind: "number",
    allowed: `${what} from ${min} to ${max}`,
    fallback: String(LIMITS[limit]),
    parse: (text) => parseInteger(text, min, max),
  };
}

function time(
  limit: LimitName,
  name: string,
  description: string,
  min: number = SECOND_MS,
  max: number = HOUR_MS,
): Option<number> {
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
