/** How failures read over gRPC: a status by the kind of failure, and in the trailers the code that HTTP has in its headers. */
import { Metadata, status as Status } from "@grpc/grpc-js";
import { errorHeaders, givenReason } from "../http/error-answer.ts";
import { ERROR_TABLE, errorCode, errorText } from "../wire/errors.ts";

type Code = ReturnType<typeof errorCode>;

const TRY_AGAIN_MS = "grpc-retry-pushback-ms";
const RETRY_AFTER = "Retry-After";
const MS_PER_SECOND = 1000;

/** Total: the compiler asks for a row when a code is added. */
const STATUSES: Readonly<Record<Code, Status>> = {
  bad_request: Status.INVALID_ARGUMENT,
  invalid_offset: Status.INVALID_ARGUMENT,
  invalid_duration: Status.INVALID_ARGUMENT,
  invalid_compression_type: Status.INVALID_ARGUMENT,
  invalid_topic_name: Status.INVALID_ARGUMENT,
  not_acceptable: Status.INVALID_ARGUMENT,
  unsupported_media_type: Status.INVALID_ARGUMENT,
  content_type_mismatch: Status.INVALID_ARGUMENT,
  unauthorized: Status.UNAUTHENTICATED,
  forbidden: Status.PERMISSION_DENIED,
  producer_fenced: Status.PERMISSION_DENIED,
  topic_not_found: Status.NOT_FOUND,
  scanner_not_found: Status.NOT_FOUND,
  end_of_topic: Status.NOT_FOUND,
  gone: Status.NOT_FOUND,
  offset_not_found: Status.OUT_OF_RANGE,
  topic_exists: Status.ALREADY_EXISTS,
  scanner_exists: Status.ALREADY_EXISTS,
  stream_exists: Status.ALREADY_EXISTS,
  resource_busy: Status.FAILED_PRECONDITION,
  scanner_without_ack: Status.FAILED_PRECONDITION,
  topic_closed: Status.FAILED_PRECONDITION,
  idempotency_mismatch: Status.FAILED_PRECONDITION,
  lease_lost: Status.ABORTED,
  offset_mismatch: Status.ABORTED,
  producer_gap: Status.ABORTED,
  sequence_regression: Status.ABORTED,
  payload_too_large: Status.RESOURCE_EXHAUSTED,
  headers_too_large: Status.RESOURCE_EXHAUSTED,
  too_many_requests: Status.RESOURCE_EXHAUSTED,
  storage_full: Status.RESOURCE_EXHAUSTED,
  request_timeout: Status.DEADLINE_EXCEEDED,
  topic_unavailable: Status.UNAVAILABLE,
  shutting_down: Status.UNAVAILABLE,
  sync_failed: Status.UNAVAILABLE,
  not_found: Status.NOT_FOUND,
  method_not_allowed: Status.UNIMPLEMENTED,
  checksum_error: Status.DATA_LOSS,
  unknown_error: Status.INTERNAL,
};

/** What to do next, where the words for HTTP name what gRPC has not. */
const REASONS: Readonly<Partial<Record<Code, string>>> = {
  unauthorized: "a valid token is missing; send it in the metadata, as authorization: Bearer <token>",
  forbidden: "the token has no right to this",
  topic_not_found: "there is no topic of this name; make it with CreateTopic",
  scanner_not_found: "there is no scanner of this id; make it with CreateScanner",
  offset_not_found: "there is no message of this offset; GetTopic tells those there are",
  resource_busy: "the topic has scanners; force deletes it with them",
  scanner_without_ack: "the scanner takes no acknowledgements; create one of another id with ack",
  offset_mismatch:
    "the topic's next offset is another one, and nothing was stored; read up to the trailer x-next-offset and decide anew",
  producer_gap:
    "appends before this one are missing, and nothing was stored; go on with the trailer producer-expected-seq",
  idempotency_mismatch:
    "another message was published with this idempotency_key, and nothing was stored; take a new key for a new message",
  payload_too_large: "the request is too large",
};

/** What a call ends with. */
export interface CallStatus {
  readonly code: Status;
  readonly details: string;
  readonly metadata: Metadata;
}

/** The status of a call that failed with `error`. */
export function statusOf(error: unknown): CallStatus {
  const code = errorCode(error);
  const metadata = new Metadata();
  for (const [name, value] of pairs(errorHeaders(error))) {
    if (name === RETRY_AFTER) metadata.set(TRY_AGAIN_MS, pushbackOf(code, value));
    else metadata.set(name, value);
  }
  // What is unexpected says no more than that: its cause goes to the log.
  const hasReason = ERROR_TABLE[code].reason !== undefined;
  const reason = givenReason(error) ?? REASONS[code] ?? ERROR_TABLE[code].reason;
  const details = hasReason && reason !== undefined ? `${errorText(code)}: ${reason}` : errorText(code);
  // Half a character, which the library cannot write.
  const text = details.replace(/\p{Surrogate}/gu, "\ufffd");
  return { code: STATUSES[code], details: text, metadata };
}

/** Libraries retry by themselves after so many milliseconds. Below 0 they do not: what was sent may be stored. */
function pushbackOf(code: Code, retryAfter: string): string {
  return code === "sync_failed" ? "-1" : String(Number(retryAfter) * MS_PER_SECOND);
}

function* pairs(headers: readonly string[]): Generator<[string, string]> {
  for (let i = 0; i < headers.length; i += 2) yield [headers[i]!, headers[i + 1]!];
}
