/** Answers that hold messages, and what their headers tell of them. */
import {
  answerableFields,
  type Delivery,
  fieldsOf,
  type Message,
  type MessageFields,
  spellKey,
} from "../../lib/index.ts";
import { type Answer, HARMLESS, NO_SNIFF, NO_STORE } from "../http/answer.ts";
import type { ServerContext } from "../http/context.ts";
import type { Limits } from "../http/limits.ts";
import { formatTime } from "../wire/time.ts";

/** May be kept for one user, and has to be asked for again each time: see messageTag. */
const REVALIDATED: readonly string[] = ["Cache-Control", "private, no-cache"];
/** A page of another origin does not get a payload as an image or a script, unless the server is there for other origins. */
const HARMLESS_AND_OWN: readonly string[] = [...HARMLESS, "Cross-Origin-Resource-Policy", "same-origin"];
const UNTYPED = "application/octet-stream";

/** A message's payload; with a tag caches may keep it. */
export function messageAnswer(message: Message, context: ServerContext, tag?: string): Answer {
  const headers = messageHeaders(message, context, tag === undefined ? NO_STORE : REVALIDATED);
  if (tag !== undefined) headers.push("ETag", tag);
  return { kind: "messages", status: 200, headers, body: message.payload, messageCount: 1 };
}

/** The client has the message of this tag. */
export function unchangedAnswer(tag: string): Answer {
  return { kind: "plain", status: 304, headers: [...NO_SNIFF, ...REVALIDATED, "ETag", tag], body: "" };
}

/** The answer of a scan, which tells the scanner whether it arrived. */
export function deliveryAnswer(delivery: Delivery, context: ServerContext): Answer {
  const headers = messageHeaders(delivery.message, context, NO_STORE);
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

function messageHeaders(
  message: Message,
  { gate, limits }: ServerContext,
  caching: readonly string[],
): string[] {
  const { payload, offset, crc32, timestampMs } = message;
  const fields = answeredFields(message, limits);
  const headers = [
    ...(gate.hasAllowedOrigins ? HARMLESS : HARMLESS_AND_OWN),
    ...caching,
    "Content-Type",
    fields?.contentType ?? UNTYPED,
    "Content-Length",
    String(payload.length),
    "X-Offset",
    String(offset),
    "X-Crc32",
    String(crc32),
    "X-Timestamp",
    formatTime(timestampMs),
  ];
  if (fields?.key !== undefined) headers.push("X-Key", spellKey(fields.key));
  if (fields?.headers !== undefined) headers.push(...fields.headers.flat());
  return headers;
}

/** Those that headers can carry; most messages have none. */
function answeredFields(message: Message, limits: Limits): MessageFields | undefined {
  const fields = fieldsOf(message);
  return fields === undefined ? undefined : answerableFields(fields, limits);
}

/** The headers of an answer that holds messages from `offset` to `nextOffset`. */
export function batchHeaders(offset: number, nextOffset: number, messageCount: number): string[] {
  return ["X-Offset", String(offset), "X-Next-Offset", String(nextOffset), "X-Count", String(messageCount)];
}
