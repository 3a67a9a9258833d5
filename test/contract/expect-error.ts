/** What every error of the contract looks like, to the byte. */
import { expect } from "vitest";
import type { Reply } from "./api.ts";

export type ErrorText =
  | "bad request"
  | "invalid offset"
  | "invalid duration"
  | "invalid compression type"
  | "invalid topic name"
  | "topic exists"
  | "unauthorized"
  | "forbidden"
  | "end of topic"
  | "topic not found"
  | "scanner not found"
  | "offset not found"
  | "not found"
  | "method not allowed"
  | "not acceptable"
  | "request timeout"
  | "resource busy"
  | "scanner exists"
  | "scanner without ack"
  | "lease lost"
  | "offset mismatch"
  | "producer gap"
  | "producer fenced"
  | "topic closed"
  | "idempotency mismatch"
  | "payload too large"
  | "unsupported media type"
  | "too many requests"
  | "headers too large"
  | "checksum error"
  | "unknown error"
  | "topic unavailable"
  | "shutting down"
  | "sync failed"
  | "storage full";

/** Statuses and texts as the contract has them; `true`: a reason comes with it. */
const ERRORS: Readonly<Record<ErrorText, readonly [status: number, hasReason: boolean]>> = {
  "bad request": [400, true],
  "invalid offset": [400, true],
  "invalid duration": [400, true],
  "invalid compression type": [400, true],
  "invalid topic name": [400, true],
  "topic exists": [400, false],
  unauthorized: [401, true],
  forbidden: [403, true],
  "end of topic": [404, false],
  "topic not found": [404, true],
  "scanner not found": [404, true],
  "offset not found": [404, true],
  "not found": [404, true],
  "method not allowed": [405, true],
  "not acceptable": [406, true],
  "request timeout": [408, true],
  "resource busy": [409, true],
  "scanner exists": [409, true],
  "scanner without ack": [409, true],
  "lease lost": [409, true],
  "offset mismatch": [409, true],
  "producer gap": [409, true],
  "producer fenced": [403, true],
  "topic closed": [409, true],
  "idempotency mismatch": [422, true],
  "payload too large": [413, true],
  "unsupported media type": [415, true],
  "too many requests": [429, true],
  "headers too large": [431, true],
  "checksum error": [500, false],
  "unknown error": [500, false],
  "topic unavailable": [503, true],
  "shutting down": [503, true],
  "sync failed": [503, true],
  "storage full": [507, true],
};

/** Decides status, headers and body; gives the reason, which is empty where there is none. */
export function expectError(reply: Pick<Reply, "status" | "headers" | "text">, text: ErrorText): string {
  const [status, hasReason] = ERRORS[text];
  expect(reply.text).toContain(`"error":"netlog: ${text}"`);
  const { reason, ...rest } = JSON.parse(reply.text) as Record<string, unknown>;
  expect(rest).toEqual({ ok: false, status, error: `netlog: ${text}` });
  const fields = { ok: false, status, error: `netlog: ${text}`, ...(hasReason ? { reason } : {}) };
  expect(reply.text).toBe(`${JSON.stringify(fields)}\n`);
  if (hasReason) expect(reason).toEqual(expect.stringMatching(/\S/));
  expect(reply.status).toBe(status);
  expect(reply.headers).toMatchObject({
    "content-type": "application/json; charset=utf-8",
    "content-length": String(Buffer.byteLength(reply.text)),
    "x-netlog-error": text.replaceAll(" ", "_"),
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
  });
  return hasReason ? String(reason) : "";
}
