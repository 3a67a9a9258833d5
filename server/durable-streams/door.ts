/** The second front door: topics as streams of the Durable Streams protocol, under `/-/streams/<path>`. */
import { isNetlogError, type NetlogError } from "../../lib/index.ts";
import type { Door } from "../http/door.ts";
import { errorAnswer, givenReason } from "../http/error-answer.ts";
import type { Exchange } from "../http/exchange.ts";
import { HttpError } from "../wire/errors.ts";
import { CLOSED } from "./answers.ts";
import { sourceName } from "./fork.ts";
import { formatMessagePlace } from "./place.ts";
import { STREAM, STREAM_ALLOW } from "./routes.ts";
import { isStreamPath, segmentsOf, topicNameOf } from "./stream-path.ts";

export const streamsDoor: Door = {
  allow: STREAM_ALLOW,
  owns: isStreamPath,
  find: ({ target }) => (segmentsOf(target.parts) === undefined ? undefined : STREAM),
  topicNameOf,
  sourceOf: ({ request }) =>
    request.method === "PUT" ? sourceName(request.header("stream-forked-from")) : undefined,
  headersOf: ({ gate }) => [
    "Cross-Origin-Resource-Policy",
    gate.hasAllowedOrigins ? "cross-origin" : "same-origin",
  ],
  errorAnswer(exchange, thrown, headers) {
    const error = goneWithForks(exchange, thrown);
    const answer = errorAnswer(error, exchange.failureFields, reasonOf(error));
    answer.headers.push(...headers);
    if (isNetlogError(error)) answer.headers.push(...placeHeaders(error));
    return answer;
  },
};

/** A stream that was deleted, and has forks, is gone; to all other doors there is no such topic. */
function goneWithForks({ context, topicName, request }: Exchange, error: unknown): unknown {
  const isGone =
    isNetlogError(error, "topic_not_found") &&
    request.method !== "PUT" &&
    context.netlog.isTombstone(topicName);
  if (!isGone) return error;
  return new HttpError("gone", {
    reason: "the stream was deleted, and lives on in its forks alone; read those",
  });
}

/** What the engine says of a topic, in the words of streams. */
function reasonOf(error: unknown): string | undefined {
  const given = givenReason(error);
  if (given !== undefined) return given;
  if (isNetlogError(error, "topic_not_found")) return "there is no stream of this path; make it with PUT";
  if (isNetlogError(error, "resource_busy")) {
    return "the topic has scanners, which go with it; DELETE with force=true deletes it with them";
  }
  return undefined;
}

/** Where to go on: at the end of a closed stream, and behind damage. */
function placeHeaders({ code, details: { nextOffset } }: NetlogError): string[] {
  const headers = nextOffset === undefined ? [] : ["Stream-Next-Offset", formatMessagePlace(nextOffset)];
  if (code === "topic_closed") headers.push(...CLOSED);
  return headers;
}
