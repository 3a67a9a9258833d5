/** The answer to a request that failed, in NetLog's words; also to bytes that never become a request. */
import { isNetlogError, type NetlogError } from "../../lib/index.ts";
import { ERROR_TABLE, errorCode, errorText, HttpError } from "../wire/errors.ts";
import { jsonAnswer, type PlainAnswer } from "./answer.ts";

/**
 * The answer to a request that failed with `error`. `more` are further fields of its JSON, and `reason` is what is
 * known of it; without one the table's is given.
 */
export function errorAnswer(
  error: unknown,
  more: object = {},
  reason: string | undefined = givenReason(error),
): PlainAnswer {
  const code = errorCode(error);
  const row = ERROR_TABLE[code];
  const body: Record<string, unknown> = {
    ok: false,
    status: row.status,
    error: `netlog: ${errorText(code)}`,
  };
  if (row.reason !== undefined) body.reason = reason ?? row.reason;
  Object.assign(body, more);
  return { ...jsonAnswer(row.status, body, errorHeaders(error)), closes: row.closes === true };
}

/** The code of a failure, and what it tells beside its reason: name, value, … */
export function errorHeaders(error: unknown): string[] {
  const code = errorCode(error);
  const given = error instanceof HttpError ? error.headers : undefined;
  const headers = ["X-Netlog-Error", code, ...(given ?? ERROR_TABLE[code].headers ?? [])];
  if (isNetlogError(error)) headers.push(...detailHeaders(error.details));
  return headers;
}

/** What the error itself says. */
export function givenReason(error: unknown): string | undefined {
  return isNetlogError(error) || error instanceof HttpError ? error.reason : undefined;
}

function detailHeaders(details: NetlogError["details"]): string[] {
  const headers: string[] = [];
  if (details.firstOffset !== undefined) headers.push("X-First-Offset", String(details.firstOffset));
  if (details.offset !== undefined) headers.push("X-Offset", String(details.offset));
  if (details.nextOffset !== undefined) headers.push("X-Next-Offset", String(details.nextOffset));
  if (details.isMore === true) headers.push("X-More", "true");
  if (details.isClosed === true) headers.push("X-Closed", "true");
  if (details.expectedSeq !== undefined) headers.push("Producer-Expected-Seq", String(details.expectedSeq));
  if (details.receivedSeq !== undefined) headers.push("Producer-Received-Seq", String(details.receivedSeq));
  if (details.epoch !== undefined) headers.push("Producer-Epoch", String(details.epoch));
  return headers;
}
