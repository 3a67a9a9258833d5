/**
 * The one error of the client, by code. The server's codes are written out here a second time, for the client knows
 * nothing of the server's sources; a test holds the two equal.
 */

/** As the server sends them in `X-Netlog-Error`. They never change their meaning. */
export const SERVER_ERROR_CODES = [
  "bad_request",
  "invalid_offset",
  "invalid_duration",
  "invalid_compression_type",
  "invalid_topic_name",
  "topic_exists",
  "unauthorized",
  "forbidden",
  "end_of_topic",
  "topic_not_found",
  "scanner_not_found",
  "offset_not_found",
  "not_found",
  "method_not_allowed",
  "not_acceptable",
  "request_timeout",
  "resource_busy",
  "scanner_exists",
  "scanner_without_ack",
  "lease_lost",
  "offset_mismatch",
  "producer_gap",
  "producer_fenced",
  "topic_closed",
  "sequence_regression",
  "stream_exists",
  "content_type_mismatch",
  "gone",
  "idempotency_mismatch",
  "payload_too_large",
  "unsupported_media_type",
  "too_many_requests",
  "headers_too_large",
  "checksum_error",
  "unknown_error",
  "topic_unavailable",
  "shutting_down",
  "sync_failed",
  "storage_full",
] as const;

/**
 * What goes wrong on this side:
 * - `unreachable`: no connection; the server has not seen the request.
 * - `connection_lost`: it broke before the answer was whole, or nothing more is known (a browser does not tell).
 * - `timed_out`: nothing came for longer than the client waits.
 * - `unexpected_answer`: not an answer of netlog's; a proxy's, or another server's, or one that cannot be trusted.
 * - `checksum_mismatch`: a payload that is not what was published; it was changed on its way.
 * - `invalid_argument`: the call cannot be made; nothing was sent.
 */
export const CLIENT_ERROR_CODES = [
  "unreachable",
  "connection_lost",
  "timed_out",
  "unexpected_answer",
  "checksum_mismatch",
  "invalid_argument",
] as const;

export type ServerErrorCode = (typeof SERVER_ERROR_CODES)[number];
export type ClientErrorCode = (typeof CLIENT_ERROR_CODES)[number];
/** Any text: a newer server may have codes that this client does not know. */
export type NetlogErrorCode = ServerErrorCode | ClientErrorCode | (string & Record<never, never>);

export interface NetlogClientErrorFields {
  /** HTTP status, where the server answered. */
  readonly status?: number | undefined;
  /** What to mend, in the server's words. */
  readonly reason?: string | undefined;
  /** First damaged or mangled message: with `checksum_error`, `checksum_mismatch`. */
  readonly offset?: number | undefined;
  /**
   * First good message behind the damage, with `checksum_error`: read on from here. With `offset_mismatch` the offset
   * of the next message that is stored.
   */
  readonly nextOffset?: number | undefined;
  /** First message still kept, with `offset_not_found` for one that retention dropped. */
  readonly firstOffset?: number | undefined;
  /** How long the server asks to wait before the next try. */
  readonly retryAfterMs?: number | undefined;
  /** With `end_of_topic`: the topic is closed, and nothing will come. */
  readonly isClosed?: boolean | undefined;
  /** With `end_of_topic`, of a scanner by key: one answer looks at so much, and there is more to look at. */
  readonly hasMore?: boolean | undefined;
  /** True when the server has surely not done what it was asked: a publish may be repeated, and nothing is twice. */
  readonly isUndone?: boolean | undefined;
  readonly cause?: unknown;
}

/**
 * Everything that fails, but for a call that its own signal aborted: that rejects with the signal's reason.
 *
 * @example
 * try {
 *   await netlog.topic("nowhere").publish("hello");
 * } catch (error) {
 *   if (!isNetlogClientError(error, "topic_not_found")) throw error;
 *   console.log(error.status); // 404
 * }
 */
export class NetlogClientError extends Error {
  readonly code: NetlogErrorCode;
  readonly status: number | undefined;
  readonly reason: string | undefined;
  readonly offset: number | undefined;
  readonly nextOffset: number | undefined;
  readonly firstOffset: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly isClosed: boolean;
  readonly hasMore: boolean;
  readonly isUndone: boolean;

  constructor(code: NetlogErrorCode, message: string, fields: NetlogClientErrorFields = {}) {
    super(message, fields.cause === undefined ? {} : { cause: fields.cause });
    this.name = "NetlogClientError";
    this.code = code;
    this.status = fields.status;
    this.reason = fields.reason;
    this.offset = fields.offset;
    this.nextOffset = fields.nextOffset;
    this.firstOffset = fields.firstOffset;
    this.retryAfterMs = fields.retryAfterMs;
    this.isClosed = fields.isClosed ?? false;
    this.hasMore = fields.hasMore ?? false;
    this.isUndone = fields.isUndone ?? false;
  }
}

/**
 * True when `error` is a NetlogClientError, of one of the given codes where any is named.
 *
 * @example
 * const error = await netlog.topic("nowhere").info().catch((error) => error);
 * console.log(isNetlogClientError(error, "topic_not_found")); // true
 * console.log(isNetlogClientError(error, "timed_out", "unreachable")); // false
 */
export function isNetlogClientError(
  error: unknown,
  ...codes: readonly NetlogErrorCode[]
): error is NetlogClientError {
  return error instanceof NetlogClientError && (codes.length === 0 || codes.includes(error.code));
}

/** For what cannot be sent. */
export function invalidArgument(message: string): NetlogClientError {
  return new NetlogClientError("invalid_argument", message, { isUndone: true });
}
