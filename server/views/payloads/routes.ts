/** The tracker's route table: what is where, what it takes, and how OpenAPI describes it. */
import { LIMITS } from "../../../lib/views/payloads/index.ts";
import { jsonAnswer, textAnswer } from "../../http/answer.ts";
import type { Route } from "../../http/route-table.ts";
import { readRoute } from "../probes.ts";
import { tellArchiveLink, tellMockArchive, tellRole } from "./archive-link.ts";
import { tellHealth } from "./health.ts";
import { tellKibanaLink } from "./kibana-link.ts";
import { PAYLOADS, STATUSES, tellPayloads, tellStatuses } from "./lists.ts";
import { describeApi, type Schema, type TrackerRoute } from "./openapi.ts";
import { ORDER, tellPayload } from "./payload.ts";
import { listParameters } from "./query.ts";
import { BASES, type Tracker } from "./tracker.ts";

const text: Schema = { type: "string" };
const time: Schema = { type: "string", format: "date-time" };

function object(names: readonly string[], more: Readonly<Record<string, Schema>> = {}): Schema {
  return {
    type: "object",
    properties: { ...Object.fromEntries(names.map((name) => [name, text])), ...more },
  };
}

function listOf(item: Schema): Schema {
  const properties = {
    count: { type: "integer" },
    elapsed: { type: "number" },
    data: { type: "array", items: item },
  };
  return { type: "object", required: ["count", "elapsed", "data"], properties };
}

const PAYLOAD = object(["request_id", "account", "inventory_id", "system_id", "org_id"], {
  id: { type: "integer" },
  created_at: time,
});
const TIMES = { date: time, created_at: time };
const STATUS = object(["id", "request_id", "service", "source", "status", "status_msg"], TIMES);
const OF_PAYLOAD = object(
  [
    "request_id",
    "account",
    "org_id",
    "system_id",
    "inventory_id",
    "status_msg",
    "service",
    "source",
    "status",
  ],
  { id: { type: "integer" }, ...TIMES },
);
const URL_ANSWER = object(["url"]);

/** The API's routes; those that only the mock has come last. */
export function trackerRoutes(tracker: Tracker): readonly TrackerRoute[] {
  const routes: readonly TrackerRoute[] = [
    route("/payloads", "Payloads, page by page", {
      needs: "read",
      query: listParameters(PAYLOADS),
      sorts: PAYLOADS.sorts,
      answer: listOf(PAYLOAD),
      handle: tellPayloads(tracker),
    }),
    route(
      "/payloads/:request_id",
      `A payload's statuses, ${LIMITS.payloadStatuses} at most, and its durations`,
      {
        needs: "read",
        query: ["sort_by", "sort_dir", "verbosity"],
        sorts: ORDER.sorts,
        answer: object([], {
          data: { type: "array", items: OF_PAYLOAD },
          duration: { type: "object", additionalProperties: text },
          count: { type: "integer", description: "All statuses, where data has not got them all" },
        }),
        statuses: [404],
        handle: tellPayload(tracker),
      },
    ),
    route("/payloads/:request_id/archiveLink", "Where the payload's archive can be had", {
      needs: "read",
      isForRole: true,
      answer: URL_ANSWER,
      statuses: [404],
      handle: tellArchiveLink(tracker),
    }),
    route("/payloads/:request_id/kibanaLink", "Where Kibana shows the payload's log lines", {
      needs: "read",
      query: ["service"],
      answer: URL_ANSWER,
      statuses: [404],
      handle: tellKibanaLink(tracker),
    }),
    route("/roles/archiveLink", "Whether one may have links to archives", {
      needs: "read",
      isForRole: true,
      answer: object([], { allowed: { const: true } }),
      handle: tellRole(tracker),
    }),
    route("/statuses", "Statuses, page by page", {
      needs: "read",
      query: listParameters(STATUSES),
      sorts: STATUSES.sorts,
      answer: listOf(STATUS),
      handle: tellStatuses(tracker),
    }),
    route("/openapi.json", "This description", {
      answer: { type: "object" },
      handle: (exchange) => {
        exchange.parameters().finish();
        return jsonAnswer(200, describeApi(tracker.version, trackerRoutes(tracker)));
      },
    }),
  ];
  if (tracker.settings.storageBroker !== undefined) return routes;
  const archive = route("/archive/:request_id", "What a mock link leads to", {
    answer: "text",
    handle: tellMockArchive,
  });
  return [...routes, archive];
}

function route(
  path: string,
  summary: string,
  given: Pick<TrackerRoute, "answer" | "handle"> & Partial<TrackerRoute>,
): TrackerRoute {
  return { path, summary, needs: "nothing", query: [], statuses: [], ...given };
}

/** All paths of the API's port. */
export function portRoutes(tracker: Tracker): Route[] {
  const rows = trackerRoutes(tracker);
  const api = BASES.flatMap((base) => rows.map((row) => toRoute(`${base}${row.path}`, row)));
  const alive = ["/", ...BASES.flatMap((base) => [base, `${base}/`])].map((path) => toRoute(path, ALIVE));
  return [...api, ...alive, toRoute("/health", { ...ALIVE, handle: tellHealth(tracker) })];
}

/** Alive, in upstream's word. */
export const ALIVE: Pick<TrackerRoute, "needs" | "query" | "handle"> = {
  needs: "nothing",
  query: [],
  handle: (exchange) => {
    exchange.parameters().finish();
    return textAnswer("text/plain; charset=utf-8", "lubdub");
  },
};

export function toRoute(
  path: string,
  { needs, query, handle }: Pick<TrackerRoute, "needs" | "query" | "handle">,
): Route {
  return readRoute(path, handle, { needs, query });
}
