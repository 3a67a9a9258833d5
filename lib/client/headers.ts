/** The headers in which an answer tells about its messages. */
import { NetlogClientError } from "./errors.ts";
import type { MessageFields } from "./message.ts";

/** A whole number; `undefined` where there is none. */
export function headerNumber(headers: Headers, name: string): number | undefined {
  const text = headers.get(name);
  return text !== null && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** @throws unexpected_answer when it is missing: the answer is not netlog's, or a proxy dropped it. */
export function requireNumber(headers: Headers, name: string): number {
  const number = headerNumber(headers, name);
  if (number !== undefined) return number;
  throw new NetlogClientError("unexpected_answer", `the answer has no ${name}: is this a netlog server?`);
}

/** Of an answer whose body is the payload of one message. */
export function messageFields(headers: Headers, payload: Uint8Array): MessageFields {
  return {
    offset: requireNumber(headers, "X-Offset"),
    timestamp: headers.get("X-Timestamp") ?? "",
    crc32: requireNumber(headers, "X-Crc32"),
    payload,
  };
}
