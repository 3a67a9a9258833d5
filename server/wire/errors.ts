/**
 * How failures read over HTTP: the one table from code to status, reason and headers, over the engine's codes and
 * those that only HTTP has. The text that a client sees is NetLog's; README.md beside this file has it as a table.
 */
import { type ErrorCode, isNetlogError, NetlogError } from "../../lib/index.ts";

type HttpErrorCode =
  | "not_found"
  | "method_not_allowed"
  | "gone"
  | "stream_exists"
  | "content_type_mismatch"
  | "unauthorized"
  | "forbidden"
  | "not_acceptable"
  | "unsupported_media_type"
  | "request_timeout"
  | "headers_too_large";

interface ErrorRow {
  readonly status: number;
  /** Told when nothing better is known: see advice.ts. Without it the body has no `reason`, whatever the error brings. */
  readonly reason?: string;
  /** When the error brings none: name, value, … */
  readonly headers?: readonly string[];
  /** The connection is of no more use. */
  readonly closes?: true;
}

const RETRY_SOON = ["Retry-After", "1"] as const;
const RETRY_LATER = ["Retry-After", "10"] as const;

/** Total: the compiler asks for a row when a code is added. */
export const ERROR_TABLE: Readonly<Record<ErrorCode | HttpErrorCode, ErrorRow>> = {
  bad_request: { status: 400, reason: "the request is malformed" },
  invalid_offset: { status: 400, reason: "this is no offset" },
  invalid_duration: { status: 400, reason: "this is no duration" },
  invalid_compression_type: { status: 400, reason: "there are 1 (none), 2 (gzip) and 3 (snappy)" },
  invalid_topic_name: { status: 400, reason: "this is no name for a topic" },
  topic_exists: { status: 400 },
  unauthorized: {
    status: 401,
    reason: "a token is missing; send the header Authorization: Bearer <token>",
    headers: ["WWW-Authenticate", "Bearer"],
  },
  forbidden: {
    status: 403,
    reason: "the token has no right to this, or the Host or Origin is a foreign one",
  },
  end_of_topic: { status: 404 },
  topic_not_found: { status: 404, reason: "there is no topic of this name; make it with POST /<name>" },
  scanner_not_found: {
    status: 404,
    reason: "there is no scanner of this id; make it with POST /<topic>/scanner?id=<id>",
  },
  offset_not_found: {
    status: 404,
    reason: "there is no message of this offset; GET /<topic> tells those there are",
  },
  not_found: { status: 404, reason: "there is no such route; GET /-/openapi.json describes all routes" },
  method_not_allowed: { status: 405, reason: "this path takes the methods that Allow lists" },
  not_acceptable: { status: 406, reason: "no such format" },
  request_timeout: {
    status: 408,
    reason: "the rest of the request did not come in time; send it faster, or in smaller parts",
    closes: true,
  },
  resource_busy: { status: 409, reason: "the topic has scanners; force=true deletes it with them" },
  scanner_exists: { status: 409, reason: "it was created with other parameters" },
  scanner_without_ack: {
    status: 409,
    reason: "the scanner takes no acknowledgements; create one of another id with ack=explicit",
  },
  lease_lost: {
    status: 409,
    reason:
      "another delivery holds the message, or none, and it is given out again; touch in time, or a longer ack_wait, keeps it",
  },
  offset_mismatch: {
    status: 409,
    reason:
      "the topic's next offset is another one, and nothing was stored; read up to X-Next-Offset and decide anew",
  },
  producer_gap: {
    status: 409,
    reason: "appends before this one are missing, and nothing was stored; go on with Producer-Expected-Seq",
  },
  producer_fenced: {
    status: 403,
    reason:
      "another writer has taken over this producer with a newer epoch; stop, or begin a higher epoch at 0",
  },
  topic_closed: {
    status: 409,
    reason: "the topic is closed for good and takes no more messages; publish to another topic",
  },
  idempotency_mismatch: {
    status: 422,
    reason:
      "another body was published with this Idempotency-Key, and nothing was stored; take a new key for a new message",
  },
  sequence_regression: {
    status: 409,
    reason:
      "Stream-Seq is not above the last one, byte by byte, and nothing was stored; another writer was there, or this append was",
  },
  stream_exists: {
    status: 409,
    reason: "there is a stream of this name with another configuration; HEAD shows it, DELETE removes it",
  },
  content_type_mismatch: {
    status: 409,
    reason: "the stream has another content type, and nothing was stored; send the one that HEAD shows",
  },
  gone: { status: 410, reason: "retention has dropped what is asked for; read from offset -1" },
  payload_too_large: { status: 413, reason: "the body is too large", closes: true },
  unsupported_media_type: { status: 415, reason: "no such encoding or type" },
  too_many_requests: { status: 429, reason: "too many at once; try again later", headers: RETRY_SOON },
  headers_too_large: {
    status: 431,
    reason: "the request line and the headers are too large; send fewer, or shorter ones",
    closes: true,
  },
  checksum_error: { status: 500 },
  unknown_error: { status: 500 },
  topic_unavailable: { status: 503, reason: "the topic's files cannot be used", headers: RETRY_LATER },
  shutting_down: { status: 503, reason: "the server is stopping", headers: RETRY_LATER },
  sync_failed: {
    status: 503,
    reason: "the disk refused to sync; what was sent may be there after a restart",
    headers: RETRY_LATER,
  },
  storage_full: { status: 507, reason: "the disk is full; nothing was stored; make room, and send it again" },
};

interface HttpErrorOptions {
  readonly reason?: string;
  /** Name, value, … */
  readonly headers?: readonly string[];
  readonly cause?: unknown;
}

/** A failure that the engine knows nothing of. */
export class HttpError extends Error {
  readonly code: HttpErrorCode | "too_many_requests" | "topic_unavailable";
  readonly reason: string | undefined;
  readonly headers: readonly string[] | undefined;

  constructor(code: HttpError["code"], options: HttpErrorOptions = {}) {
    super(errorText(code), options.cause === undefined ? {} : { cause: options.cause });
    this.name = "HttpError";
    this.code = code;
    this.reason = options.reason;
    this.headers = options.headers;
  }
}

/** The client has left, and gets no answer. */
export class ClientLeft extends Error {}

/** `reason` says what to mend. */
export function badRequest(reason: string): NetlogError {
  return new NetlogError("bad_request", { reason });
}

/** There is no memory for an answer. */
export function tooManyAnswers(): NetlogError {
  const reason = "there are too many large answers on their way (max_bytes_in_flight); try again";
  return new NetlogError("too_many_requests", { reason });
}

/** The code that a client gets: `unknown_error` for anything unexpected. */
export function errorCode(error: unknown): ErrorCode | HttpErrorCode {
  return isNetlogError(error) || error instanceof HttpError ? error.code : "unknown_error";
}

/** NetLog's words for a code. */
export function errorText(code: ErrorCode | HttpErrorCode): string {
  return code.replaceAll("_", " ");
}
