/** Handlers of topics as a whole: list, create, info, delete, sync, check. */
import { DEFAULT_SETTINGS, isNetlogError, isSafeName, NetlogError } from "../../lib/index.ts";
import { type Answer, doneAnswer, jsonAnswer } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import { parseJsonBody } from "../wire/json.ts";
import { longJsonAnswer } from "./long-answer.ts";

export async function listTopics(exchange: Exchange): Promise<Answer> {
  exchange.parameters().finish();
  return await longJsonAnswer(exchange, readableNames(exchange));
}

function* readableNames({ context, grant }: Exchange): Generator<string | undefined> {
  for (const name of context.netlog.topicNames()) yield grant.may("read", name) ? name : undefined;
}

export async function createTopic(exchange: Exchange): Promise<Answer> {
  const { context, topicName } = exchange;
  const body = await exchange.request.takeBody();
  // A wrong name is reported before wrong settings.
  const isName = isSafeName(topicName, context.limits.topicNameLength);
  const settings = isName ? readSettings(exchange, body) : undefined;
  try {
    await context.netlog.createTopic(topicName, settings);
  } catch (error) {
    const isMessage = isNetlogError(error, "bad_request") && hasNoSetting(settings);
    throw isMessage ? takenForSettings(error.reason, topicName, error) : error;
  }
  return doneAnswer(201, "topic created");
}

function readSettings(exchange: Exchange, body: Buffer): unknown {
  exchange.parameters().finish();
  const settings = parseSettings(body, exchange.topicName);
  if (settings === undefined || isObject(settings)) return settings;
  throw takenForSettings("settings are a JSON object", exchange.topicName);
}

function parseSettings(body: Buffer, topicName: string): unknown {
  try {
    return parseJsonBody(body);
  } catch (error) {
    throw isNetlogError(error) ? takenForSettings(error.reason, topicName, error) : error;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function hasNoSetting(value: unknown): boolean {
  return isObject(value) && !Object.keys(value).some((name) => Object.hasOwn(DEFAULT_SETTINGS, name));
}

/** What is not settings at all was most likely meant to be a message. */
function takenForSettings(trouble: string | undefined, topicName: string, cause?: unknown): NetlogError {
  const routes = `POST /${topicName} makes a topic, and POST /${topicName}/payload takes a message`;
  const reason = `${trouble ?? "these are no settings"}; ${routes}`;
  return new NetlogError("bad_request", { reason, cause });
}

export async function describeTopic(exchange: Exchange): Promise<Answer> {
  const topic = exchange.requireTopic();
  exchange.parameters().finish();
  return await longJsonAnswer(exchange, await topic.info(), 2);
}

export async function deleteTopic(exchange: Exchange): Promise<Answer> {
  const { netlog } = exchange.context;
  await netlog.deleteTopic(exchange.topicName, { force: readForce(exchange) });
  return doneAnswer(200, "topic deleted");
}

/** A missing topic is reported before a bad parameter; one that failed to open can still be deleted. */
function readForce(exchange: Exchange): boolean {
  const parameters = exchange.parameters();
  try {
    const force = parameters.flag("force");
    parameters.finish();
    return force;
  } catch (error) {
    exchange.requireTopic();
    throw error;
  }
}

export async function syncTopic(exchange: Exchange): Promise<Answer> {
  const topic = exchange.requireTopic();
  exchange.parameters().finish();
  await topic.sync();
  return doneAnswer(200, "synced");
}

export async function checkTopic(exchange: Exchange): Promise<Answer> {
  const topic = exchange.requireTopic();
  const parameters = exchange.parameters();
  const from = parameters.get("from") ?? "";
  parameters.finish();
  let isCancelled = false;
  exchange.request.onClose(() => {
    isCancelled = true;
  });
  const findings = await topic.check(from, () => isCancelled);
  return findings.length === 0 ? doneAnswer(200, "topic healthy") : jsonAnswer(200, findings);
}
