/** The pages of the server itself, under `/-/`: whether it lives, whether it should get work, what it is. */

import { type FailedTopic, MESSAGE_WORK_BYTES, NetlogError, WorkMeter } from "../../lib/index.ts";
import { type Answer, jsonAnswer } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import { tellMetrics } from "../metrics/metrics.ts";
import { json } from "../openapi/bodies.ts";
import { openApiDocument } from "../openapi/document.ts";
import type { DescribedRoute, Operation, Success } from "../openapi/operation.ts";
import { text } from "../openapi/parts.ts";
import { longJsonAnswer } from "./long-answer.ts";

type Page = Pick<Operation, "handle" | "summary"> & Partial<Pick<Operation, "errors">>;

function page(id: string, success: Success, { errors = [], ...given }: Page): Operation {
  return { ...given, id, tag: "server", success: { "200": success }, errors };
}

export const HEALTH: Operation = page(
  "health",
  json("It answers", { type: "object", properties: { ok: { const: true } } }),
  { handle: tellHealth, summary: "Alive" },
);

export const READY: Operation = page(
  "ready",
  json("Ready; topics that cannot be served are listed", {
    type: "object",
    properties: {
      ok: { const: true },
      failed: { type: "array", items: { type: "object", properties: { name: text, reason: text } } },
    },
  }),
  { handle: tellReady, summary: "Ready for work", errors: ["topic_unavailable"] },
);

export const VERSION: Operation = page(
  "version",
  json("The program", {
    type: "object",
    properties: { ok: { const: true }, name: text, version: text, node: text },
  }),
  { handle: tellVersion, summary: "Name and version" },
);

export const METRICS: Operation = page(
  "metrics",
  { description: "Prometheus' text format", content: { "text/plain": text } },
  { handle: tellMetrics, summary: "Figures for Prometheus" },
);

/** `routes` gives all that there are, this one included. */
export function describing(routes: () => readonly DescribedRoute[]): Operation {
  const handle = (exchange: Exchange): Answer => {
    exchange.parameters().finish();
    const { version, netlog } = exchange.context;
    return jsonAnswer(200, openApiDocument(version, routes(), netlog.defaults));
  };
  return page("openapi.json", json("OpenAPI 3.1", { type: "object" }), {
    handle,
    summary: "This description",
  });
}

/** Alive: it answers. */
function tellHealth(exchange: Exchange): Answer {
  exchange.parameters().finish();
  return jsonAnswer(200, { ok: true });
}

/**
 * Ready for work. Topics that cannot be served are listed, as far as one may read them, and do not make it unready:
 * the others would be taken from their users, too.
 *
 * @throws shutting_down; topic_unavailable: no topic takes messages, for the data folder or the disk is at fault.
 */
async function tellReady(exchange: Exchange): Promise<Answer> {
  const { netlog, isStopping, limits } = exchange.context;
  exchange.parameters().finish();
  const failed = await failedTopics(exchange);
  // A refusal is made in one go.
  exchange.failureFields = { failed: failed.slice(0, limits.failedTopicsListed) };
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

function tellVersion(exchange: Exchange): Answer {
  exchange.parameters().finish();
  const { version } = exchange.context;
  return jsonAnswer(200, { ok: true, name: "netlog", version, node: process.versions.node });
}
