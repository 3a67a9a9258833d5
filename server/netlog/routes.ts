/** The route table. */
import type { Action } from "../http/door.ts";
import type { Resource } from "../http/resource.ts";
import { type Route, RouteTable } from "../http/route-table.ts";
import { tellMetrics } from "../metrics/metrics.ts";
import { describeApi } from "../openapi/describe-api.ts";
import { OPERATIONS } from "../openapi/operations.ts";
import { QUERY } from "../openapi/parts.ts";
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

type Row = Omit<Route, "parameters">;

const ROWS: readonly Row[] = [
  { method: "GET", path: "/", needs: "token", handle: listTopics, head: true },
  { method: "GET", path: "/-/health", needs: "nothing", handle: tellHealth, head: true },
  { method: "GET", path: "/-/ready", needs: "nothing", handle: tellReady, head: true },
  { method: "GET", path: "/-/version", needs: "nothing", handle: tellVersion, head: true },
  { method: "GET", path: "/-/metrics", needs: "metrics", handle: tellMetrics, head: true },
  { method: "GET", path: "/-/openapi.json", needs: "nothing", handle: describeApi, head: true },
  { method: "POST", path: "/:topic", needs: "admin", handle: createTopic, bodyLimit: "settingsBytes" },
  { method: "GET", path: "/:topic", needs: "read", handle: describeTopic, head: true },
  { method: "PATCH", path: "/:topic", needs: "admin", handle: changeTopic, bodyLimit: "settingsBytes" },
  { method: "DELETE", path: "/:topic", needs: "admin", handle: deleteTopic },
  {
    method: "POST",
    path: "/:topic/payload",
    needs: "write",
    handle: publishPayload,
    bodyLimit: "payloadBytes",
  },
  // What `curl -T` sends.
  {
    method: "PUT",
    path: "/:topic/payload",
    needs: "write",
    handle: publishPayload,
    bodyLimit: "payloadBytes",
  },
  { method: "GET", path: "/:topic/payload/:offset", needs: "read", handle: readPayload, head: true },
  { method: "POST", path: "/:topic/batch", needs: "write", handle: publishBatch, bodyLimit: "batchBytes" },
  { method: "POST", path: "/:topic/stream", needs: "write", handle: publishStream, bodyLimit: "unlimited" },
  { method: "PUT", path: "/:topic/stream", needs: "write", handle: publishStream, bodyLimit: "unlimited" },
  { method: "GET", path: "/:topic/sync", needs: "write", handle: syncTopic },
  { method: "POST", path: "/:topic/sync", needs: "write", handle: syncTopic },
  { method: "POST", path: "/:topic/scanner", needs: "read", handle: createScanner },
  { method: "GET", path: "/:topic/scanner", needs: "read", handle: describeScanners, head: true },
  { method: "DELETE", path: "/:topic/scanner", needs: "read", handle: deleteScanner },
  { method: "GET", path: "/:topic/scan", needs: "read", handle: scanTopic },
  { method: "POST", path: "/:topic/scan", needs: "read", handle: scanTopic },
  { method: "POST", path: "/:topic/ack", needs: "read", handle: ackMessages, bodyLimit: "ackBytes" },
  { method: "POST", path: "/:topic/nack", needs: "read", handle: nackMessages, bodyLimit: "ackBytes" },
  { method: "POST", path: "/:topic/touch", needs: "read", handle: touchMessages, bodyLimit: "ackBytes" },
  { method: "POST", path: "/:topic/seek", needs: "read", handle: seekScanner },
  { method: "GET", path: "/:topic/batch", needs: "read", handle: readBatch, head: true },
  { method: "GET", path: "/:topic/stream", needs: "read", handle: streamTopic },
  { method: "GET", path: "/:topic/check", needs: "admin", handle: checkTopic, head: true },
];

const PARAMETERS: readonly string[] = Object.keys(QUERY);

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
  "GET /:topic/payload/:offset",
  "GET /:topic/sync",
  "DELETE /:topic/scanner",
  "GET /:topic/scan",
  "GET /:topic/check",
]);

export const OWN_PAGES: RouteTable = new RouteTable(routesWhere(({ path }) => path.startsWith("/-/")));
export const TOPICS: RouteTable = new RouteTable(routesWhere(({ path }) => !path.startsWith("/-/")));
export const RESOURCES: readonly Resource<Action>[] = [...OWN_PAGES.resources, ...TOPICS.resources];

function routesWhere(isMeant: (row: Row) => boolean): Route[] {
  return ROWS.filter(isMeant).map(toRoute);
}

function toRoute(row: Row): Route {
  const { method, path } = row;
  const described = OPERATIONS.find((each) => each.method === method && each.path === spelledAsOpenApi(path));
  const names = described?.query ?? [];
  const ignoresOthers = NETLOGS.has(`${method} ${path}`);
  return { ...row, parameters: { names, ignoresOthers, elsewhere: PARAMETERS } };
}

/** `/:topic/payload/:offset` as `/{topic}/payload/{offset}`. */
export function spelledAsOpenApi(path: string): string {
  return path.replace(/:(\w+)/g, "{$1}");
}
