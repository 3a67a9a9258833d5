/**
 * What a browser's EventSource gets when the server is too busy for it. It comes back after a stream that ends, and
 * gives up for good on any other answer than 200: https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import { type Answer, textAnswer } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";

/** Errors that pass, with Retry-After. */
const PASSING: ReadonlySet<number> = new Set([429, 503]);
const EVENT_STREAM = "text/event-stream";
const MS_PER_SECOND = 1000;

/** In the place of `refusal` a stream that ends at once, where that is what the client understands. */
export function askToComeBack(exchange: Exchange, refusal: Answer): Answer {
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
