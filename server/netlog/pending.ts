/** Handler of `GET /:topic/pending`: which messages of a scanner are out, and until when. */
import type { PendingMessage } from "../../lib/index.ts";
import type { Answer } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import { json } from "../openapi/bodies.ts";
import type { Operation } from "../openapi/operation.ts";
import { ref } from "../openapi/parts.ts";
import { badRequest } from "../wire/errors.ts";
import { DIGITS } from "../wire/parameters.ts";
import { formatTime } from "../wire/time.ts";
import { longJsonAnswer } from "./long-answer.ts";
import { requireId } from "./scanner-parameters.ts";

export const DESCRIBE_PENDING: Operation = {
  handle: describePending,
  id: "describePending",
  tag: "scanners",
  summary: "Messages given out and not settled, in the order of offsets",
  query: ["id", "after", "limit"],
  required: ["id"],
  success: { "200": json("The messages", { type: "array", items: ref("Pending") }) },
  errors: ["scanner_not_found", "scanner_without_ack"],
};

async function describePending(exchange: Exchange): Promise<Answer> {
  const topic = exchange.requireTopic();
  const parameters = exchange.parameters();
  const scanner = topic.scanner(requireId(parameters));
  const { pendingListed } = exchange.context.limits;
  const limit = parameters.count("limit", pendingListed, pendingListed);
  const after = readAfter(parameters.get("after") ?? "");
  parameters.finish();
  return await longJsonAnswer(exchange, tellAll(scanner.pendingMessages(after, limit)));
}

function readAfter(text: string): number {
  if (text === "") return -1;
  if (DIGITS.test(text)) return Number(text);
  throw badRequest(
    "after takes the last offset of the answer before; leave it out to begin at the first one",
  );
}

function* tellAll(messages: readonly PendingMessage[]): Generator<object> {
  for (const { offset, deliveries, state, dueAtMs } of messages) {
    yield { offset, deliveries, state, due: dueAtMs === undefined ? null : formatTime(Math.round(dueAtMs)) };
  }
}
