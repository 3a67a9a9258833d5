/** `GET`: what there is of a stream, at once or as soon as something comes. event-stream.ts has it for as long as it comes. */
import { NetlogError, type Runtime, type Topic, type TopicCursor } from "../../lib/index.ts";
import { type Answer, type AnyAnswer, emptyAnswer, HARMLESS } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import { isHeld } from "../wire/entity-tag.ts";
import { HttpError } from "../wire/errors.ts";
import { CLOSED, nextOffset, UP_TO_DATE } from "./answers.ts";
import { streamEvents } from "./event-stream.ts";
import { type Page, readPage } from "./page.ts";
import { formatPlace, invalidPlace, type Place, parsePlace } from "./place.ts";
import { nextCursor } from "./stream-cursor.ts";
import { isJson, isText, typeOf } from "./stream-type.ts";
import { wholeCharacters } from "./whole-text.ts";

/** Data does not change behind its token, so a browser may show it again without asking. */
const CACHED: readonly string[] = [
  "Cache-Control",
  "private, max-age=60, stale-while-revalidate=300",
  "Vary",
  "Authorization",
];
/** Nothing is behind the token yet, and the next moment may bring something. */
const ASKED_ANEW: readonly string[] = ["Cache-Control", "private, no-cache", "Vary", "Authorization"];
const NO_STORE: readonly string[] = ["Cache-Control", "no-store"];

/** Live modes, as the parameter has them. */
type Live = "long-poll" | "sse";

export interface ReadRequest {
  /** `now`, or where to begin as the client spelled it. */
  readonly asked: string;
  readonly live: Live | undefined;
  /** The client's own, which it had from an earlier answer. */
  readonly cursor: string | undefined;
}

/** Gives `undefined` when its wait was cancelled. */
export async function readStream(exchange: Exchange): Promise<AnyAnswer | undefined> {
  const topic = exchange.requireTopic();
  const request = readRequest(exchange);
  const cursor = topic.openCursor();
  const start = startOf(request.asked, topic, cursor);
  if (request.live === "sse")
    return await streamEvents(exchange, topic, { cursor, start, echoed: request.cursor });
  if (request.live === "long-poll") return await longPoll(exchange, topic, cursor, start, request);
  if (request.asked === "now") return answerOfNow(topic, start);
  return await answerOfPage(exchange, topic, cursor, start, []);
}

/** @throws bad_request. */
function readRequest(exchange: Exchange): ReadRequest {
  const parameters = exchange.parameters();
  const asked = parameters.get("offset");
  const live = parameters.get("live");
  const cursor = parameters.get("cursor");
  parameters.finish();
  if (live !== undefined && live !== "long-poll" && live !== "sse") {
    throw new NetlogError("bad_request", { reason: "live takes long-poll or sse" });
  }
  if (asked === undefined && live !== undefined) {
    throw new NetlogError("bad_request", {
      reason: "offset is missing: live takes -1, now, or an earlier Stream-Next-Offset",
    });
  }
  return { asked: asked ?? "-1", live, cursor };
}

/** @throws invalid_offset; HttpError gone: retention has dropped it. */
function startOf(asked: string, topic: Topic, cursor: TopicCursor): Place {
  if (asked === "-1") return { message: cursor.startOffset, byte: 0 };
  if (asked === "now") return { message: cursor.endOffset, byte: 0 };
  const place = parsePlace(asked);
  const { start, end } = topic.readableOffsets;
  if (place.message < start) {
    // The token in front of everything is the beginning, for as long as that has not been dropped.
    throw new HttpError("gone", { headers: ["X-First-Offset", String(start)] });
  }
  if (place.message < end || (place.message === end && place.byte === 0)) return place;
  throw invalidPlace("offset is beyond the end of the stream, which may have been made anew; read from -1");
}

async function longPoll(
  exchange: Exchange,
  topic: Topic,
  cursor: TopicCursor,
  start: Place,
  { cursor: echoed }: ReadRequest,
): Promise<Answer | undefined> {
  const { runtime, limits } = exchange.context;
  const waited = await cursor.wait(start.message, {
    waitMs: limits.longPollMs,
    onWaiting: (cancel) => exchange.wait(cancel),
  });
  if (waited === "cancelled") return undefined;
  const own = ["Stream-Cursor", String(nextCursor(runtime, echoed))];
  if (waited === "readable") return await answerOfPage(exchange, topic, cursor, start, own);
  const headers = [...nextOffset(start), ...UP_TO_DATE, ...own];
  if (waited === "closed") headers.push(...CLOSED);
  return emptyAnswer(204, headers);
}

/** Nothing of what there is, and where it ends. */
function answerOfNow(topic: Topic, tail: Place): Answer {
  const body = isJson(topic) ? "[]" : "";
  const headers = [
    ...HARMLESS,
    ...NO_STORE,
    ...bodyHeaders(topic, body.length),
    ...nextOffset(tail),
    ...UP_TO_DATE,
  ];
  if (topic.isClosed && tail.message === topic.readableEnd) headers.push(...CLOSED);
  return { kind: "plain", status: 200, headers, body };
}

async function answerOfPage(
  exchange: Exchange,
  topic: Topic,
  cursor: TopicCursor,
  start: Place,
  more: readonly string[],
): Promise<Answer> {
  const { request, context } = exchange;
  const page = await readPage(cursor, start, isJson(topic), {
    maxBytes: context.limits.streamPageBytes,
    mayUse: (size) => request.memory.mayHold(size),
  });
  const { bytes, messageCount, next } = wholePageOf(topic, page, cursor);
  const isUpToDate = next.byte === 0 && next.message >= cursor.endOffset;
  const isAtEnd = isUpToDate && cursor.closedAt === next.message;
  const tag = tagOf(topic, start, next, isAtEnd, context.runtime);
  const caching = messageCount === 0 && !isAtEnd ? ASKED_ANEW : CACHED;
  const headers = [...HARMLESS, ...caching, "ETag", tag, ...nextOffset(next), ...more];
  if (isUpToDate) headers.push(...UP_TO_DATE);
  if (isAtEnd) headers.push(...CLOSED);
  if (isHeld(tag, request.header("if-none-match"))) return { kind: "plain", status: 304, headers, body: "" };
  headers.push(...bodyHeaders(topic, bytes.length));
  return { kind: "messages", status: 200, headers, body: bytes, messageCount };
}

/** A page of text that more follows ends with a whole character, for clients decode each page by itself. */
function wholePageOf(topic: Topic, page: Page, { endOffset }: TopicCursor): Page {
  const isLast = page.next.byte === 0 && page.next.message >= endOffset;
  if (isLast || isJson(topic) || !isText(topic)) return page;
  const whole = wholeCharacters(page);
  return whole.bytes.length > 0 ? whole : page;
}

function bodyHeaders(topic: Topic, sizeBytes: number): string[] {
  return ["Content-Type", typeOf(topic), "Content-Length", String(sizeBytes)];
}

/** A mark of each opening of a topic: a loss of power may take messages back, and others get their offsets then. */
const openings = new WeakMap<Topic, string>();

function tagOf(
  topic: Topic,
  start: Place,
  next: Place,
  isAtEnd: boolean,
  runtime: Pick<Runtime, "randomId">,
): string {
  let tag = `"${topic.id}:${formatPlace(start)}:${formatPlace(next)}`;
  if (isAtEnd) tag += ":c";
  if (topic.settings.durability === "written") {
    let opening = openings.get(topic);
    if (opening === undefined) {
      opening = runtime.randomId();
      openings.set(topic, opening);
    }
    tag += `:${opening}`;
  }
  return `${tag}"`;
}
