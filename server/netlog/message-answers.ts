/** Answers that hold messages, and what their headers tell of them. */
import type { Delivery, Message } from "../../lib/index.ts";
import { type Answer, NO_SNIFF, NO_STORE, wholeHeaders } from "../http/answer.ts";
import { formatTime } from "../wire/time.ts";

/** May be kept for one user, and has to be asked for again each time: see messageTag. */
const REVALIDATED: readonly string[] = ["Cache-Control", "private, no-cache"];

/** A message's payload; with a tag caches may keep it. */
export function messageAnswer(message: Message, tag?: string): Answer {
  const headers = messageHeaders(message, tag === undefined ? NO_STORE : REVALIDATED);
  if (tag !== undefined) headers.push("ETag", tag);
  return { kind: "messages", status: 200, headers, body: message.payload, messageCount: 1 };
}

/** The client has the message of this tag. */
export function unchangedAnswer(tag: string): Answer {
  return { kind: "plain", status: 304, headers: [...NO_SNIFF, ...REVALIDATED, "ETag", tag], body: "" };
}

/** The answer of a scan, which tells the scanner whether it arrived. */
export function deliveryAnswer(delivery: Delivery): Answer {
  const headers = messageHeaders(delivery.message, NO_STORE);
  if (delivery.skipped > 0) headers.push("X-Skipped", String(delivery.skipped));
  if (delivery.lease !== undefined) headers.push(...leaseHeaders(delivery.message.delivery, delivery.lease));
  return {
    kind: "delivery",
    status: 200,
    headers,
    body: delivery.message.payload,
    messageCount: 1,
    settle: (handedOver) => delivery.settle(handedOver),
  };
}

/** What a client needs to acknowledge; `delivery` is the first message's. A scanner that leases nothing has none. */
export function leaseHeaders(delivery: number | undefined, lease: string | undefined): string[] {
  const headers: string[] = [];
  if (delivery !== undefined) headers.push("X-Delivery", String(delivery));
  if (lease !== undefined) headers.push("X-Lease", lease);
  return headers;
}

function messageHeaders(message: Message, caching: readonly string[]): string[] {
  const { payload, offset, crc32, timestampMs } = message;
  const more = ["X-Offset", String(offset), "X-Crc32", String(crc32), "X-Timestamp", formatTime(timestampMs)];
  return wholeHeaders("application/octet-stream", payload.length, more, caching);
}

/** The headers of an answer that holds messages from `offset` to `nextOffset`. */
export function batchHeaders(offset: number, nextOffset: number, messageCount: number): string[] {
  return ["X-Offset", String(offset), "X-Next-Offset", String(nextOffset), "X-Count", String(messageCount)];
}
