/** The OpenAPI 3.1 description of the journal's API. Its paths are those of the routes, which a test compares. */
import { LIMITS } from "../../../lib/views/journal/index.ts";
import { spelledAsOpenApi } from "../../openapi/document.ts";
import { LIST_PARAMETERS, RANGE_PARAMETERS } from "./query.ts";

type Json = Readonly<Record<string, unknown>>;

interface Described {
  readonly summary: string;
  /** What 200 brings: the name of a schema, or a type of text. */
  readonly answer: string;
  /** Names of its parameters. */
  readonly query?: readonly string[];
  /** Statuses of errors. */
  readonly errors: readonly number[];
}

const LIST_ERRORS = [400, 401, 403, 422, 500, 503] as const;
const TEXT = "text/plain";

const ROUTES: Readonly<Record<string, Described>> = {
  "/journal/user/:user": {
    summary: "What a user did, and what happened to the user, in all domains",
    answer: "JournalPage",
    query: LIST_PARAMETERS,
    errors: LIST_ERRORS,
  },
  "/:domain/journal/:kind/:id": {
    summary: "What happened to an entity of a domain",
    answer: "JournalPage",
    query: LIST_PARAMETERS,
    errors: LIST_ERRORS,
  },
  "/:domain/journal/client/:client/telemetry": {
    summary: "What a client sent and got, and when it was seen",
    answer: "Telemetry",
    errors: [...LIST_ERRORS, 404],
  },
  "/:domain/journal/client/:client/telemetry/hours": {
    summary:
      "What a client sent and got in each hour, by the log's time; hours without messages are left out",
    answer: "Hours",
    query: RANGE_PARAMETERS,
    errors: [...LIST_ERRORS, 404],
  },
  "/-/session": { summary: "Whose the token is", answer: "Session", errors: [401, 500, 503] },
  "/-/openapi.json": { summary: "This description", answer: "Description", errors: [] },
  "/health": { summary: "Health in upstream's shape; it checks nothing", answer: "Health", errors: [] },
  "/live": { summary: "Whether the view moves", answer: TEXT, errors: [500] },
  "/ready": { summary: "Whether the database answers and the lag is small", answer: TEXT, errors: [500] },
  "/metrics": { summary: "Figures under upstream's names", answer: TEXT, errors: [401] },
};
/** They need no token; the others do, unless everybody may ask. */
const OPEN: ReadonlySet<string> = new Set(["/-/openapi.json", "/health", "/live", "/ready"]);

const ERROR_TEXTS: Readonly<Record<number, string>> = {
  400: "A parameter, the type or an id is wrong",
  401: "The token is missing or not valid",
  403: "The token's user may not read this",
  404: "Nothing is known of the client in this domain",
  422: "The database does not answer",
  500: "It failed; the server's log says why",
  503: "Too many reads wait, the tables are not made yet, or the keys of tokens cannot be read; try again later",
};

const STRING: Json = { type: "string" };
const COUNT: Json = { type: "integer", minimum: 0 };
const TIME: Json = { type: "string", format: "date-time" };
const SECONDS: Json = {
  type: "integer",
  maximum: 2_147_483_647,
  default: 0,
  description: "Seconds since 1970, included; 0: no bound",
};
const SWITCH: Json = { type: "boolean", default: false };

const PARAMETERS: Readonly<Record<string, Json>> = {
  offset: { ...COUNT, default: 0 },
  limit: { ...COUNT, maximum: LIMITS.pageSize, default: 10 },
  operation: { ...STRING, description: "Exactly this one" },
  from: SECONDS,
  to: SECONDS,
  with_attributes: SWITCH,
  with_metadata: SWITCH,
  dir: { type: "string", enum: ["asc", "desc"], default: "desc" },
};

const COUNTS: Readonly<Record<string, Json>> = {
  inbound_messages: { ...COUNT, description: "Published by the client" },
  outbound_messages: { ...COUNT, description: "Delivered to the client" },
};

const SCHEMAS: Readonly<Record<string, Json>> = {
  JournalPage: object({
    total: COUNT,
    offset: COUNT,
    limit: COUNT,
    journals: { type: "array", items: { $ref: "#/components/schemas/Journal" } },
  }),
  Journal: object(
    { operation: STRING, occurred_at: TIME },
    { domain: STRING, attributes: { type: "object" }, metadata: { type: "object" } },
  ),
  Telemetry: object({
    client_id: STRING,
    domain_id: STRING,
    subscriptions: COUNT,
    ...COUNTS,
    first_seen: TIME,
    last_seen: TIME,
  }),
  Hours: object({
    client_id: STRING,
    domain_id: STRING,
    hours: {
      type: "array",
      maxItems: LIMITS.hours,
      items: object({ start: TIME, ...COUNTS }),
      description: "The oldest first; the latest ones where there are more",
    },
  }),
  Session: object(
    { domains: { type: "array", items: STRING }, platform_admin: { type: "boolean" } },
    { user: STRING },
  ),
  Description: { type: "object" },
  Health: object({
    status: STRING,
    version: STRING,
    commit: STRING,
    description: STRING,
    build_time: STRING,
    instance_id: STRING,
  }),
  Error: object({ message: STRING }),
};

export function describeApi(version: string): Json {
  const paths = Object.entries(ROUTES).map(([path, route]) => [
    spelledAsOpenApi(path),
    { get: describeRoute(path, route) },
  ]);
  return {
    openapi: "3.1.0",
    info: { title: "journal", version, license: { name: "MIT", identifier: "MIT" } },
    servers: [{ url: "/" }],
    paths: Object.fromEntries(paths),
    components: { schemas: SCHEMAS, securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
    security: [{}, { bearer: [] }],
  };
}

function describeRoute(path: string, { summary, answer, query = [], errors }: Described): Json {
  const named = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: name === "kind" ? { type: "string", enum: ["user", "group", "client", "channel"] } : STRING,
  }));
  const queried = query.map((name) => ({
    name,
    in: "query",
    schema: PARAMETERS[name] ?? STRING,
  }));
  const content =
    answer === TEXT ? { [TEXT]: { schema: STRING } } : { [typeOf(answer)]: { schema: refTo(answer) } };
  const failures = errors.map((status) => [
    String(status),
    {
      description: ERROR_TEXTS[status] ?? "",
      ...(answer === TEXT ? {} : { content: { "application/json": { schema: refTo("Error") } } }),
    },
  ]);
  return {
    operationId: `get${path.replace(/[/:_.-]+(\w?)/g, (_, letter: string) => letter.toUpperCase())}`,
    summary,
    ...(named.length + queried.length === 0 ? {} : { parameters: [...named, ...queried] }),
    ...(OPEN.has(path) ? { security: [] } : {}),
    responses: { "200": { description: summary, content }, ...Object.fromEntries(failures) },
  };
}

function typeOf(answer: string): string {
  return answer === "Health" ? "application/health+json" : "application/json";
}

function refTo(schema: string): Json {
  return { $ref: `#/components/schemas/${schema}` };
}

/** Members of `more` may be left out. */
function object(members: Readonly<Record<string, Json>>, more: Readonly<Record<string, Json>> = {}): Json {
  return { type: "object", required: Object.keys(members), properties: { ...members, ...more } };
}
