/** Handlers of the server itself, under `/-/`: whether it lives, whether it should get work, what it is. */
import { type FailedTopic, MESSAGE_WORK_BYTES, NetlogError, WorkMeter } from "../../lib/index.ts";
import { type Answer, jsonAnswer } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import { longJsonAnswer } from "./long-answer.ts";

/** Alive: it answers. */
export function tellHealth(exchange: Exchange): Answer {
  exchange.parameters().finish();
  return jsonAnswer(200, { ok: true });
}

/**
 * Ready for work. Topics that cannot be served are listed, as far as one may read them, and do not make it unready:
 * the others would be taken from their users, too.
 *
 * @throws shutting_down; topic_unavailable: no topic takes messages, for the data folder or the disk is at fault.
 */
export async function tellReady(exchange: Exchange): Promise<Answer> {
  const { netlog, isStopping } = exchange.context;
  exchange.parameters().finish();
  const failed = await failedTopics(exchange);
  exchange.failureFields = { failed };
  if (isStopping) throw new NetlogError("shutting_down");
  await netlog.requireReady();
  return await longJsonAnswer(exchange, { ok: true, failed }, 2);
}

/** Those that one may read. */
async function failedTopics({ context, grant }: Exchange): Promise<FailedTopic[]> {
  const failed: FailedTopic[] = [];
  const meter = new WorkMeter();
  for (const name of context.netlog.topicNames()) {
    const topic = context.netlog.failedTopic(name);
    if (topic !== undefined && grant.may("read", name)) failed.push(topic);
    if (meter.isDue(MESSAGE_WORK_BYTES)) await context.runtime.pause();
  }
  return failed;
}

export function tellVersion(exchange: Exchange): Answer {
  exchange.parameters().finish();
  const { version } = exchange.context;
  return jsonAnswer(200, { ok: true, name: "netlog", version, node: process.versions.node });
}
