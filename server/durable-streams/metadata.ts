/** `HEAD` tells of a stream, and `DELETE` removes it. */
import { durationMs, parseDuration, type Topic } from "../../lib/index.ts";
import { type Answer, emptyAnswer } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import { headAnswer, tailHeaders } from "./answers.ts";

const MS_PER_SECOND = 1000;

export function describeStream(exchange: Exchange): Answer {
  const topic = exchange.requireTopic();
  exchange.parameters().finish();
  return headAnswer(topic, [...tailHeaders(topic), ...lifeHeaders(topic)]);
}

/** When the stream ends by itself. */
function lifeHeaders({ settings: { ttl, expires_at: expiresAt } }: Topic): string[] {
  if (ttl !== undefined) {
    return ["Stream-TTL", String(Math.ceil(durationMs(parseDuration(ttl)) / MS_PER_SECOND))];
  }
  return expiresAt === undefined ? [] : ["Stream-Expires-At", expiresAt];
}

export async function deleteStream(exchange: Exchange): Promise<Answer> {
  const parameters = exchange.parameters();
  const force = parameters.flag("force");
  parameters.finish();
  await exchange.context.netlog.deleteTopic(exchange.topicName, { force });
  return emptyAnswer(204);
}
