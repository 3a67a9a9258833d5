/** The headers in which an answer tells about its messages. */
import { NetlogClientError } from "./errors.ts";
import { fieldsOfAnswer } from "./fields.ts";
import type { MessageParts } from "./message.ts";

/** A whole number, as headers spell it. */
export const DIGITS: RegExp = /^\d+$/;

/** A whole number; `undefined` where there is none. */
export function headerNumber(headers: Headers, name: string): number | undefined {
  const text = headers.get(name);
  return text !== null && DIGITS.test(text) ? Number(text) : undefined;
}

/** What is only ever there as `true`. */
export function headerFlag(headers: Headers, name: string): boolean {
  return headers.get(name) === "true";
}

/** @throws unexpected_answer when it is missing: the answer is not netlog's, or a proxy dropped it. */
export function requireNumber(headers: Headers, name: string): number {
  const number = headerNumber(headers, name);
  if (number !== undefined) return number;
  throw new NetlogClientError("unexpected_answer", `the answer has no ${name}: is this a netlog server?`);
}

/** Reads a message from an answer whose body is its payload. */
export function messageParts(headers: Headers, payload: Uint8Array): MessageParts {
  return {
    offset: requireNumber(headers, "X-Offset"),
    timestamp: headers.get("X-Timestamp") ?? "",
    crc32: requireNumber(headers, "X-Crc32"),
    payload,
    ...fieldsOfAnswer(headers),
  };
}
