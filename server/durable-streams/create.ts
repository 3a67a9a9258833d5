/** `PUT`: makes a stream, or finds the one that is there, if it is of the same kind. */
import {
  durationMs,
  isJsonType,
  isNetlogError,
  MAX_DURATION_MS,
  parseDuration,
  parseTime,
  SECOND_MS,
  type Topic,
  type TopicStart,
} from "../../lib/index.ts";
import { lacksRight } from "../http/admission.ts";
import type { Answer } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import { badRequest, HttpError } from "../wire/errors.ts";
import { streamAnswerOf, tailHeaders } from "./answers.ts";
import { readCloses } from "./append-terms.ts";
import { isSameFork, makeFork, readFork, typeOfFork, type WantedFork } from "./fork.ts";
import { isSameType, typeOf, UNTYPED } from "./stream-type.ts";

/** Without a sign, leading zeros, fractions and exponents. */
const TTL = /^[1-9][0-9]{0,14}$/;
const TTL_MAX_SECONDS = MAX_DURATION_MS / SECOND_MS;

const TOMBSTONE = "the stream was deleted, and its name stays taken while it has forks; delete those first";

/** What the stream is to be. */
interface Wanted {
  readonly contentType: string;
  readonly ttl: string | undefined;
  /** As settings have it. */
  readonly expiresAt: string | undefined;
  readonly closes: boolean;
}

export async function createStream(exchange: Exchange): Promise<Answer> {
  const { request, topicName } = exchange;
  const { netlog } = exchange.context;
  if (readCloses(request) || request.declaredBytes !== 0) requireWrite(exchange);
  const body = await request.takeBody();
  const fork = readFork(exchange);
  const wanted = readWanted(exchange, fork === undefined ? UNTYPED : typeOfFork(exchange, fork));
  const start = startOf(body, wanted);
  try {
    const topic =
      fork === undefined
        ? await netlog.createTopic(topicName, settingsOf(wanted), start)
        : await makeFork(exchange, fork, wanted.contentType, endOf(wanted), start);
    return streamAnswerOf(topic, 201, [...tailHeaders(topic), "Location", locationOf(exchange)]);
  } catch (error) {
    if (!isNetlogError(error, "topic_exists")) throw error;
    if (netlog.isTombstone(topicName)) throw new HttpError("stream_exists", { reason: TOMBSTONE });
    const topic = netlog.topic(topicName);
    requireSame(topic, wanted, fork);
    return streamAnswerOf(topic, 200, tailHeaders(topic));
  }
}

/** Making a stream takes admin; its body and its end take write, too. A body of unknown length counts. @throws HttpError forbidden. */
function requireWrite({ grant, topicName }: Exchange): void {
  if (grant.may("write", topicName)) return;
  throw lacksRight("write", "this topic, which PUT needs with a body or with Stream-Closed");
}

/** The URL that the client called. */
function locationOf({ request, target, scheme }: Exchange): string {
  const path = request.url.slice(request.url.indexOf("/-/")).split("?", 1)[0] ?? "";
  const authority = target.authority ?? request.header("host") ?? "localhost";
  return `${scheme}://${authority}${path}`;
}

/** @throws bad_request. */
function readWanted({ request, context }: Exchange, defaultType: string): Wanted {
  const given = request.header("content-type")?.trim() ?? "";
  const ttl = request.header("stream-ttl");
  const expiresAt = request.header("stream-expires-at");
  if (ttl !== undefined && expiresAt !== undefined) {
    throw badRequest("Stream-TTL and Stream-Expires-At exclude each other; send one of them");
  }
  if (ttl !== undefined && (!TTL.test(ttl) || Number(ttl) > TTL_MAX_SECONDS)) {
    throw badRequest(
      `Stream-TTL takes a whole number of seconds from 1 to ${TTL_MAX_SECONDS}, in digits alone`,
    );
  }
  return {
    contentType: given === "" ? defaultType : given,
    ttl: ttl && `${ttl}s`,
    expiresAt: expiresAt === undefined ? undefined : readEnd(expiresAt, context.runtime.now()),
    closes: readCloses(request),
  };
}

/** @throws bad_request. */
function readEnd(expiresAt: string, nowMs: number): string {
  const timeMs = parseTime(expiresAt.toLowerCase());
  if (timeMs === undefined) {
    throw badRequest("Stream-Expires-At takes an RFC 3339 time, such as 2026-11-20T23:27:59Z");
  }
  if (timeMs > nowMs) return new Date(timeMs).toISOString();
  const now = new Date(nowMs).toISOString();
  throw badRequest(`Stream-Expires-At takes a time later than now, which is ${now}`);
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

/** The body is the first append; that of a stream of JSON may be an empty array, and then there is none. */
function startOf(body: Buffer, { contentType, closes }: Wanted): TopicStart {
  if (body.length === 0) return { closes };
  return { first: isJsonType(contentType) ? { jsonValues: body } : { payload: body }, closes };
}

/** @throws HttpError stream_exists. */
function requireSame(topic: Topic, wanted: Wanted, fork: WantedFork | undefined): void {
  const { contentType, ttl, expiresAt, closes } = wanted;
  const { settings } = topic;
  const inheritsEnd = fork !== undefined && ttl === undefined && expiresAt === undefined;
  const hasSameEnd = msOf(settings.ttl) === msOf(ttl) && settings.expires_at === expiresAt;
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
