/** `PUT`: makes a stream, or finds the one that is there, if it is of the same kind. */
import {
  countJsonValues,
  durationMs,
  isJsonType,
  isNetlogError,
  NetlogError,
  parseDuration,
  type Topic,
} from "../../lib/index.ts";
import type { Answer } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Request } from "../http/request.ts";
import { HttpError } from "../wire/errors.ts";
import { streamAnswerOf, tailHeaders } from "./answers.ts";
import { readCloses } from "./append-terms.ts";
import { isJson, isSameType, typeOf, UNTYPED } from "./stream-type.ts";

/** Without a sign, leading zeros, fractions and exponents. */
const TTL = /^[1-9][0-9]{0,14}$/;

/** What the stream is to be. */
interface Wanted {
  readonly contentType: string;
  readonly ttl: string | undefined;
  readonly expiresAt: string | undefined;
  readonly closes: boolean;
}

export async function createStream(exchange: Exchange): Promise<Answer> {
  const { request, context, topicName } = exchange;
  const { netlog } = context;
  const body = await request.takeBody();
  const wanted = readWanted(request);
  const hasMessages = await checkBody(exchange, body, wanted.contentType);
  let topic: Topic;
  let isNew = true;
  try {
    topic = await netlog.createTopic(topicName, settingsOf(wanted));
  } catch (error) {
    if (!isNetlogError(error, "topic_exists")) throw error;
    topic = netlog.topic(topicName);
    isNew = false;
    requireSame(topic, wanted);
  }
  if (hasMessages) await appendFirst(topic, body, wanted.closes);
  else if (isNew && wanted.closes) await topic.closeForGood();
  return answerOf(exchange, topic, isNew);
}

function answerOf(exchange: Exchange, topic: Topic, isNew: boolean): Answer {
  const headers = tailHeaders(topic);
  if (isNew) headers.push("Location", locationOf(exchange));
  return streamAnswerOf(topic, isNew ? 201 : 200, headers);
}

/** The URL that the client called. */
function locationOf({ request, target, context }: Exchange): string {
  const path = request.url.slice(request.url.indexOf("/-/")).split("?", 1)[0] ?? "";
  const authority = target.authority ?? request.header("host") ?? "localhost";
  return `${context.gate.isSecure ? "https" : "http"}://${authority}${path}`;
}

/** @throws bad_request. */
function readWanted(request: Request): Wanted {
  const given = request.header("content-type")?.trim() ?? "";
  const ttl = request.header("stream-ttl");
  const expiresAt = request.header("stream-expires-at");
  if (ttl !== undefined && expiresAt !== undefined) {
    throw badRequest("Stream-TTL and Stream-Expires-At exclude each other; send one of them");
  }
  if (ttl !== undefined && !TTL.test(ttl)) {
    throw badRequest("Stream-TTL takes a whole number of seconds from 1 on, in digits alone");
  }
  if (expiresAt === "") throw badRequest("Stream-Expires-At takes an RFC 3339 time");
  if (request.header("stream-forked-from") !== undefined) {
    throw badRequest("streams cannot be forked here; leave Stream-Forked-From out, and copy what is needed");
  }
  return {
    contentType: given === "" ? UNTYPED : given,
    ttl: ttl && `${ttl}s`,
    expiresAt,
    closes: readCloses(request),
  };
}

function settingsOf({ contentType, ttl, expiresAt }: Wanted): object {
  return {
    ...(isSameType(contentType, UNTYPED) ? {} : { content_type: contentType }),
    ...(ttl === undefined ? {} : { ttl }),
    ...(expiresAt === undefined ? {} : { expires_at: expiresAt }),
  };
}

/** Whether there is a first append in the body: an empty array has none. @throws bad_request: the stream would not take it. */
async function checkBody({ context }: Exchange, body: Buffer, contentType: string): Promise<boolean> {
  if (body.length === 0 || !isJsonType(contentType)) return body.length > 0;
  return (await countJsonValues(body, context.limits, () => context.runtime.pause())) > 0;
}

/** @throws HttpError stream_exists. */
function requireSame(topic: Topic, { contentType, ttl, expiresAt, closes }: Wanted): void {
  const { settings } = topic;
  const isSame =
    isSameType(typeOf(topic), contentType) &&
    msOf(settings.ttl) === msOf(ttl) &&
    timeOf(settings.expires_at) === timeOf(expiresAt) &&
    topic.isClosed === closes;
  if (!isSame) throw new HttpError("stream_exists");
}

function msOf(duration: string | undefined): number | undefined {
  return duration === undefined ? undefined : durationMs(parseDuration(duration));
}

function timeOf(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time);
}

/**
 * The body of the request that made the stream. A stream that has no message yet may be one whose first append was lost
 * in a crash, and gets it now; any other has it, or others were faster.
 */
async function appendFirst(topic: Topic, body: Buffer, closes: boolean): Promise<void> {
  if (topic.readableOffsets.end > 0) return;
  const terms = { expectedOffset: 0, closes };
  try {
    const batch = isJson(topic) ? await topic.batches.parseValues(body) : undefined;
    if (batch === undefined) await topic.publish({ payload: body }, terms);
    else await topic.publishBatch(batch, terms);
  } catch (error) {
    if (!isNetlogError(error, "offset_mismatch")) throw error;
  }
}

function badRequest(reason: string): NetlogError {
  return new NetlogError("bad_request", { reason });
}
