/** Topics as a whole: list, create, info, change, delete, sync, check. */
import { isNetlogError, isSafeName, NetlogError, SETTINGS } from "../../lib/index.ts";
import { type Answer, doneAnswer, jsonAnswer } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import { done, JSON_TYPE, json } from "../openapi/bodies.ts";
import type { Operation } from "../openapi/operation.ts";
import { ref, text } from "../openapi/parts.ts";
import { parseJsonBody } from "../wire/json.ts";
import { longJsonAnswer } from "./long-answer.ts";

export const LIST_TOPICS: Operation = {
  handle: listTopics,
  id: "listTopics",
  tag: "topics",
  summary: "Lists the topics",
  success: { "200": json("Names, sorted", { type: "array", items: text }) },
  errors: [],
};

async function listTopics(exchange: Exchange): Promise<Answer> {
  exchange.parameters().finish();
  return await longJsonAnswer(exchange, readableNames(exchange));
}

function* readableNames({ context, grant }: Exchange): Generator<string | undefined> {
  for (const name of context.netlog.topicNames()) yield grant.may("read", name) ? name : undefined;
}

export const CREATE_TOPIC: Operation = {
  handle: createTopic,
  id: "createTopic",
  tag: "topics",
  summary: "Creates a topic",
  body: { limit: "settingsBytes", content: { [JSON_TYPE]: ref("Settings") } },
  success: { "201": json("Created", ref("Done")) },
  errors: [
    "invalid_topic_name",
    "topic_exists",
    "invalid_compression_type",
    "payload_too_large",
    "request_timeout",
    "storage_full",
    "sync_failed",
  ],
};

async function createTopic(exchange: Exchange): Promise<Answer> {
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
  const settings = parseSettings(body, exchange);
  if (settings === undefined || isObject(settings)) return settings;
  throw takenForSettings("settings are a JSON object", exchange.topicName);
}

function parseSettings(body: Buffer, { context, topicName }: Exchange): unknown {
  try {
    return parseJsonBody(body, context.limits.jsonDepth);
  } catch (error) {
    throw isNetlogError(error) ? takenForSettings(error.reason, topicName, error) : error;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function hasNoSetting(value: unknown): boolean {
  return isObject(value) && !Object.keys(value).some((name) => Object.hasOwn(SETTINGS, name));
}

/** What is not settings at all was most likely meant to be a message. */
function takenForSettings(trouble: string | undefined, topicName: string, cause?: unknown): NetlogError {
  const routes = `POST /${topicName} makes a topic, and POST /${topicName}/payload takes a message`;
  const reason = `${trouble ?? "these are no settings"}; ${routes}`;
  return new NetlogError("bad_request", { reason, cause });
}

export const DESCRIBE_TOPIC: Operation = {
  handle: describeTopic,
  id: "describeTopic",
  tag: "topics",
  summary: "Sizes, offsets, segments, scanners and settings",
  success: { "200": json("The topic", ref("Topic")) },
  errors: [],
};

async function describeTopic(exchange: Exchange): Promise<Answer> {
  const topic = exchange.requireTopic();
  exchange.parameters().finish();
  return await longJsonAnswer(exchange, await topic.info(), 2);
}

export const CHANGE_TOPIC: Operation = {
  handle: changeTopic,
  id: "changeTopic",
  tag: "topics",
  summary: "Changes settings for new messages; what is absent stays",
  body: { limit: "settingsBytes", content: { [JSON_TYPE]: ref("Settings") }, isRequired: true },
  success: { "200": json("The topic", ref("Topic")) },
  errors: ["invalid_compression_type", "payload_too_large", "request_timeout", "storage_full", "sync_failed"],
};

async function changeTopic(exchange: Exchange): Promise<Answer> {
  const topic = exchange.requireTopic();
  exchange.parameters().finish();
  const { limits, netlog } = exchange.context;
  const change = parseJsonBody(await exchange.request.takeBody(), limits.jsonDepth);
  await netlog.updateTopic(topic.name, change);
  return jsonAnswer(200, await topic.info());
}

export const DELETE_TOPIC: Operation = {
  handle: deleteTopic,
  id: "deleteTopic",
  tag: "topics",
  summary: "Deletes a topic",
  query: ["force"],
  success: done("Deleted"),
  errors: ["resource_busy", "sync_failed"],
};

async function deleteTopic(exchange: Exchange): Promise<Answer> {
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

export const CLOSE_TOPIC: Operation = {
  handle: closeTopic,
  id: "closeTopic",
  tag: "topics",
  summary: "Closes a topic for good",
  success: { "200": json("Closed, now or before", ref("Done"), ["X-Next-Offset"]) },
  errors: ["storage_full", "sync_failed"],
};

/** Closing again is answered as the first time. */
async function closeTopic(exchange: Exchange): Promise<Answer> {
  const topic = exchange.requireTopic();
  exchange.parameters().finish();
  await topic.closeForGood();
  const headers = ["X-Next-Offset", String(topic.readableOffsets.end)];
  return jsonAnswer(200, { ok: true, message: "topic closed" }, headers);
}

export const SYNC_TOPIC: Operation = {
  handle: syncTopic,
  id: "syncTopic",
  tag: "topics",
  summary: "Answers when everything accepted so far is on the disk",
  success: done("Synced"),
  errors: ["sync_failed"],
};

async function syncTopic(exchange: Exchange): Promise<Answer> {
  const topic = exchange.requireTopic();
  exchange.parameters().finish();
  await topic.sync();
  return doneAnswer(200, "synced");
}

export const CHECK_TOPIC: Operation = {
  handle: checkTopic,
  id: "checkTopic",
  tag: "topics",
  summary: "Reads everything back and lists what is damaged",
  query: ["from"],
  success: {
    "200": json("Healthy, or what is damaged", {
      oneOf: [ref("Done"), { type: "array", items: ref("Finding"), maxItems: 1000 }],
    }),
  },
  errors: [],
};

async function checkTopic(exchange: Exchange): Promise<Answer> {
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
