/** Handler of `PATCH /:topic`: other settings for what is published from then on. */
import { type Answer, jsonAnswer } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import { parseJsonBody } from "../wire/json.ts";

export async function changeTopic(exchange: Exchange): Promise<Answer> {
  const topic = exchange.requireTopic();
  exchange.parameters().finish();
  const change = parseJsonBody(await exchange.request.takeBody());
  await exchange.context.netlog.updateTopic(topic.name, change);
  return jsonAnswer(200, await topic.info());
}
