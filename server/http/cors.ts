/** What a browser wants to hear before it lets a page of an allowed origin see an answer. */
import type { IncomingHttpHeaders } from "node:http";
import type { Gate } from "../auth/gate.ts";

const EXPOSED = [
  "X-Netlog-Error",
  "X-Offset",
  "X-Next-Offset",
  "X-First-Offset",
  "X-Count",
  "X-More",
  "X-Duplicate",
  "X-Closed",
  "X-Key",
  "X-Crc32",
  "X-Timestamp",
  "X-Durability",
  "X-Skipped",
  "X-Delivery",
  "X-Lease",
  "X-Request-Id",
  "Retry-After",
  "ETag",
].join(", ");

/** Headers whose names are the client's, or another door's, are exposed where they are there. */
const EXPOSED_WHERE_PRESENT = /^(?:x-meta-|ce-|traceparent$|tracestate$|producer-|stream-|location$)/i;

const MAX_AGE_SECONDS = "600";

/**
 * The headers for a gate that allows some origins: name, value, …. For another origin, or none, they hold what caches
 * have to know. `answered` are the headers of the answer.
 */
export function corsHeaders(gate: Gate, headers: IncomingHttpHeaders, answered: readonly string[]): string[] {
  const { origin } = headers;
  if (origin === undefined || !gate.isAllowedOrigin(origin)) return ["Vary", "Origin"];
  return [
    "Vary",
    "Origin",
    "Access-Control-Allow-Origin",
    origin,
    "Access-Control-Expose-Headers",
    [EXPOSED, ...answered.filter(isExposedName)].join(", "),
    ...preflightHeaders(headers),
  ];
}

/** Names and values take turns. */
function isExposedName(name: string, place: number): boolean {
  return place % 2 === 0 && EXPOSED_WHERE_PRESENT.test(name);
}

/** Allowed is what is asked for: routes and methods are checked when the request itself comes. */
function preflightHeaders(headers: IncomingHttpHeaders): string[] {
  const method = headers["access-control-request-method"];
  if (method === undefined) return [];
  const names = headers["access-control-request-headers"];
  return [
    "Access-Control-Allow-Methods",
    method,
    ...(names === undefined ? [] : ["Access-Control-Allow-Headers", names]),
    "Access-Control-Max-Age",
    MAX_AGE_SECONDS,
  ];
}
