/**
 * What a client can do next, for errors that say nothing of it themselves: the engine knows neither routes nor rights.
 * It is put together when such an error is answered, and names nothing but what the client sent and what it may read.
 */
import { isSafeName, NAME_RULE } from "../../lib/index.ts";
import type { Exchange } from "../http/exchange.ts";
import type { errorCode } from "../wire/errors.ts";
import { quoteSafely, withoutTokens } from "../wire/quote.ts";
import { isOwnPage, noRouteReason, shownPart, wrongMethodReason } from "./nearest-route.ts";

/** For an error of this code; `undefined` where the table of errors has all there is to say. */
export function adviceFor(exchange: Exchange, code: ReturnType<typeof errorCode>): string | undefined {
  switch (code) {
    case "topic_not_found":
      return missingTopic(exchange);
    case "scanner_not_found":
      return missingScanner(exchange);
    case "offset_not_found":
      return missingOffset(exchange);
    case "not_found":
      return noRouteReason(exchange.target.parts);
    case "method_not_allowed":
      return exchange.resource === undefined
        ? undefined
        : wrongMethodReason(exchange.request.method, exchange.resource, exchange.target.parts);
    case "unauthorized":
      return exchange.request.header("authorization") === undefined
        ? undefined
        : "the token is not valid: it is unknown, expired, revoked or has lost its right; use another one";
    case "resource_busy":
      return `the topic has scanners, which go with it: DELETE ${topicPath(exchange)}?force=true deletes it with them`;
    default:
      return undefined;
  }
}

function missingTopic(exchange: Exchange): string {
  const { topicName, context, request, grant } = exchange;
  const { topicNameLength } = context.limits;
  const shown = quoteSafely(topicName);
  if (!isSafeName(topicName, topicNameLength)) {
    return `${shown} is no name for a topic, which is 1 to ${topicNameLength} of ${NAME_RULE}`;
  }
  if (context.netlog.isTombstone(topicName)) {
    return `the topic ${shown} was deleted, and its name stays taken while it has forks; publish to another`;
  }
  if (request.method === "DELETE") return `there is no topic ${shown}; GET / lists the topics`;
  const own = isOwnPage(topicName) ? `; the server's own ${topicName} is at /-/${topicName}` : "";
  const who = grant.may("admin", topicName) ? "" : ", which takes a token with the right admin";
  return `there is no topic ${shown}; make it with POST ${topicPath(exchange)}${who}${own}`;
}

function missingScanner(exchange: Exchange): string {
  const { context, request } = exchange;
  // No scanner was looked for before this parameter had been read.
  const id = exchange.parameters().get("id") ?? "";
  const path = `POST ${topicPath(exchange)}/scanner`;
  if (id === "") return `id is missing: which scanner; ${path} makes one, and its answer has the id`;
  if (request.method === "DELETE") {
    return `there is no scanner ${quoteSafely(id)}; GET ${topicPath(exchange)}/scanner lists those of the topic`;
  }
  const name = isSafeName(id, context.limits.scannerNameLength) ? `?id=${withoutTokens(id)}` : "";
  return (
    `there is no scanner ${quoteSafely(id)}; make it with ${path}${name}. ` +
    "One that was made without persist=true ends with the server, and when it is not used"
  );
}

function missingOffset(exchange: Exchange): string | undefined {
  const offsets = readableOffsets(exchange);
  if (offsets === undefined) return undefined;
  const { start, end } = offsets;
  if (start === end) return `the topic holds no message; the next one gets the offset ${end}`;
  return `the first offset that is kept is ${start}, and ${end} is the next one to come; ask for one of these or between`;
}

/** `undefined` when the topic has gone meanwhile. */
function readableOffsets(exchange: Exchange): { readonly start: number; readonly end: number } | undefined {
  try {
    return exchange.requireTopic().readableOffsets;
  } catch {
    return undefined;
  }
}

function topicPath({ topicName }: Exchange): string {
  return `/${shownPart(topicName)}`;
}
