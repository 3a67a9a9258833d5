/** The route table: what is where, and who may call it. How a route is described stands beside its handler. */
import { STREAM_ROUTES } from "../durable-streams/routes.ts";
import type { Action } from "../http/door.ts";
import type { Resource } from "../http/resource.ts";
import { type Route, RouteTable } from "../http/route-table.ts";
import type { DescribedRoute } from "../openapi/operation.ts";
import { QUERY } from "../openapi/parts.ts";
import { ACK, NACK, TOUCH } from "./acknowledge.ts";
import { describing, HEALTH, METRICS, READY, VERSION } from "./own-pages.ts";
import { PUBLISH, READ_PAYLOAD } from "./payloads.ts";
import { DESCRIBE_PENDING } from "./pending.ts";
import { READ_BATCH } from "./read-batch.ts";
import { READ_STREAM } from "./read-stream.ts";
import { CREATE_SCANNER, DELETE_SCANNER, DESCRIBE_SCANNERS, SCAN, SEEK } from "./scanners.ts";
import { DESCRIBE_TOPICS } from "./topic-list.ts";
import {
  CHANGE_TOPIC,
  CHECK_TOPIC,
  CLOSE_TOPIC,
  CREATE_TOPIC,
  DELETE_TOPIC,
  DESCRIBE_TOPIC,
  LIST_TOPICS,
  SYNC_TOPIC,
} from "./topics.ts";
import { LIST_VIEWS, REBUILD_VIEW } from "./views.ts";
import { PUBLISH_BATCH } from "./write-batch.ts";
import { PUBLISH_STREAM } from "./write-stream.ts";

interface Row extends DescribedRoute {
  /** It publishes or reads: see Action. */
  readonly isUse?: true;
  /** Its answers hold payloads: see Action. */
  readonly givesPayloads?: true;
  /** It answers soon: see Action. */
  readonly isBrief?: true;
  /**
   * NetLog has it as well, and it ignores unknown parameters as NetLog does. Creating a scanner refuses them all the
   * same, because most of its parameters are not NetLog's.
   */
  readonly isNetlogs?: true;
}

export const ROUTES: readonly Row[] = [
  { method: "GET", path: "/", needs: "token", does: LIST_TOPICS, head: true, isNetlogs: true },
  { method: "GET", path: "/-/health", needs: "nothing", does: HEALTH, head: true },
  { method: "GET", path: "/-/ready", needs: "nothing", does: READY, head: true },
  { method: "GET", path: "/-/version", needs: "nothing", does: VERSION, head: true },
  { method: "GET", path: "/-/views", needs: "token", does: LIST_VIEWS, head: true },
  { method: "POST", path: "/-/views/:view/rebuild", needs: "admin", does: REBUILD_VIEW },
  { method: "GET", path: "/-/metrics", needs: "metrics", does: METRICS, head: true },
  {
    method: "GET",
    path: "/-/openapi.json",
    needs: "nothing",
    does: describing(() => [...ROUTES, ...STREAM_ROUTES]),
    head: true,
  },
  { method: "GET", path: "/-/topics", needs: "token", does: DESCRIBE_TOPICS, head: true },
  { method: "POST", path: "/:topic", needs: "admin", does: CREATE_TOPIC, isNetlogs: true },
  { method: "GET", path: "/:topic", needs: "read", does: DESCRIBE_TOPIC, head: true, isNetlogs: true },
  { method: "PATCH", path: "/:topic", needs: "admin", does: CHANGE_TOPIC },
  { method: "DELETE", path: "/:topic", needs: "admin", does: DELETE_TOPIC, isNetlogs: true },
  {
    method: "POST",
    path: "/:topic/payload",
    needs: "write",
    does: PUBLISH,
    isUse: true,
    isBrief: true,
    isNetlogs: true,
  },
  // What `curl -T` sends.
  {
    method: "PUT",
    path: "/:topic/payload",
    needs: "write",
    does: PUBLISH,
    isUse: true,
    isBrief: true,
    isNetlogs: true,
  },
  {
    method: "GET",
    path: "/:topic/payload/:offset",
    needs: "read",
    does: READ_PAYLOAD,
    isUse: true,
    givesPayloads: true,
    head: true,
    isNetlogs: true,
  },
  { method: "POST", path: "/:topic/batch", needs: "write", does: PUBLISH_BATCH, isUse: true, isBrief: true },
  {
    method: "GET",
    path: "/:topic/batch",
    needs: "read",
    does: READ_BATCH,
    isUse: true,
    givesPayloads: true,
    head: true,
  },
  { method: "POST", path: "/:topic/stream", needs: "write", does: PUBLISH_STREAM, isUse: true },
  { method: "PUT", path: "/:topic/stream", needs: "write", does: PUBLISH_STREAM, isUse: true },
  {
    method: "GET",
    path: "/:topic/stream",
    needs: "read",
    does: READ_STREAM,
    isUse: true,
    givesPayloads: true,
  },
  { method: "POST", path: "/:topic/close", needs: "write", does: CLOSE_TOPIC },
  { method: "GET", path: "/:topic/sync", needs: "write", does: SYNC_TOPIC, isNetlogs: true },
  { method: "POST", path: "/:topic/sync", needs: "write", does: SYNC_TOPIC },
  { method: "POST", path: "/:topic/scanner", needs: "read", does: CREATE_SCANNER, isUse: true },
  { method: "GET", path: "/:topic/scanner", needs: "read", does: DESCRIBE_SCANNERS, head: true },
  { method: "DELETE", path: "/:topic/scanner", needs: "read", does: DELETE_SCANNER, isNetlogs: true },
  {
    method: "GET",
    path: "/:topic/scan",
    needs: "read",
    does: SCAN,
    isUse: true,
    givesPayloads: true,
    isNetlogs: true,
  },
  { method: "POST", path: "/:topic/scan", needs: "read", does: SCAN, isUse: true, givesPayloads: true },
  { method: "POST", path: "/:topic/ack", needs: "read", does: ACK, isUse: true, isBrief: true },
  { method: "POST", path: "/:topic/nack", needs: "read", does: NACK, isUse: true, isBrief: true },
  { method: "POST", path: "/:topic/touch", needs: "read", does: TOUCH, isUse: true, isBrief: true },
  { method: "GET", path: "/:topic/pending", needs: "read", does: DESCRIBE_PENDING, head: true },
  { method: "POST", path: "/:topic/seek", needs: "read", does: SEEK, isUse: true },
  { method: "GET", path: "/:topic/check", needs: "admin", does: CHECK_TOPIC, head: true, isNetlogs: true },
];

const PARAMETERS: readonly string[] = Object.keys(QUERY);

export const OWN_PAGES: RouteTable = new RouteTable(routesWhere(({ path }) => path.startsWith("/-/")));
/** Those of views, which the port of a view that runs alone has as well. */
export const VIEW_PAGES: RouteTable = new RouteTable(routesWhere(({ path }) => path.startsWith("/-/views")));
export const TOPICS: RouteTable = new RouteTable(routesWhere(({ path }) => !path.startsWith("/-/")));
export const RESOURCES: readonly Resource<Action>[] = [...OWN_PAGES.resources, ...TOPICS.resources];

function routesWhere(isMeant: (row: Row) => boolean): Route[] {
  return ROUTES.filter(isMeant).map(toRoute);
}

function toRoute({ method, path, needs, does, isUse, givesPayloads, isBrief, head, isNetlogs }: Row): Route {
  const parameters = { names: does.query ?? [], ignoresOthers: isNetlogs === true, elsewhere: PARAMETERS };
  const { handle, body } = does;
  const bodyLimit = body?.limit;
  return { method, path, needs, isUse, givesPayloads, isBrief, head, handle, bodyLimit, parameters };
}
