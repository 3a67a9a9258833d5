import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, it } from "vitest";
import { STREAM, STREAM_ROUTES } from "../../../server/durable-streams/routes.ts";
import { RESOURCES, ROUTES } from "../../../server/netlog/routes.ts";
import { openApiDocument, spelledAsOpenApi } from "../../../server/openapi/document.ts";
import { ERROR_TABLE } from "../../../server/wire/errors.ts";
import type { Method } from "../../contract/api.ts";
import { serverForTest } from "../server-fixture.ts";

const ALL_ROUTES = [...ROUTES, ...STREAM_ROUTES];
const ALL_RESOURCES = [...RESOURCES, STREAM];

type Paths = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

describe("the OpenAPI description", () => {
  it("is valid OpenAPI 3.1, as the server gives it", async () => {
    const { api } = await serverForTest();
    const reply = await api.get("/-/openapi.json");
    expect(reply.headers["content-type"]).toBe("application/json; charset=utf-8");
    const result = await new Validator().validate(reply.json as Record<string, unknown>);
    expect(result).toMatchObject({ valid: true });
    expect(reply.json).toMatchObject({ openapi: "3.1.0", info: { version: "0.0.0" } });
  });

  it("has the routes of the server, all of them and no others", () => {
    const routes = ALL_RESOURCES.flatMap(({ path, actions }) =>
      [...actions.keys()].map((method) => `${method} ${spelledAsOpenApi(path)}`),
    );
    const { paths } = openApiDocument("1.0.0", ALL_ROUTES) as { paths: Paths };
    const described = Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.sort()).toEqual(routes.sort());
  });

  it("gives each operation an id of its own", () => {
    const { paths } = openApiDocument("1.0.0", ALL_ROUTES) as { paths: Paths };
    const operations = Object.values(paths).flatMap((item) => Object.values(item));
    const ids = operations.map((operation) => (operation as { operationId: string }).operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("asks for a token where the server does", () => {
    const { paths } = openApiDocument("1.0.0", ALL_ROUTES) as { paths: Paths };
    for (const { path, actions } of ALL_RESOURCES) {
      for (const [method, { needs }] of actions) {
        const operation = paths[spelledAsOpenApi(path)]?.[method.toLowerCase()] as {
          readonly security?: unknown;
          readonly responses: object;
        };
        const isOpen = needs === "nothing";
        expect(operation.security, `${method} ${path}`).toEqual(isOpen ? [] : undefined);
        expect("401" in operation.responses, `${method} ${path}`).toBe(!isOpen);
        expect("429" in operation.responses, `${method} ${path}`).toBe(!isOpen);
      }
    }
  });

  it("refers to nothing that is not there", () => {
    const document = openApiDocument("1.0.0", ALL_ROUTES) as { components: { schemas: object } };
    const names = [...JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g)].map(
      ([, name]) => name,
    );
    expect([...new Set(names)].sort()).toEqual(Object.keys(document.components.schemas).sort());
  });

  it("tells the bounds of settings, and the defaults that the server runs with", async () => {
    const { api } = await serverForTest({ defaults: { segment_age: "3day" } });
    const { components } = (await api.get("/-/openapi.json")).json as {
      components: { schemas: { Settings: { properties: Record<string, object> } } };
    };
    const { properties } = components.schemas.Settings;
    expect(properties.segment_age).toMatchObject({ default: "3day", "x-kind": "duration" });
    expect(properties.segment_size).toMatchObject({
      default: 1_073_741_824,
      "x-kind": "bytes",
      "x-minimum": 1024,
      maximum: 2_147_483_648,
    });
    expect(properties.sync_interval).toMatchObject({ default: "1s", "x-maximum": "1day" });
    expect(properties.ttl).toMatchObject({ default: null, "x-minimum": "1s" });
    expect(properties.compression_type).toMatchObject({ "x-words": { none: 1, gzip: 2, snappy: 3 } });
    expect(properties.content_type).toMatchObject({ "x-fixed": true });
  });

  it("names every error that a route can answer with", () => {
    const told = JSON.stringify(openApiDocument("1.0.0", ALL_ROUTES));
    // What is no route has no description.
    const elsewhere = ["not_found", "method_not_allowed"];
    const missing = Object.keys(ERROR_TABLE).filter((code) => !told.includes(`"${code}"`));
    expect(missing.sort()).toEqual(elsewhere.sort());
  });

  it("tells the headers that errors bring, and those that a stream goes on by", () => {
    const { paths } = openApiDocument("1.0.0", ALL_ROUTES) as { paths: Paths };
    const { get } = paths["/{topic}/stream"] as unknown as {
      get: {
        parameters: { name: string; in: string }[];
        responses: Record<string, { headers: Record<string, unknown> }>;
      };
    };
    const names = get.parameters.filter((parameter) => parameter.in === "header").map(({ name }) => name);
    expect(names).toEqual(["X-Request-Id", "Last-Event-ID"]);
    const headersOf = (status: number) => Object.keys(get.responses[status]?.headers ?? {});
    expect(headersOf(404)).toEqual(["X-Netlog-Error", "X-First-Offset"]);
    expect(headersOf(401)).toEqual(["X-Netlog-Error", "WWW-Authenticate"]);
    expect(headersOf(429)).toEqual(["X-Netlog-Error", "Retry-After"]);
    expect(headersOf(503)).toEqual(["X-Netlog-Error", "Retry-After", "X-Request-Id"]);
    expect(headersOf(500)).toEqual(["X-Netlog-Error", "X-Request-Id", "X-Offset", "X-Next-Offset"]);
  });

  it("has the parameters that each route takes", async () => {
    const { api } = await serverForTest();
    await api.post("/t");
    await api.post("/t/scanner?id=s&ack=explicit");
    let told = 0;
    // What is deleted can be asked for nothing more.
    const operations = ROUTES.filter(({ method }) => method !== "DELETE");
    for (const { method, path: spelled, does } of operations) {
      const { query = [] } = does;
      const path = spelledAsOpenApi(spelled);
      const target = path.replace("{topic}", "t").replace("{offset}", "first");
      const scanner = query.includes("id") ? "id=s&" : "";
      const many = path === "/{topic}/scan" ? "max=1&" : "";
      const type = { "content-type": "application/x-ndjson" };
      const options = method === "GET" ? {} : { body: "x", headers: type };
      const reply = await api.call(method as Method, `${target}?${scanner}${many}nonsense=1`, options);
      const list = /; there are: ([^"]*)"/.exec(reply.text)?.[1];
      // NetLog's own routes take whatever comes.
      if (list === undefined) continue;
      told += 1;
      const names = list === "none" ? [] : list.split(", ");
      expect([...query].sort(), `${method} ${path}`).toEqual(names.sort());
    }
    expect(told).toBeGreaterThan(15);
  });
});
