/**
 * The one error class of the engine and its permanent codes. An expected failure is a NetlogError;
 * a programmer's error is an assertion and crashes. How a code reads over HTTP is server/'s business.
 */

/** Codes never change their meaning: clients see them in `X-Netlog-Error`. */
export const ERROR_CODES = [
  "bad_request",
  "invalid_offset",
  "invalid_duration",
  "invalid_compression_type",
  "invalid_topic_name",
  "topic_exists",
  "end_of_topic",
  "topic_not_found",
  "scanner_not_found",
  "offset_not_found",
  "resource_busy",
  "scanner_exists",
  "scanner_without_ack",
  "lease_lost",
  "offset_mismatch",
  "producer_gap",
  "producer_fenced",
  "topic_closed",
  "sequence_regression",
  "idempotency_mismatch",
  "payload_too_large",
  "too_many_requests",
  "topic_unavailable",
  "shutting_down",
  "storage_full",
  "sync_failed",
  "checksum_error",
  "unknown_error",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** What a code's message carries beside its reason. Offsets are messages. */
export interface ErrorDetails {
  /** First offset still kept: with `offset_not_found` for what retention dropped. */
  readonly firstOffset?: number;
  /** First damaged offset, with `checksum_error`. */
  readonly offset?: number;
  /**
   * First good offset after the damage, with `checksum_error`; where to go on, with `isMore`; the next one of the topic,
   * with `offset_mismatch` and `topic_closed`.
   */
  readonly nextOffset?: number;
  /** With `end_of_topic`: this is not the end, but a read by key has passed over as much as one call may. */
  readonly isMore?: true;
  /** With `end_of_topic`: nothing will ever come behind it. */
  readonly isClosed?: true;
  /** With `producer_gap`: the sequence number that the producer's next append has, and the one that came. */
  readonly expectedSeq?: number;
  readonly receivedSeq?: number;
  /** With `producer_fenced`: the epoch in force. */
  readonly epoch?: number;
  /** Where the damage lies, with `checksum_error`: for the server's log, never for a client. */
  readonly place?: string;
}

export interface NetlogErrorOptions {
  /** What to mend: which parameter or value, and what is allowed. Never quotes a payload. */
  readonly reason?: string;
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
}

export class NetlogError extends Error {
  readonly code: ErrorCode;
  readonly reason: string | undefined;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, options: NetlogErrorOptions = {}) {
    const text = code.replaceAll("_", " ");
    super(options.reason === undefined ? text : `${text}: ${options.reason}`, { cause: options.cause });
    this.name = "NetlogError";
    this.code = code;
    this.reason = options.reason;
    this.details = options.details ?? {};
  }
}

/** True when `error` is a NetlogError, of the given code where one is named. */
export function isNetlogError(error: unknown, code?: ErrorCode): error is NetlogError {
  return error instanceof NetlogError && (code === undefined || error.code === code);
}
