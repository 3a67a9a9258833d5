/** The route table. app.ts finds the row of a path in it. */
import type { Answer, StreamAnswer } from "./answer.ts";
import { changeTopic } from "./change-topic.ts";
import { describeApi } from "./describe-api.ts";
import type { Exchange } from "./exchange.ts";
import { tellHealth, tellReady, tellVersion } from "./health.ts";
import { tellMetrics } from "./metrics.ts";
import { publishPayload, readPayload } from "./payloads.ts";
import { readBatch } from "./read-batch.ts";
import { streamTopic } from "./read-stream.ts";
import { createScanner, deleteScanner, describeScanners, scanTopic } from "./scanners.ts";
import { checkTopic, createTopic, deleteTopic, describeTopic, listTopics, syncTopic } from "./topics.ts";
import { ackMessages, nackMessages, seekScanner, touchMessages } from "./work.ts";
import { publishBatch } from "./write-batch.ts";
import { publishStream } from "./write-stream.ts";

/** Gives `undefined` when nobody is there to be answered. Throws NetlogError or HttpError for what it refuses. */
type Handler = (exchange: Exchange) => Answer | Promise<Answer | StreamAnswer | undefined>;

interface Action {
  readonly handle: Handler;
  /** The limit on the body that it takes; other bodies are dropped unread. */
  readonly body?: "payloadBytes" | "settingsBytes" | "batchBytes" | "ackBytes";
  /** A GET that changes nothing, and so is there as HEAD as well. */
  readonly head?: true;
}

interface Row extends Action {
  readonly method: string;
  readonly path: string;
}

const METHOD_ORDER = ["GET", "HEAD", "POST", "PATCH", "DELETE"] as const;

const ROWS: readonly Row[] = [
  { method: "GET", path: "/", handle: listTopics, head: true },
  { method: "GET", path: "/-/health", handle: tellHealth, head: true },
  { method: "GET", path: "/-/ready", handle: tellReady, head: true },
  { method: "GET", path: "/-/version", handle: tellVersion, head: true },
  { method: "GET", path: "/-/metrics", handle: tellMetrics, head: true },
  { method: "GET", path: "/-/openapi.json", handle: describeApi, head: true },
  { method: "POST", path: "/:topic", handle: createTopic, body: "settingsBytes" },
  { method: "GET", path: "/:topic", handle: describeTopic, head: true },
  { method: "PATCH", path: "/:topic", handle: changeTopic, body: "settingsBytes" },
  { method: "DELETE", path: "/:topic", handle: deleteTopic },
  { method: "POST", path: "/:topic/payload", handle: publishPayload, body: "payloadBytes" },
  { method: "GET", path: "/:topic/payload/:offset{[^/]*}", handle: readPayload, head: true },
  { method: "POST", path: "/:topic/batch", handle: publishBatch, body: "batchBytes" },
  { method: "POST", path: "/:topic/stream", handle: publishStream },
  // What `curl -T -` sends. Allow tells the proper verb alone.
  { method: "PUT", path: "/:topic/stream", handle: publishStream },
  { method: "GET", path: "/:topic/sync", handle: syncTopic },
  { method: "POST", path: "/:topic/sync", handle: syncTopic },
  { method: "POST", path: "/:topic/scanner", handle: createScanner },
  { method: "GET", path: "/:topic/scanner", handle: describeScanners, head: true },
  { method: "DELETE", path: "/:topic/scanner", handle: deleteScanner },
  { method: "GET", path: "/:topic/scan", handle: scanTopic },
  { method: "POST", path: "/:topic/scan", handle: scanTopic },
  { method: "POST", path: "/:topic/ack", handle: ackMessages, body: "ackBytes" },
  { method: "POST", path: "/:topic/nack", handle: nackMessages, body: "ackBytes" },
  { method: "POST", path: "/:topic/touch", handle: touchMessages, body: "ackBytes" },
  { method: "POST", path: "/:topic/seek", handle: seekScanner },
  { method: "GET", path: "/:topic/batch", handle: readBatch, head: true },
  { method: "GET", path: "/:topic/stream", handle: streamTopic },
  { method: "GET", path: "/:topic/check", handle: checkTopic, head: true },
];

/** All that is under one path. */
export interface Resource {
  readonly path: string;
  readonly actions: ReadonlyMap<string, Action>;
  /** What the header of this name says. */
  readonly allow: string;
}

export const RESOURCES: readonly Resource[] = [...new Set(ROWS.map(({ path }) => path))].map(toResource);

/** For `OPTIONS *`. */
export const ALLOW_ALL: string = toAllow(new Set(RESOURCES.flatMap(({ actions }) => [...actions.keys()])));

const HOT_PATHS: readonly string[] = ["/:topic/payload", "/:topic/scan", "/:topic/ack"];

const HOT: ReadonlyMap<string, Resource> = new Map(
  RESOURCES.filter(({ path }) => HOT_PATHS.includes(path)).map((resource) => [
    resource.path.slice("/:topic/".length),
    resource,
  ]),
);

/**
 * The rows of publish, scan and ack, found without the app: they are what a server's time goes to, and the way through
 * it costs as much as the rest of the request above a bare server (`npm run bench`, publish and scan).
 */
export function findHotResource(parts: readonly string[]): Resource | undefined {
  return parts.length === 2 && parts[0] !== "-" ? HOT.get(parts[1] ?? "") : undefined;
}

function toResource(path: string): Resource {
  const actions = new Map<string, Action>();
  for (const row of ROWS) {
    if (row.path !== path) continue;
    actions.set(row.method, row);
    if (row.head === true) actions.set("HEAD", row);
  }
  return { path, actions, allow: toAllow(new Set(actions.keys())) };
}

function toAllow(methods: ReadonlySet<string>): string {
  return [...METHOD_ORDER.filter((method) => methods.has(method)), "OPTIONS"].join(", ");
}
