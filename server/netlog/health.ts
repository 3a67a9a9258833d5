/** Handlers of the server itself, under `/-/`: whether it lives, whether it should get work, what it is. */
import { NetlogError } from "../../lib/index.ts";
import { type Answer, jsonAnswer } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";

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
  const failed = netlog.failedTopics().filter(({ name }) => exchange.grant.may("read", name));
  exchange.failureFields = { failed };
  if (isStopping) throw new NetlogError("shutting_down");
  await netlog.requireReady();
  return jsonAnswer(200, { ok: true, failed });
}

export function tellVersion(exchange: Exchange): Answer {
  exchange.parameters().finish();
  const { version } = exchange.context;
  return jsonAnswer(200, { ok: true, name: "netlog", version, node: process.versions.node });
}
