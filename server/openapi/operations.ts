/** Every route of the server, described. A test holds this and the route table together. */
import { bytes, done, JSON_TYPE, json, messages } from "./bodies.ts";
import type { Operation, Success } from "./operation.ts";
import { ref, text } from "./parts.ts";
import { SCANNERS } from "./scanner-operations.ts";

const SYNC: Omit<Operation, "method" | "id"> = {
  path: "/{topic}/sync",
  tag: "topics",
  summary: "Answers when everything accepted so far is on the disk",
  success: done("Synced"),
  errors: ["sync_failed"],
};

const STREAM_IN: Omit<Operation, "method" | "id"> = {
  path: "/{topic}/stream",
  tag: "messages",
  summary: "Appends messages while they arrive",
  query: ["durability", "format"],
  body: messages(["messages", "lines", "ndjson"]),
  success: { "201": json("All of it is kept", ref("Published"), ["X-Offset", "X-Count", "X-Durability"]) },
  errors: ["payload_too_large", "storage_full", "sync_failed"],
};

const PUBLISH: Omit<Operation, "method" | "id"> = {
  path: "/{topic}/payload",
  tag: "messages",
  summary: "Appends the body as one message",
  query: ["durability"],
  body: { "*/*": bytes },
  isBodyRequired: true,
  success: { "201": { description: "Kept", headers: ["X-Offset", "X-Durability"] } },
  errors: ["payload_too_large", "request_timeout", "too_many_requests", "storage_full", "sync_failed"],
};

function own(id: string, summary: string, success: Success, errors: Operation["errors"] = []): Operation {
  return {
    method: "GET",
    path: `/-/${id}`,
    id,
    tag: "server",
    summary,
    success: { "200": success },
    errors,
    head: true,
    hasNoTopic: true,
    ...(id === "metrics" ? {} : { isOpen: true }),
  };
}

const SERVER: readonly Operation[] = [
  own("health", "Alive", json("It answers", { type: "object", properties: { ok: { const: true } } })),
  own(
    "ready",
    "Ready for work",
    json("Ready; topics that cannot be served are listed", {
      type: "object",
      properties: {
        ok: { const: true },
        failed: { type: "array", items: { type: "object", properties: { name: text, reason: text } } },
      },
    }),
    ["topic_unavailable"],
  ),
  own(
    "version",
    "Name and version",
    json("The program", {
      type: "object",
      properties: { ok: { const: true }, name: text, version: text, node: text },
    }),
  ),
  own("metrics", "Figures for Prometheus", {
    description: "Prometheus' text format",
    content: { "text/plain": text },
  }),
  own("openapi.json", "This description", json("OpenAPI 3.1", { type: "object" })),
];

const TOPICS: readonly Operation[] = [
  {
    method: "GET",
    path: "/",
    id: "listTopics",
    tag: "topics",
    summary: "Lists the topics",
    success: { "200": json("Names, sorted", { type: "array", items: text }) },
    errors: [],
    head: true,
    hasNoTopic: true,
  },
  {
    method: "POST",
    path: "/{topic}",
    id: "createTopic",
    tag: "topics",
    summary: "Creates a topic",
    body: { [JSON_TYPE]: ref("Settings") },
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
  },
  {
    method: "GET",
    path: "/{topic}",
    id: "describeTopic",
    tag: "topics",
    summary: "Sizes, offsets, segments, scanners and settings",
    success: { "200": json("The topic", ref("Topic")) },
    errors: [],
    head: true,
  },
  {
    method: "PATCH",
    path: "/{topic}",
    id: "changeTopic",
    tag: "topics",
    summary: "Changes settings for new messages; what is absent stays",
    body: { [JSON_TYPE]: ref("Settings") },
    isBodyRequired: true,
    success: { "200": json("The topic", ref("Topic")) },
    errors: [
      "invalid_compression_type",
      "payload_too_large",
      "request_timeout",
      "storage_full",
      "sync_failed",
    ],
  },
  {
    method: "DELETE",
    path: "/{topic}",
    id: "deleteTopic",
    tag: "topics",
    summary: "Deletes a topic",
    query: ["force"],
    success: done("Deleted"),
    errors: ["resource_busy", "sync_failed"],
  },
  { ...SYNC, method: "GET", id: "syncTopicByGet" },
  { ...SYNC, method: "POST", id: "syncTopic" },
  {
    method: "GET",
    path: "/{topic}/check",
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
    head: true,
  },
];

const MESSAGES: readonly Operation[] = [
  { ...PUBLISH, method: "POST", id: "publish" },
  { ...PUBLISH, method: "PUT", id: "publishByPut" },
  {
    method: "GET",
    path: "/{topic}/payload/{offset}",
    id: "readPayload",
    tag: "messages",
    summary: "The message at an offset, in any spelling",
    requestHeaders: ["If-None-Match"],
    success: {
      "200": {
        description: "The payload",
        content: { "application/octet-stream": bytes },
        headers: ["X-Offset", "X-Crc32", "X-Timestamp", "ETag"],
      },
      "304": { description: "The client has it; where the offset is a number", headers: ["ETag"] },
    },
    errors: ["invalid_offset", "offset_not_found", "end_of_topic", "checksum_error"],
    head: true,
  },
  {
    method: "POST",
    path: "/{topic}/batch",
    id: "publishBatch",
    tag: "messages",
    summary: "Appends many messages, all or nothing",
    query: ["durability", "format"],
    body: messages(["messages", "lines", "ndjson", "json"]),
    isBodyRequired: true,
    success: { "201": json("Kept", ref("Published"), ["X-Offset", "X-Count", "X-Durability"]) },
    errors: ["payload_too_large", "request_timeout", "too_many_requests", "storage_full", "sync_failed"],
  },
  {
    method: "GET",
    path: "/{topic}/batch",
    id: "readBatch",
    tag: "messages",
    summary: "Many messages in one answer",
    query: ["from", "max", "max_bytes", "wait", "format"],
    success: {
      "200": {
        description: "Messages",
        content: messages(["ndjson", "json", "lines", "frames"]),
        headers: ["X-Offset", "X-Next-Offset", "X-Count"],
      },
      "204": { description: "Nothing there before wait ended", headers: ["X-Next-Offset"] },
    },
    errors: ["invalid_duration", "offset_not_found", "not_acceptable", "checksum_error"],
    head: true,
  },
  { ...STREAM_IN, method: "POST", id: "publishStream" },
  { ...STREAM_IN, method: "PUT", id: "publishStreamByPut" },
  {
    method: "GET",
    path: "/{topic}/stream",
    id: "readStream",
    tag: "messages",
    summary: "What is there, then what comes",
    query: ["from", "id", "follow", "format"],
    requestHeaders: ["Last-Event-ID"],
    success: {
      "200": {
        description:
          "Messages, without end unless follow=0; an EventSource gets 429 and 503 as a 200 that ends",
        content: messages(["ndjson", "json", "lines", "frames", "sse"]),
        headers: ["X-Skipped", "X-Lease", "X-Netlog-Error"],
      },
    },
    errors: ["scanner_not_found", "offset_not_found", "not_acceptable", "checksum_error"],
  },
];

export const OPERATIONS: readonly Operation[] = [...TOPICS, ...MESSAGES, ...SCANNERS, ...SERVER];
