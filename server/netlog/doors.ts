/** NetLog's own two doors: the topics, and beside them the pages of the server itself, which are under `/-/`. */
import { TO_CONSOLE, wantsConsole } from "../console/door.ts";
import { type Answer, textAnswer } from "../http/answer.ts";
import type { Door } from "../http/door.ts";
import { errorAnswer, givenReason } from "../http/error-answer.ts";
import type { Exchange } from "../http/exchange.ts";
import { HonoTable } from "../http/hono-table.ts";
import { allowOf } from "../http/route-table.ts";
import { errorCode } from "../wire/errors.ts";
import { adviceFor } from "./advice.ts";
import { OWN_PAGES, RESOURCES, TOPICS, VIEW_PAGES } from "./routes.ts";

/** Errors that pass, with Retry-After. */
const PASSING: ReadonlySet<number> = new Set([429, 503]);
const EVENT_STREAM = "text/event-stream";
const MS_PER_SECOND = 1000;

const COMMON: Pick<Door, "allow" | "errorAnswer"> = {
  allow: allowOf(RESOURCES),
  errorAnswer(exchange, error, headers) {
    const reason = givenReason(error) ?? adviceFor(exchange, errorCode(error));
    const answer = errorAnswer(error, exchange.failureFields, reason);
    answer.headers.push(...headers);
    return askToComeBack(exchange, answer);
  },
};

/** `GET /`. */
const LISTING = TOPICS.find([""]);

export const topicsDoor: Door = {
  ...COMMON,
  owns: () => true,
  find(exchange) {
    const found = TOPICS.find(exchange.target.parts);
    return found === LISTING && wantsConsole(exchange) ? TO_CONSOLE : found;
  },
  topicNameOf: ([name = ""]) => name,
};

const ownPages = new HonoTable(OWN_PAGES.resources);

export const ownPagesDoor: Door = {
  ...COMMON,
  owns: (parts) => parts[0] === "-" && parts.length > 1,
  find: (exchange) => ownPages.find(exchange),
  topicNameOf: () => "",
};

const viewPages = new HonoTable(VIEW_PAGES.resources);

/** For the port of a view that runs without the log: how it is, and its rebuild. */
export const viewsDoor: Door = {
  ...COMMON,
  allow: allowOf(VIEW_PAGES.resources),
  owns: (parts) => parts[0] === "-" && parts[1] === "views",
  find: (exchange) => viewPages.find(exchange),
  topicNameOf: () => "",
};

/**
 * Where the client is a browser's EventSource and the server is too busy for it, a stream that ends at once replaces
 * `refusal`. An EventSource comes back after a stream that ends, and gives up for good on any other answer than 200:
 * https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
function askToComeBack(exchange: Exchange, refusal: Answer): Answer {
  if (!PASSING.has(refusal.status) || !isEventSource(exchange)) return refusal;
  const seconds = Number(headerOf(refusal, "Retry-After") ?? 1);
  const headers = ["X-Netlog-Error", headerOf(refusal, "X-Netlog-Error") ?? ""];
  const requestId = headerOf(refusal, "X-Request-Id");
  if (requestId !== undefined) headers.push("X-Request-Id", requestId);
  return textAnswer(EVENT_STREAM, `retry: ${seconds * MS_PER_SECOND}\n\n`, headers);
}

function isEventSource({ request, resource }: Exchange): boolean {
  if (request.method !== "GET" || resource?.path !== "/:topic/stream") return false;
  return request.header("accept")?.trim().toLowerCase().startsWith(EVENT_STREAM) === true;
}

function headerOf({ headers }: Answer, name: string): string | undefined {
  const place = headers.indexOf(name);
  return place < 0 ? undefined : headers[place + 1];
}
