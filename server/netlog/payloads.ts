/** Handlers of single messages: publish one, read one. */
import {
  type Durability,
  isNetlogError,
  LONG_BYTES,
  type Message,
  type MessageFields,
  NetlogError,
  type NewMessage,
  PAYLOAD_HEADROOM_BYTES,
  type Published,
  type PublishOptions,
  type Topic,
} from "../../lib/index.ts";
import { type Answer, emptyAnswer } from "../http/answer.ts";
import { freeBody } from "../http/body-buffer.ts";
import type { Exchange } from "../http/exchange.ts";
import { bytes } from "../openapi/bodies.ts";
import type { Operation } from "../openapi/operation.ts";
import { isHeld } from "../wire/entity-tag.ts";
import { DIGITS, type Parameters } from "../wire/parameters.ts";
import { messageAnswer, unchangedAnswer } from "./message-answers.ts";
import { PUBLISH_ERRORS, readTerms, TERM_HEADERS, withTerms } from "./publish-terms.ts";
import { messageFields, readSentHeaders } from "./sent-headers.ts";

const CRC_DIGITS = 8;

export const PUBLISH: Operation = {
  handle: publishPayload,
  id: "publish",
  tag: "messages",
  summary: "Appends the body as one message",
  description: "The headers X-Meta-<name> and Ce-<name> are kept with the message, and so is Content-Type.",
  query: ["durability", "key", "expected_offset", "close"],
  requestHeaders: ["X-Key", "Traceparent", "Tracestate", ...TERM_HEADERS],
  body: { limit: "payloadBytes", content: { "*/*": bytes }, isRequired: true },
  success: { "201": { description: "Kept", headers: ["X-Offset", "X-Durability", "X-Duplicate"] } },
  errors: PUBLISH_ERRORS,
};

async function publishPayload(exchange: Exchange): Promise<Answer> {
  const topic = exchange.requireTopic();
  const parameters = exchange.parameters();
  const durability = durabilityParameter(parameters);
  const key = parameters.get("key");
  const { request, context } = exchange;
  const sent = readSentHeaders(request);
  const terms = readTerms(sent, parameters);
  parameters.finish();
  const fields = messageFields(request, sent, key);
  // Room for what stands before a long payload in the log, so that it is not copied.
  const { declaredBytes = Infinity } = request;
  const isLong = declaredBytes > LONG_BYTES || request.contentCoding !== undefined;
  const headroomBytes = isLong ? PAYLOAD_HEADROOM_BYTES : 0;
  const payload = await request.takeBody(headroomBytes);
  if (payload.length === 0) {
    throw new NetlogError("bad_request", { reason: "the body is empty; a message has at least one byte" });
  }
  const isSmall = payload.length <= context.limits.uncountedBytes;
  const isGiven = isLong && payload.length > LONG_BYTES;
  try {
    const message: NewMessage =
      fields === undefined && !isGiven
        ? { payload }
        : messageOf(payload, isGiven ? headroomBytes : 0, fields);
    const options: PublishOptions =
      terms === undefined ? { durability } : await withTerms(durability, terms, message, context);
    const isInPlaceAtOnce = terms === undefined || topic.judge.isReadyFor(options);
    const publishing = topic.publish(message, options);
    if (isSmall && isInPlaceAtOnce) request.letNextBegin();
    const published = await publishing;
    if (published.isDuplicate === true) context.traffic.duplicates += 1;
    return emptyAnswer(201, publishedHeaders(published));
  } finally {
    if (!isSmall && !isGiven) freeBody(payload);
  }
}

/** Spelled out: a copy of the fields by `...` takes longer than to check and encode them. */
function messageOf(payload: Buffer, headroomBytes: number, fields: MessageFields | undefined): NewMessage {
  return {
    payload,
    headroomBytes,
    key: fields?.key,
    contentType: fields?.contentType,
    headers: fields?.headers,
  };
}

/** What an answer tells of a publish. */
export type Answered = Pick<Published, "offset" | "durability" | "isDuplicate">;

/** What a publish answers, of one message or many. */
export function publishedHeaders({ offset, durability, isDuplicate }: Answered, count?: number): string[] {
  // The topic remembers of a producer's earlier appends only that they were there, not where.
  const headers = offset < 0 ? [] : ["X-Offset", String(offset)];
  if (count !== undefined) headers.push("X-Count", String(count));
  headers.push("X-Durability", durability);
  if (isDuplicate === true) headers.push("X-Duplicate", "true");
  return headers;
}

export const READ_PAYLOAD: Operation = {
  handle: readPayload,
  id: "readPayload",
  tag: "messages",
  summary: "The message at an offset, in any spelling",
  description: "With the Content-Type and the headers that it was sent with.",
  requestHeaders: ["If-None-Match"],
  success: {
    "200": {
      description: "The payload",
      content: { "*/*": bytes },
      headers: ["X-Offset", "X-Crc32", "X-Timestamp", "X-Key", "Traceparent", "Tracestate", "ETag"],
    },
    "304": { description: "The client has it; where the offset is a number", headers: ["ETag"] },
  },
  errors: ["invalid_offset", "offset_not_found", "end_of_topic", "checksum_error"],
};

async function readPayload(exchange: Exchange): Promise<Answer> {
  const topic = exchange.requireTopic();
  const { context } = exchange;
  exchange.parameters().finish();
  const spelling = exchange.target.parts[2] ?? "";
  if (spelling === "") {
    const reason =
      "the path ends before the offset: /:topic/payload/ and a number, first, last, end, 1h or a time";
    throw new NetlogError("invalid_offset", { reason });
  }
  const message = await readMessage(topic, await topic.resolveOffset(spelling));
  if (!DIGITS.test(spelling)) return messageAnswer(message, context);
  const tag = messageTag(topic, message);
  return isHeld(tag, exchange.request.header("if-none-match"))
    ? unchangedAnswer(tag)
    : messageAnswer(message, context, tag);
}

/**
 * Another message of this number has another tag: the topic may have been deleted and made again, and in a `written`
 * one a power cut may take the number back, which is then given again.
 */
function messageTag({ id }: Topic, { offset, crc32 }: Message): string {
  return `"${id}:${offset}:${crc32.toString(16).padStart(CRC_DIGITS, "0")}"`;
}

/** @throws what Topic.message throws; end_of_topic for the offset to be written next, where nothing is yet. */
async function readMessage(topic: Topic, offset: number): Promise<Message> {
  try {
    return await topic.message(offset);
  } catch (error) {
    const isMissing = isNetlogError(error, "offset_not_found") && error.details.firstOffset === undefined;
    if (!isMissing || offset < 0 || offset > (await topic.resolveOffset("end"))) throw error;
    throw new NetlogError("end_of_topic", { cause: error });
  }
}

/** `durability=`, for one request. @throws bad_request. */
export function durabilityParameter(parameters: Parameters): Durability | undefined {
  const durability = parameters.get("durability");
  if (durability === undefined || durability === "written" || durability === "synced") return durability;
  throw new NetlogError("bad_request", { reason: "durability takes written or synced" });
}
