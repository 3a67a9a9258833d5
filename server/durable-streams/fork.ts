/** Forks: what the headers of a `PUT` say of the stream that it forks, and of the place at which the fork leaves it. */
import { type ForkPlace, isNetlogError, NetlogError, type Topic, type TopicStart } from "../../lib/index.ts";
import type { Exchange } from "../http/exchange.ts";
import { badRequest, HttpError } from "../wire/errors.ts";
import { parseTarget } from "../wire/target.ts";
import { formatMessagePlace, type Place, parsePlace } from "./place.ts";
import { isStreamPath, requireSegments, topicNameOf } from "./stream-path.ts";
import { isJson, isSameType, typeOf } from "./stream-type.ts";

/** Without a sign, leading zeros, fractions and exponents. */
const COUNT = /^(?:0|[1-9][0-9]{0,14})$/;
/** The base of all streams, where the path of a source has none. */
const BASE = ["-", "streams"] as const;

export interface WantedFork {
  /** The source's topic. */
  readonly source: string;
  /** `undefined`: the source's end. */
  readonly place: Place | undefined;
  /** From there on so many messages more of a stream of JSON, and so many bytes more of any other. */
  readonly more: number;
}

/** `undefined`: a stream that is no fork. @throws bad_request, invalid_topic_name; HttpError forbidden. */
export function readFork(exchange: Exchange): WantedFork | undefined {
  const { request, grant } = exchange;
  const path = request.header("stream-forked-from");
  const offset = request.header("stream-fork-offset");
  const more = request.header("stream-fork-sub-offset");
  if (path === undefined) {
    if (offset === undefined && more === undefined) return undefined;
    throw badRequest(
      "Stream-Fork-Offset and Stream-Fork-Sub-Offset need Stream-Forked-From, the source's path",
    );
  }
  if (more !== undefined && !COUNT.test(more)) {
    throw badRequest("Stream-Fork-Sub-Offset takes a whole number from 0 on, in digits alone");
  }
  const source = topicOf(path);
  if (!grant.may("read", source)) {
    throw new HttpError("forbidden", { reason: `forking ${source} needs the right to read it` });
  }
  return {
    source,
    place: offset === undefined ? undefined : parseForkOffset(offset),
    more: Number(more ?? 0),
  };
}

/** The topic that Stream-Forked-From names; `undefined`: none, or it will be refused. */
export function sourceName(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return topicOf(path);
  } catch {
    return undefined;
  }
}

/** With the path that all streams have in front, or without it: the protocol speaks of paths within a service. */
function topicOf(path: string): string {
  if (!path.startsWith("/")) throw badRequest("Stream-Forked-From takes the path of a stream, from its / on");
  const { parts } = parseTarget(path);
  const whole = isStreamPath(parts) ? parts : [...BASE, ...parts];
  requireSegments(whole);
  return topicNameOf(whole);
}

function parseForkOffset(token: string): Place {
  try {
    return parsePlace(token);
  } catch {
    const from = formatMessagePlace(0);
    throw badRequest(`Stream-Fork-Offset takes what a Stream-Next-Offset said, or ${from} for the beginning`);
  }
}

/** The content type that the fork has, or would have. @throws as requireSource does. */
export function typeOfFork({ context: { netlog }, topicName }: Exchange, { source }: WantedFork): string {
  return typeOf(netlog.hasTopic(topicName) ? netlog.topic(topicName) : requireSource(netlog, source));
}

/** Makes the fork, which goes on with `start`; `contentType` is what the request asks for. @throws topic_exists, bad_request, HttpError. */
export async function makeFork(
  { context: { netlog }, topicName }: Exchange,
  fork: WantedFork,
  contentType: string,
  settings: object,
  start: TopicStart,
): Promise<Topic> {
  const { source } = fork;
  // A fork that is there already may have outlived its source.
  if (netlog.hasTopic(topicName) || netlog.isTombstone(topicName)) throw new NetlogError("topic_exists");
  const topic = requireSource(netlog, source);
  if (!isSameType(typeOf(topic), contentType)) {
    const reason = `the source is ${typeOf(topic)}, and a fork has its source's content type; leave Content-Type out`;
    throw new HttpError("content_type_mismatch", { reason });
  }
  try {
    return await netlog.forkTopic(topicName, { source, ...forkPlaceOf(fork, topic) }, settings, start);
  } catch (error) {
    if (!isNetlogError(error, "offset_not_found")) throw error;
    throw badRequest(error.reason ?? "the source has no such offset");
  }
}

/** @throws topic_not_found; resource_busy: it was deleted, and has forks. */
function requireSource(netlog: Exchange["context"]["netlog"], source: string): Topic {
  if (netlog.isTombstone(source)) {
    const reason = `${source} was deleted, and lives on in its forks alone; fork one of those`;
    throw new NetlogError("resource_busy", { reason });
  }
  try {
    return netlog.topic(source);
  } catch (error) {
    if (!isNetlogError(error, "topic_not_found")) throw error;
    const reason = "there is no stream of the path in Stream-Forked-From";
    throw new NetlogError("topic_not_found", { reason, cause: error });
  }
}

/** The engine's words for the place: nothing for the end. @throws bad_request. */
function forkPlaceOf({ place, more }: WantedFork, source: Topic): Partial<ForkPlace> {
  if (place === undefined) {
    if (more === 0) return {};
    throw badRequest("Stream-Fork-Sub-Offset goes on from Stream-Fork-Offset; nothing is behind the end");
  }
  const { message, byte } = place;
  return isJson(source) ? { offset: message + more, bytes: byte } : { offset: message, bytes: byte + more };
}

/** Whether `topic`, which is there, is the fork that is asked for; without one, whether it is no fork. */
export function isSameFork(topic: Topic, fork: WantedFork | undefined): boolean {
  const { source } = topic.lineage;
  if (fork === undefined || source === undefined) return fork === source;
  if (source.topic !== fork.source) return false;
  if (fork.place === undefined) return fork.more === 0;
  const { offset, bytes } = forkPlaceOf(fork, topic);
  return offset === source.offset && bytes === source.bytes;
}
