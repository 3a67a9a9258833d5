/** The tracker's two doors: the API, whose errors have upstream's form, and the port of metrics and probes. */
import { isNetlogError } from "../../../lib/index.ts";
import { isDatabaseError } from "../../../lib/views/index.ts";
import { type Answer, jsonAnswer, textAnswer } from "../../http/answer.ts";
import type { Door } from "../../http/door.ts";
import { givenReason } from "../../http/error-answer.ts";
import type { Exchange } from "../../http/exchange.ts";
import { allowOf, type Route, RouteTable } from "../../http/route-table.ts";
import { ERROR_TABLE, errorCode, HttpError } from "../../wire/errors.ts";
import { busyWith } from "../busy.ts";
import { PROMETHEUS, tellLive, tellReady } from "../probes.ts";
import { BrokerFailure } from "./archive-link.ts";
import { trackerPages } from "./pages.ts";
import { ALIVE, portRoutes, toRoute } from "./routes.ts";
import { BASES, type Tracker } from "./tracker.ts";

/** As RFC 9110 has them. */
const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  413: "Payload Too Large",
  415: "Unsupported Media Type",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** Counts requests and answers. */
export function createApiDoor(tracker: Tracker): Door {
  const { metrics, settings } = tracker;
  const door = doorOf(
    [...portRoutes(tracker), ...trackerPages(tracker)].map((route) => counted(tracker, route)),
    settings.topic,
  );
  return {
    ...door,
    find: (exchange) => {
      metrics.noteRequest();
      return door.find(exchange);
    },
    errorAnswer: (exchange, error, headers) => {
      const answer = door.errorAnswer(exchange, error, headers);
      metrics.noteAnswer(answer.status);
      return answer;
    },
  };
}

export function createMetricsDoor(tracker: Tracker): Door {
  const page = (path: string, handle: Route["handle"], needs: Route["needs"] = "nothing"): Route =>
    toRoute(path, { needs, query: [], handle });
  return doorOf(
    [
      toRoute("/", ALIVE),
      page("/live", tellLive(tracker)),
      page("/ready", tellReady(tracker)),
      page(
        "/metrics",
        async (exchange) => {
          exchange.parameters().finish();
          return textAnswer(PROMETHEUS, await tracker.metrics.text());
        },
        "metrics",
      ),
    ],
    "",
  );
}

/** Rights are looked up for `topic`, whatever the path. */
function doorOf(routes: readonly Route[], topic: string): Door {
  const table = new RouteTable(routes);
  return {
    owns: () => true,
    find: ({ target }) => table.find(target.parts),
    topicNameOf: () => topic,
    allow: allowOf(table.resources),
    errorAnswer,
  };
}

function counted({ metrics }: Tracker, route: Route): Route {
  return {
    ...route,
    handle: async (exchange) => {
      const answer = await route.handle(exchange);
      if (answer !== undefined) metrics.noteAnswer(answer.status);
      return answer;
    },
  };
}

/** `{"title":…,"message":…,"status":…}`, and a `reason` where the message alone does not say what to mend. */
function errorAnswer(exchange: Exchange, error: unknown, headers: readonly string[]): Answer {
  const { status, headers: usual = [], closes = false } = busyWith(error) ?? ERROR_TABLE[errorCode(error)];
  const body = { title: TITLES[status] ?? "", message: messageOf(error), status, ...exchange.failureFields };
  const own = error instanceof HttpError ? (error.headers ?? usual) : usual;
  return { ...jsonAnswer(status, body, [...own, ...headers]), closes };
}

/** What an error of ours says. Any other error tells the client nothing of what is inside. */
function messageOf(error: unknown): string {
  const busy = busyWith(error);
  if (busy !== undefined) return busy.message;
  if (isDatabaseError(error)) {
    // query_canceled: see Reads.
    if (error.sqlState === "57014")
      return "the database took too long; ask for less, with a filter or a shorter range";
    return "the database cannot be asked now; try again later";
  }
  if (error instanceof BrokerFailure) return error.message;
  const code = errorCode(error);
  const given = givenReason(error);
  if (given !== undefined) return given;
  if (code === "not_found")
    return `there is no such route; GET ${BASES[0]}/openapi.json describes all routes`;
  if (code === "unknown_error" && !isNetlogError(error))
    return "it failed; the log says why, under this X-Request-Id";
  return ERROR_TABLE[code].reason ?? code;
}
