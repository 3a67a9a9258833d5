/** The OpenAPI 3.1 description of this server, made from operations.ts. */
import { ERROR_TABLE } from "../wire/errors.ts";
import type { Json, Operation, Success } from "./operation.ts";
import { OPERATIONS } from "./operations.ts";
import { HEADERS, QUERY, REQUEST_HEADERS, ref, SCHEMAS } from "./parts.ts";

type Code = keyof typeof ERROR_TABLE;

/** Of every route, and of those that need a token or a topic. */
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
  offset_not_found: ["X-First-Offset"],
  checksum_error: ["X-Offset", "X-Next-Offset"],
  unsupported_media_type: ["Accept-Encoding"],
};
const SERVER_ERROR = 500;

const DESCRIPTION =
  "A log queue over HTTP. Paths are taken as sent; a parameter given twice is refused; OPTIONS is there everywhere.";

export function openApiDocument(version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const operation of OPERATIONS) {
    const item = paths[operation.path] ?? {};
    paths[operation.path] = item;
    item[operation.method.toLowerCase()] = describe(operation, operation.id);
    if (operation.head === true) item.head = describe(withoutBodies(operation), `${operation.id}Head`);
  }
  return {
    openapi: "3.1.0",
    info: { title: "netlog", version, description: DESCRIPTION, license: { name: "MIT", identifier: "MIT" } },
    servers: [{ url: "/" }],
    paths,
    components: {
      schemas: SCHEMAS,
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer" },
        basic: { type: "http", scheme: "basic" },
      },
    },
    security: [{}, { bearer: [] }, { basic: [] }],
  };
}

function describe(operation: Operation, operationId: string): Json {
  const { tag, summary, body, isBodyRequired = false } = operation;
  const parameters = [
    ...pathParameters(operation),
    ...queryParameters(operation),
    ...headerParameters(operation),
  ];
  return {
    operationId,
    tags: [tag],
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: isBodyRequired, content: contentOf(body) } }),
    ...(operation.isOpen === true ? { security: [] } : {}),
    responses: { ...successes(operation), ...failures(operation) },
  };
}

function withoutBodies(operation: Operation): Operation {
  const bare = Object.entries(operation.success).map(([status, { description, headers = [] }]) => [
    status,
    { description, headers },
  ]);
  return { ...operation, success: Object.fromEntries(bare) as Operation["success"] };
}

function pathParameters({ path }: Operation): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
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

function successes({ success }: Operation): Record<string, Json> {
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
function failures(operation: Operation): Record<string, Json> {
  const codes = new Set<Code>([...ALWAYS, ...operation.errors]);
  if (operation.body !== undefined) codes.add("unsupported_media_type");
  if (operation.hasNoTopic !== true) for (const code of OF_TOPICS) codes.add(code);
  if (operation.isOpen !== true) for (const code of GUARDED) codes.add(code);
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
