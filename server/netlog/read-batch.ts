/** Handler of `GET /:topic/batch`: many messages in one answer, without a scanner. */
import type { Message, Taken, TopicCursor } from "../../lib/index.ts";
import { requireEncoding } from "../formats/encodings.ts";
import type { Format, FormatName } from "../formats/formats.ts";
import { type BodyBounds, MessageBody } from "../formats/message-body.ts";
import { negotiate, readFormatName } from "../formats/negotiate.ts";
import { type Answer, bodyAnswer, emptyAnswer } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Limits } from "../http/limits.ts";
import { messages } from "../openapi/bodies.ts";
import type { Operation } from "../openapi/operation.ts";
import type { Parameters } from "../wire/parameters.ts";
import { bodyMemory } from "./answer-memory.ts";
import { batchHeaders } from "./message-answers.ts";

/** A frame holds messages of any key. */
const KEYED: readonly FormatName[] = ["ndjson", "json", "lines"];
const POSSIBLE: readonly FormatName[] = [...KEYED, "frames"];

export const READ_BATCH: Operation = {
  handle: readBatch,
  id: "readBatch",
  tag: "messages",
  summary: "Many messages in one answer",
  query: ["from", "max", "max_bytes", "wait", "format", "key"],
  success: {
    "200": {
      description: "Messages",
      content: messages(POSSIBLE),
      headers: ["X-Offset", "X-Next-Offset", "X-Count"],
    },
    "204": {
      description: "Nothing there before wait ended",
      headers: ["X-Next-Offset", "X-More", "X-Closed"],
    },
  },
  errors: ["invalid_duration", "offset_not_found", "not_acceptable", "checksum_error"],
};

interface BatchRequest {
  readonly named: FormatName | undefined;
  readonly bounds: BodyBounds;
  readonly waitMs: number;
  readonly from: string;
  readonly keys: readonly string[];
}

/** Gives `undefined` when its wait was cancelled. */
async function readBatch(exchange: Exchange): Promise<Answer | undefined> {
  const topic = exchange.requireTopic();
  const request = readRequest(exchange.parameters(), exchange.context.limits);
  const cursor = topic.openCursor(request.keys);
  const offset = await topic.startOf(request.from);
  const possible = request.keys.length === 0 ? POSSIBLE : KEYED;
  const format = negotiate(request.named, exchange.request.header("accept"), possible);
  const answer = format.name === "frames" ? framesAnswer : messagesAnswer;
  return await answer(exchange, cursor, offset, { ...request, format });
}

function readRequest(parameters: Parameters, limits: Limits): BatchRequest {
  const named = readFormatName(parameters);
  const bounds: BodyBounds = {
    max: parameters.count("max", limits.readMessages, limits.readMessagesMax),
    maxBytes: parameters.count("max_bytes", limits.readBytes, limits.readBytesMax),
  };
  const waitMs = parameters.duration("wait");
  const from = parameters.get("from") ?? "";
  const keys = parameters.all("key");
  parameters.finish();
  return { named, bounds, waitMs, from, keys };
}

interface FormattedRequest extends BatchRequest {
  readonly format: Format;
}

/** What is read by key is looked for until there is one, the time is over, or one call has looked at enough. */
async function messagesAnswer(
  exchange: Exchange,
  cursor: TopicCursor,
  from: number,
  { bounds, waitMs, format }: FormattedRequest,
): Promise<Answer | undefined> {
  const body = new MessageBody(requireEncoding(format.name), bounds, bodyMemory(exchange));
  let first: number | undefined;
  const take = (message: Message): Taken => {
    if (!body.take(message)) return false;
    first ??= message.offset;
    return body.isFull ? "last" : true;
  };
  const patience = new Patience(exchange, waitMs);
  let offset = from;
  try {
    do {
      const waited = await patience.wait(cursor, offset);
      if (waited === "cancelled") return undefined;
      if (waited !== "readable") break;
      offset = await cursor.readMessages(offset, Number.POSITIVE_INFINITY, take);
    } while (first === undefined && !cursor.hasMore);
    if (first === undefined) return nothingAnswer(offset, cursor);
    const nextOffset = (await body.render()) ? offset : body.nextOffset;
    const headers = batchHeaders(first, nextOffset, body.count);
    return bodyAnswer(format.contentType, body.close(), body.count, headers);
  } finally {
    body.release();
  }
}

/** The body lies in the cursor's own memory until it was sent. */
async function framesAnswer(
  exchange: Exchange,
  cursor: TopicCursor,
  offset: number,
  { bounds, waitMs, format }: FormattedRequest,
): Promise<Answer | undefined> {
  const waited = await new Patience(exchange, waitMs).wait(cursor, offset);
  if (waited === "cancelled") return undefined;
  if (waited !== "readable") return nothingAnswer(offset, cursor);
  const { memory } = exchange.request;
  const maxBytes = Math.min(bounds.maxBytes, memory.spareBytes);
  const mayUse = (bytes: number): boolean => memory.mayHold(bytes);
  const run = await cursor.collectFrames(offset, { maxMessages: bounds.max, maxBytes, mayUse });
  const headers = batchHeaders(run.baseOffset, run.endOffset, run.endOffset - run.baseOffset);
  return bodyAnswer(
    format.contentType,
    [run.bytes],
    run.endOffset - run.baseOffset,
    headers,
    (handedOver) => {
      if (handedOver) cursor.release();
    },
  );
}

/** Says whether there may be something behind `nextOffset`, or never will be. */
function nothingAnswer(nextOffset: number, { hasMore, closedAt }: TopicCursor): Answer {
  const headers = ["X-Next-Offset", String(nextOffset)];
  if (hasMore) headers.push("X-More", "true");
  if (closedAt === nextOffset) headers.push("X-Closed", "true");
  return emptyAnswer(204, headers);
}

/** The time that a request has for all its waits together. */
class Patience {
  readonly #exchange: Exchange;
  readonly #waitMs: number;
  #cancel: (() => void) | undefined;
  #isCancelled = false;

  constructor(exchange: Exchange, waitMs: number) {
    this.#exchange = exchange;
    this.#waitMs = waitMs;
  }

  /** Waits until `offset` can be read. */
  wait(cursor: TopicCursor, offset: number): ReturnType<TopicCursor["wait"]> {
    const { startedAtMs, context } = this.#exchange;
    const passedMs = this.#cancel === undefined ? 0 : context.runtime.elapsedMs() - startedAtMs;
    return cursor.wait(offset, { waitMs: this.#waitMs - passedMs, onWaiting: this.#begin });
  }

  /** To the server it is one wait, however often it begins. */
  readonly #begin = (cancel: () => void): void => {
    const isFirst = this.#cancel === undefined;
    this.#cancel = cancel;
    if (this.#isCancelled) cancel();
    else if (isFirst) this.#exchange.wait(this.#end);
  };

  readonly #end = (): void => {
    this.#isCancelled = true;
    this.#cancel?.();
  };
}
