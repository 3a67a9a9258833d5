/** Handler of `GET /:topic/batch`: many messages in one answer, without a scanner. */

import type { FrameBounds, TopicCursor } from "../../lib/index.ts";
import { requireEncoding } from "../formats/encodings.ts";
import type { Format, FormatName } from "../formats/formats.ts";
import { type BodyBounds, MessageBody } from "../formats/message-body.ts";
import { negotiate, readFormatName } from "../formats/negotiate.ts";
import { type Answer, bodyAnswer, emptyAnswer } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import { messages } from "../openapi/bodies.ts";
import type { Operation } from "../openapi/operation.ts";
import { bodyMemory } from "./answer-memory.ts";
import { batchHeaders } from "./message-answers.ts";

const POSSIBLE: readonly FormatName[] = ["ndjson", "json", "lines", "frames"];

export const READ_BATCH: Operation = {
  handle: readBatch,
  id: "readBatch",
  tag: "messages",
  summary: "Many messages in one answer",
  query: ["from", "max", "max_bytes", "wait", "format"],
  success: {
    "200": {
      description: "Messages",
      content: messages(POSSIBLE),
      headers: ["X-Offset", "X-Next-Offset", "X-Count"],
    },
    "204": { description: "Nothing there before wait ended", headers: ["X-Next-Offset"] },
  },
  errors: ["invalid_duration", "offset_not_found", "not_acceptable", "checksum_error"],
};

/** Gives `undefined` when its wait was cancelled. */
async function readBatch(exchange: Exchange): Promise<Answer | undefined> {
  const topic = exchange.requireTopic();
  const { limits } = exchange.context;
  const parameters = exchange.parameters();
  const named = readFormatName(parameters);
  const bounds: BodyBounds = {
    max: parameters.count("max", limits.readMessages, limits.readMessagesMax),
    maxBytes: parameters.count("max_bytes", limits.readBytes, limits.readBytesMax),
  };
  const waitMs = parameters.duration("wait");
  const from = parameters.get("from") ?? "";
  parameters.finish();
  const offset = await topic.startOf(from);
  const format = negotiate(named, exchange.request.header("accept"), POSSIBLE);
  const cursor = topic.openCursor();
  const waited = await cursor.wait(offset, { waitMs, onWaiting: (cancel) => exchange.wait(cancel) });
  if (waited === "cancelled") return undefined;
  if (waited === "late") return emptyAnswer(204, ["X-Next-Offset", String(offset)]);
  if (format.name === "frames") {
    const maxBytes = Math.min(bounds.maxBytes, exchange.request.memory.spareBytes);
    const mayUse = (bytes: number): boolean => exchange.request.memory.mayHold(bytes);
    return await framesAnswer(cursor, offset, format, { maxMessages: bounds.max, maxBytes, mayUse });
  }
  const body = new MessageBody(requireEncoding(format.name), bounds, bodyMemory(exchange));
  try {
    const behindLast = await cursor.readMessages(offset, offset + bounds.max, (message) =>
      body.take(message),
    );
    const nextOffset = (await body.render()) ? behindLast : body.nextOffset;
    const headers = batchHeaders(offset, nextOffset, body.count);
    return bodyAnswer(format.contentType, body.close(), body.count, headers);
  } finally {
    body.release();
  }
}

/** The body lies in the cursor's own memory until it was sent. */
async function framesAnswer(
  cursor: TopicCursor,
  offset: number,
  { contentType }: Format,
  bounds: FrameBounds,
): Promise<Answer> {
  const run = await cursor.collectFrames(offset, bounds);
  const headers = batchHeaders(run.baseOffset, run.endOffset, run.endOffset - run.baseOffset);
  return bodyAnswer(contentType, [run.bytes], run.endOffset - run.baseOffset, headers, (handedOver) => {
    if (handedOver) cursor.release();
  });
}
