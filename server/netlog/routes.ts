/** The route table. app.ts finds the row of a path in it. */

import type { Need } from "../auth/rights.ts";
import type { Answer, StreamAnswer } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import { tellMetrics } from "../metrics/metrics.ts";
import { describeApi } from "../openapi/describe-api.ts";
import { OPERATIONS } from "../openapi/operations.ts";
import type { ParameterNames } from "../wire/parameter-names.ts";
import { changeTopic } from "./change-topic.ts";
import { tellHealth, tellReady, tellVersion } from "./health.ts";
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

interface Row {
  readonly method: string;
  readonly path: string;
  readonly needs: Need;
  readonly handle: Handler;
  /** The limit on the body that it takes. Without it a body is refused. */
  readonly body?: "payloadBytes" | "settingsBytes" | "batchBytes" | "ackBytes" | "unlimited";
  /** A GET that changes nothing, and so is there as HEAD as well. */
  readonly head?: true;
}

export interface Action extends Omit<Row, "method" | "path"> {
  /** What it takes in the query. */
  readonly parameters: ParameterNames;
}

const METHOD_ORDER = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const;

const ROWS: readonly Row[] = [
  { method: "GET", path: "/", needs: "token", handle: listTopics, head: true },
  { method: "GET", path: "/-/health", needs: "nothing", handle: tellHealth, head: true },
  { method: "GET", path: "/-/ready", needs: "nothing", handle: tellReady, head: true },
  { method: "GET", path: "/-/version", needs: "nothing", handle: tellVersion, head: true },
  { method: "GET", path: "/-/metrics", needs: "metrics", handle: tellMetrics, head: true },
  { method: "GET", path: "/-/openapi.json", needs: "nothing", handle: describeApi, head: true },
  { method: "POST", path: "/:topic", needs: "admin", handle: createTopic, body: "settingsBytes" },
  { method: "GET", path: "/:topic", needs: "read", handle: describeTopic, head: true },
  { method: "PATCH", path: "/:topic", needs: "admin", handle: changeTopic, body: "settingsBytes" },
  { method: "DELETE", path: "/:topic", needs: "admin", handle: deleteTopic },
  { method: "POST", path: "/:topic/payload", needs: "write", handle: publishPayload, body: "payloadBytes" },
  // What `curl -T` sends.
  { method: "PUT", path: "/:topic/payload", needs: "write", handle: publishPayload, body: "payloadBytes" },
  { method: "GET", path: "/:topic/payload/:offset{[^/]*}", needs: "read", handle: readPayload, head: true },
  { method: "POST", path: "/:topic/batch", needs: "write", handle: publishBatch, body: "batchBytes" },
  { method: "POST", path: "/:topic/stream", needs: "write", handle: publishStream, body: "unlimited" },
  { method: "PUT", path: "/:topic/stream", needs: "write", handle: publishStream, body: "unlimited" },
  { method: "GET", path: "/:topic/sync", needs: "write", handle: syncTopic },
  { method: "POST", path: "/:topic/sync", needs: "write", handle: syncTopic },
  { method: "POST", path: "/:topic/scanner", needs: "read", handle: createScanner },
  { method: "GET", path: "/:topic/scanner", needs: "read", handle: describeScanners, head: true },
  { method: "DELETE", path: "/:topic/scanner", needs: "read", handle: deleteScanner },
  { method: "GET", path: "/:topic/scan", needs: "read", handle: scanTopic },
  { method: "POST", path: "/:topic/scan", needs: "read", handle: scanTopic },
  { method: "POST", path: "/:topic/ack", needs: "read", handle: ackMessages, body: "ackBytes" },
  { method: "POST", path: "/:topic/nack", needs: "read", handle: nackMessages, body: "ackBytes" },
  { method: "POST", path: "/:topic/touch", needs: "read", handle: touchMessages, body: "ackBytes" },
  { method: "POST", path: "/:topic/seek", needs: "read", handle: seekScanner },
  { method: "GET", path: "/:topic/batch", needs: "read", handle: readBatch, head: true },
  { method: "GET", path: "/:topic/stream", needs: "read", handle: streamTopic },
  { method: "GET", path: "/:topic/check", needs: "admin", handle: checkTopic, head: true },
];

/**
 * The routes that NetLog has as well, and which ignore parameters that nobody knows. Where a scanner is made they are
 * refused all the same: most of what it can be asked to be is not NetLog's.
 */
const NETLOGS: ReadonlySet<string> = new Set([
  "GET /",
  "POST /:topic",
  "GET /:topic",
  "DELETE /:topic",
  "POST /:topic/payload",
  "PUT /:topic/payload",
  "GET /:topic/payload/:offset{[^/]*}",
  "GET /:topic/sync",
  "DELETE /:topic/scanner",
  "GET /:topic/scan",
  "GET /:topic/check",
]);

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
    const action = toAction(row);
    actions.set(row.method, action);
    if (row.head === true) actions.set("HEAD", action);
  }
  return { path, actions, allow: toAllow(new Set(actions.keys())) };
}

function toAction({ method, path, ...row }: Row): Action {
  const described = OPERATIONS.find((each) => each.method === method && each.path === spelledAsOpenApi(path));
  const names = described?.query ?? [];
  return { ...row, parameters: { names, ignoresOthers: NETLOGS.has(`${method} ${path}`) } };
}

/** `/:topic/payload/:offset{…}` as `/{topic}/payload/{offset}`. */
export function spelledAsOpenApi(path: string): string {
  return path.replace(/:(\w+)(\{.*\})?/g, "{$1}");
}

function toAllow(methods: ReadonlySet<string>): string {
  return [...METHOD_ORDER.filter((method) => methods.has(method)), "OPTIONS"].join(", ");
}
