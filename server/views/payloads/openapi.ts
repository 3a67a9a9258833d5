/** The OpenAPI 3.1 description of the tracker's API, made from its route table. */
import { LIMITS } from "../../../lib/views/payloads/index.ts";
import type { Action, Handler } from "../../http/door.ts";
import { spelledAsOpenApi } from "../../openapi/document.ts";
import { BASES } from "./tracker.ts";

type Json = Readonly<Record<string, unknown>>;

/** A schema of JSON. */
export type Schema = Readonly<Record<string, unknown>>;

/** A path below the base. */
export interface TrackerRoute {
  readonly path: string;
  readonly summary: string;
  readonly needs: Action["needs"];
  readonly query: readonly string[];
  /** The words of sort_by. */
  readonly sorts?: readonly string[];
  /** It asks for x-rh-identity. */
  readonly isForRole?: true;
  /** What 200 brings: a schema of JSON, or text. */
  readonly answer: Schema | "text";
  /** Beside 400, 401, 403, 429, 500 and 503. */
  readonly statuses: readonly number[];
  readonly handle: Handler;
}

const TIME = /_(lt|lte|gt|gte)$/;
const ERRORS = [400, 401, 403, 429, 500, 503] as const;
const ERROR_TEXTS: Readonly<Record<number, string>> = {
  400: "A parameter is wrong",
  401: "A token, or the identity, is missing",
  403: "The token has no right to this, or the identity lacks the role",
  404: "There is no such payload",
  429: "Too many requests",
  500: "The database, or the storage broker, does not answer",
  503: "Too many reads wait for the database, or its tables are not made yet; Retry-After says when to come again",
};
const ERROR_SCHEMA: Json = {
  type: "object",
  required: ["title", "message", "status"],
  properties: {
    title: { type: "string" },
    message: { type: "string" },
    status: { type: "integer" },
    reason: { type: "string", description: "What to mend, where the message does not say it" },
  },
};
const IDENTITY: Json = {
  name: "x-rh-identity",
  in: "header",
  required: true,
  description: "Base64 of JSON with identity.associate.Role; the gateway writes it",
  schema: { type: "string" },
};

export function describeApi(version: string, routes: readonly TrackerRoute[]): Json {
  const paths = routes.map((route) => [spelledAsOpenApi(route.path), { get: describeRoute(route) }]);
  return {
    openapi: "3.1.0",
    info: { title: "payload tracker", version, license: { name: "MIT", identifier: "MIT" } },
    servers: BASES.map((url) => ({ url })),
    paths: Object.fromEntries(paths),
    components: {
      schemas: { Error: ERROR_SCHEMA },
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
    },
    security: [{}, { bearer: [] }],
  };
}

function describeRoute({
  path,
  summary,
  needs,
  query,
  sorts,
  isForRole,
  answer,
  statuses,
}: TrackerRoute): Json {
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const parameters = [...names, ...query.map((name) => describeParameter(name, sorts ?? []))];
  if (isForRole === true) parameters.push(IDENTITY as (typeof parameters)[number]);
  const content =
    answer === "text"
      ? { "text/plain": { schema: { type: "string" } } }
      : { "application/json": { schema: answer } };
  const failures = [...ERRORS, ...statuses].map((status) => [
    String(status),
    {
      description: ERROR_TEXTS[status] ?? "",
      content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
    },
  ]);
  return {
    operationId: `get${path.replace(/[/:_.]+(\w?)/g, (_, letter: string) => letter.toUpperCase())}`,
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(needs === "nothing" ? { security: [] } : {}),
    responses: { "200": { description: summary, content }, ...Object.fromEntries(failures) },
  };
}

function describeParameter(
  name: string,
  sorts: readonly string[],
): Json & { name: string; in: string; required: boolean; schema: Json } {
  return { name, in: "query", required: false, schema: schemaOf(name, sorts) } as never;
}

function schemaOf(name: string, sorts: readonly string[]): Json {
  if (name === "page") return { type: "integer", minimum: 0, default: 0 };
  if (name === "page_size") return { type: "integer", minimum: 1, maximum: LIMITS.pageSize, default: 10 };
  if (name === "sort_by") return { type: "string", enum: sorts };
  if (name === "sort_dir") return { type: "string", enum: ["asc", "desc"], default: "desc" };
  if (name === "verbosity") return { type: "string", enum: ["0", "1", "2"], default: "0" };
  return TIME.test(name) ? { type: "string", format: "date-time" } : { type: "string" };
}
