/** `PUT`: makes a stream, or finds the one that is there, if it is of the same kind. */
import {
  countJsonValues,
  durationMs,
  forkEndOffset,
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
import { isSameFork, makeFork, readFork, typeOfFork, type WantedFork } from "./fork.ts";
import { isJson, isSameType, typeOf, UNTYPED } from "./stream-type.ts";

/** Without a sign, leading zeros, fractions and exponents. */
const TTL = /^[1-9][0-9]{0,14}$/;

const TOMBSTONE = "the stream was deleted, and its name stays taken while it has forks; delete those first";

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
  const fork = readFork(exchange);
  const wanted = readWanted(request, fork === undefined ? UNTYPED : typeOfFork(exchange, fork));
  const hasMessages = await checkBody(exchange, body, wanted.contentType);
  let topic: Topic;
  let isNew = true;
  try {
    topic =
      fork === undefined
        ? await netlog.createTopic(topicName, settingsOf(wanted))
        : await makeFork(exchange, fork, wanted.contentType, endOf(wanted));
  } catch (error) {
    if (!isNetlogError(error, "topic_exists")) throw error;
    if (netlog.isTombstone(topicName)) throw new HttpError("stream_exists", { reason: TOMBSTONE });
    topic = netlog.topic(topicName);
    isNew = false;
    requireSame(topic, wanted, fork);
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
function readWanted(request: Request, defaultType: string): Wanted {
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
  return {
    contentType: given === "" ? defaultType : given,
    ttl: ttl && `${ttl}s`,
    expiresAt,
    closes: readCloses(request),
  };
}

function settingsOf(wanted: Wanted): object {
  const { contentType } = wanted;
  return { ...(isSameType(contentType, UNTYPED) ? {} : { content_type: contentType }), ...endOf(wanted) };
}

/** Where it ends by itself. What a fork says none of is as in its source. */
function endOf({ ttl, expiresAt }: Wanted): object {
  return {
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
function requireSame(topic: Topic, wanted: Wanted, fork: WantedFork | undefined): void {
  const { contentType, ttl, expiresAt, closes } = wanted;
  const { settings } = topic;
  const inheritsEnd = fork !== undefined && ttl === undefined && expiresAt === undefined;
  const hasSameEnd = msOf(settings.ttl) === msOf(ttl) && timeOf(settings.expires_at) === timeOf(expiresAt);
  const isSame =
    isSameType(typeOf(topic), contentType) &&
    (inheritsEnd || hasSameEnd) &&
    isSameFork(topic, fork) &&
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
 * The body of the request that made the stream. A stream that has no message of its own yet may be one whose first append was lost
 * in a crash, and gets it now; any other has it, or others were faster.
 */
async function appendFirst(topic: Topic, body: Buffer, closes: boolean): Promise<void> {
  const { source } = topic.lineage;
  const expectedOffset = source === undefined ? 0 : forkEndOffset(source);
  if (topic.readableOffsets.end > expectedOffset) return;
  const terms = { expectedOffset, closes };
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
