/** The OpenAPI 3.1 description of this server, made from the rows of its route table. */
import { DEFAULT_SETTINGS, type TopicSettings } from "../../lib/index.ts";
import { ERROR_TABLE } from "../wire/errors.ts";
import type { DescribedRoute, Json, Operation, Success } from "./operation.ts";
import { HEADERS, QUERY, REQUEST_HEADERS, ref, SCHEMAS } from "./parts.ts";
import { describeSettings } from "./settings.ts";

type Code = keyof typeof ERROR_TABLE;

/** Errors of every route, and of those that need a token or a topic. */
const ALWAYS: readonly Code[] = [
  "bad_request",
  "forbidden",
  "headers_too_large",
  "shutting_down",
  "unknown_error",
];
const GUARDED: readonly Code[] = ["unauthorized", "too_many_requests"];
const OF_TOPICS: readonly Code[] = ["topic_not_found", "topic_unavailable"];

/** Headers that depend on the error itself, beside those of the table. */
const DETAIL_HEADERS: Readonly<Partial<Record<Code, readonly string[]>>> = {
  end_of_topic: ["X-Next-Offset", "X-More", "X-Closed"],
  offset_mismatch: ["X-Next-Offset"],
  topic_closed: ["X-Next-Offset"],
  producer_gap: ["Producer-Expected-Seq", "Producer-Received-Seq"],
  producer_fenced: ["Producer-Epoch"],
  offset_not_found: ["X-First-Offset"],
  checksum_error: ["X-Offset", "X-Next-Offset"],
  unsupported_media_type: ["Accept-Encoding"],
};
const SERVER_ERROR = 500;

const DESCRIPTION =
  "A log queue over HTTP. Paths are taken as sent; a parameter given twice is refused; OPTIONS is there everywhere.";

/** `defaults` are what the server takes for settings that a new topic leaves out. */
export function openApiDocument(
  version: string,
  routes: readonly DescribedRoute[],
  defaults: TopicSettings = DEFAULT_SETTINGS,
): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const path = spelledAsOpenApi(route.path);
    const id = operationId(route, routes);
    const item = paths[path] ?? {};
    paths[path] = item;
    item[route.method.toLowerCase()] = describe(route, id, route.does.success);
    if (route.head === true) item.head = describe(route, `${id}Head`, withoutBodies(route.does.success));
  }
  return {
    openapi: "3.1.0",
    info: { title: "netlog", version, description: DESCRIPTION, license: { name: "MIT", identifier: "MIT" } },
    servers: [{ url: "/" }],
    paths,
    components: {
      schemas: { Settings: describeSettings(defaults), ...SCHEMAS },
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer" },
        basic: { type: "http", scheme: "basic" },
      },
    },
    security: [{}, { bearer: [] }, { basic: [] }],
  };
}

/** `/:topic/payload/:offset` as `/{topic}/payload/{offset}`. */
export function spelledAsOpenApi(path: string): string {
  return path.replace(/:(\w+)/g, "{$1}");
}

/** Each is given once. */
function operationId({ method, does }: DescribedRoute, routes: readonly DescribedRoute[]): string {
  const isOnly = method === "POST" || routes.every((other) => other.does !== does || other.method === method);
  return isOnly ? does.id : `${does.id}By${method.charAt(0)}${method.slice(1).toLowerCase()}`;
}

function describe(
  { path, needs, does }: DescribedRoute,
  operationId: string,
  success: Operation["success"],
): Json {
  const { tag, summary, description, body } = does;
  const parameters = [...pathParameters(path), ...queryParameters(does), ...headerParameters(does)];
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: body.isRequired === true, content: contentOf(body.content) } }),
    ...(needs === "nothing" ? { security: [] } : {}),
    responses: { ...successes(success), ...failures(does, path, needs) },
  };
}

function withoutBodies(success: Operation["success"]): Operation["success"] {
  const bare = Object.entries(success).map(([status, { description, headers = [] }]) => [
    status,
    { description, headers },
  ]);
  return Object.fromEntries(bare) as Operation["success"];
}

function pathParameters(path: string): Json[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
}

function queryParameters({ query = [], required = [] }: Operation): Json[] {
  return query.map((name) => {
    const [description, schema] = QUERY[name]!;
    return { name, in: "query", required: required.includes(name), description, schema };
  });
}

function headerParameters({ requestHeaders = [], body }: Operation): Json[] {
  const ofBody = body === undefined ? [] : ["Content-Encoding"];
  return ["X-Request-Id", ...ofBody, ...requestHeaders].map((name) => {
    const [description, schema] = REQUEST_HEADERS[name]!;
    return { name, in: "header", required: false, description, schema };
  });
}

function successes(success: Operation["success"]): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(success).map(([status, { description, content, headers = [] }]: [string, Success]) => [
      status,
      {
        description,
        ...(headers.length === 0 ? {} : { headers: headersOf(headers) }),
        ...(content === undefined ? {} : { content: contentOf(content) }),
      },
    ]),
  );
}

/** By status; description and header say which codes it may be. */
function failures(
  { errors, body }: Operation,
  path: string,
  needs: DescribedRoute["needs"],
): Record<string, Json> {
  const codes = new Set<Code>([...ALWAYS, ...errors]);
  if (body !== undefined) codes.add("unsupported_media_type");
  if (path.startsWith("/:topic") || path.startsWith("/-/streams/"))
    for (const code of OF_TOPICS) codes.add(code);
  if (needs !== "nothing") for (const code of GUARDED) codes.add(code);
  const byStatus = new Map<number, Code[]>();
  for (const code of codes) {
    const { status } = ERROR_TABLE[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    Array.from(byStatus, ([status, all]) => [
      String(status),
      {
        description: all.join(", "),
        headers: {
          "X-Netlog-Error": { schema: { type: "string", enum: all } },
          ...headersOf(errorHeaders(all)),
        },
        content: { "application/json": { schema: ref("Error") } },
      },
    ]),
  );
}

/** Names of headers that some of these codes bring. */
function errorHeaders(codes: readonly Code[]): string[] {
  const names = codes.flatMap((code) => {
    const { status, headers = [] } = ERROR_TABLE[code];
    const ofTable = headers.filter((_, place) => place % 2 === 0);
    return [...ofTable, ...(DETAIL_HEADERS[code] ?? []), ...(status >= SERVER_ERROR ? ["X-Request-Id"] : [])];
  });
  return [...new Set(names)];
}

function headersOf(names: readonly string[]): Json {
  return Object.fromEntries(
    names.map((name) => {
      const [description, schema] = HEADERS[name]!;
      return [name, { description, schema }];
    }),
  );
}

function contentOf(content: Readonly<Record<string, Json>>): Json {
  return Object.fromEntries(Object.entries(content).map(([type, schema]) => [type, { schema }]));
}
