/** Who may call which route: all of them, with all kinds of tokens. */
import { describe, expect, it } from "vitest";
import type { Need, Right } from "../../../server/auth/rights.ts";
import { RIGHTS } from "../../../server/auth/rights.ts";
import { newToken } from "../../../server/auth/token.ts";
import { RESOURCES } from "../../../server/netlog/routes.ts";
import type { Method, Reply } from "../../contract/api.ts";
import { expectError } from "../../contract/expect-error.ts";
import { rawCall } from "../../contract/raw.ts";
import { type ServerFixture, serverForTest } from "../server-fixture.ts";
import { basic, bearer, type TestToken, testToken } from "./tokens-fixture.ts";

/** As the contract lays them out. */
const NEEDS: Readonly<Record<string, Need>> = {
  "GET /": "token",
  "HEAD /": "token",
  "GET /-/topics": "token",
  "HEAD /-/topics": "token",
  "GET /-/health": "nothing",
  "HEAD /-/health": "nothing",
  "GET /-/ready": "nothing",
  "HEAD /-/ready": "nothing",
  "GET /-/version": "nothing",
  "HEAD /-/version": "nothing",
  "GET /-/openapi.json": "nothing",
  "HEAD /-/openapi.json": "nothing",
  "GET /-/views": "token",
  "HEAD /-/views": "token",
  "POST /-/views/:view/rebuild": "admin",
  "GET /-/metrics": "metrics",
  "HEAD /-/metrics": "metrics",
  "GET /:topic": "read",
  "HEAD /:topic": "read",
  "GET /:topic/payload/:offset": "read",
  "HEAD /:topic/payload/:offset": "read",
  "GET /:topic/batch": "read",
  "HEAD /:topic/batch": "read",
  "GET /:topic/stream": "read",
  "POST /:topic/scanner": "read",
  "GET /:topic/scanner": "read",
  "HEAD /:topic/scanner": "read",
  "DELETE /:topic/scanner": "read",
  "GET /:topic/scan": "read",
  "POST /:topic/scan": "read",
  "POST /:topic/ack": "read",
  "POST /:topic/nack": "read",
  "POST /:topic/touch": "read",
  "POST /:topic/seek": "read",
  "GET /:topic/pending": "read",
  "HEAD /:topic/pending": "read",
  "POST /:topic/payload": "write",
  "POST /:topic/batch": "write",
  "POST /:topic/stream": "write",
  "PUT /:topic/payload": "write",
  "PUT /:topic/stream": "write",
  "POST /:topic/close": "write",
  "GET /:topic/sync": "write",
  "POST /:topic/sync": "write",
  "POST /:topic": "admin",
  "PATCH /:topic": "admin",
  "DELETE /:topic": "admin",
  "GET /:topic/check": "admin",
  "HEAD /:topic/check": "admin",
};

const ROUTES = RESOURCES.flatMap(({ path, actions }) =>
  [...actions.keys()].map((method) => `${method} ${path.replace(/\{.*\}/, "")}`),
);

/** The topic that the tokens are for, and two more, of which one does not exist. */
const TOPIC = "logs-app";
const OTHER = "orders";
const MISSING = "logs";

interface Walk extends ServerFixture {
  readonly tokens: Readonly<Record<Right | "all" | "elsewhere" | "expired", TestToken>>;
  call(route: string, topic: string, headers: Readonly<Record<string, string>>): Promise<Reply>;
}

async function walk(): Promise<Walk> {
  const tokens = {
    read: testToken(["logs-*"], ["read"]),
    write: testToken(["logs-*"], ["write"]),
    admin: testToken(["logs-*"], ["admin"]),
    all: testToken(["logs-*"], RIGHTS),
    elsewhere: testToken(["metrics-*", "logs-", "logs-ap", "ogs-app"], RIGHTS),
    expired: testToken(["*"], RIGHTS, { expires: "1999-12-31T23:59:59Z" }),
  };
  const fixture = await serverForTest({
    server: { tokens: Object.values(tokens).map(({ record }) => record) },
  });
  const { api, netlog } = fixture;
  await netlog.createTopic(OTHER);
  return {
    ...fixture,
    tokens,
    call: async (route, topic, headers) => {
      // Some of the routes delete it.
      if (!netlog.topicNames().includes(TOPIC)) await netlog.createTopic(TOPIC);
      const [method = "", path = ""] = route.split(" ");
      const target = path.replace(":topic", topic).replace(":offset", "0");
      const options = ["POST", "PUT", "PATCH"].includes(method) ? { body: "{}" } : {};
      const query = path === "/:topic/stream" ? "?follow=0" : "";
      return await api.call(method as Method, `${target}${query}`, { ...options, headers });
    },
  };
}

const isRefused = ({ status }: Reply): boolean => [401, 403, 429].includes(status);

describe("every route", () => {
  it("has its right in the table, and the contract's", () => {
    const told = RESOURCES.flatMap(({ path, actions }) =>
      Array.from(actions, ([method, { needs }]) => [`${method} ${path.replace(/\{.*\}/, "")}`, needs]),
    );
    expect(Object.fromEntries(told)).toEqual(NEEDS);
  });

  it("is closed without a valid token, or open to everybody", async () => {
    const { call, tokens } = await walk();
    const { token } = tokens.all;
    const headers = [
      {},
      bearer({ token: newToken() }),
      basic({ token: newToken() }),
      bearer(tokens.expired),
      bearer({ token: "" }),
      bearer({ token: `${token}x` }),
      bearer({ token: token.slice(0, -1) }),
      bearer({ token: `${token}, ${token}` }),
      { authorization: token },
      { authorization: `Token ${token}` },
      { authorization: `Basic ${token}` },
      basic({ token: "" }, token),
      { "x-api-key": token },
      { cookie: `token=${token}` },
    ];
    for (const route of ROUTES) {
      for (const header of headers) {
        const reply = await call(route, TOPIC, header);
        const what = `${route} ${JSON.stringify(header)}`;
        if (NEEDS[route] === "nothing") expect(isRefused(reply), what).toBe(false);
        else expect([reply.status, reply.headers["www-authenticate"]], what).toEqual([401, "Bearer"]);
      }
    }
  });

  it.each(RIGHTS)("asks for its own right, and none stands in for another: %s", async (right) => {
    const { call, tokens } = await walk();
    for (const route of ROUTES) {
      const need = NEEDS[route]!;
      // A right on some topics is none on the server.
      const isEnough = (need === right && route.includes(":topic")) || !RIGHTS.includes(need as Right);
      for (const headers of [bearer(tokens[right]), basic(tokens[right]), basic(tokens[right], "anybody")]) {
        const reply = await call(route, TOPIC, headers);
        const what = `${route}: ${reply.status} ${reply.text}`;
        if (isEnough) expect(isRefused(reply), what).toBe(false);
        else expect(reply.status, what).toBe(403);
      }
    }
  });

  it("answers alike for a topic one has no right on, whether it is there or not", async () => {
    const { call, tokens } = await walk();
    for (const route of ROUTES.filter((each) => each.includes(":topic"))) {
      const replies = [];
      for (const topic of [OTHER, MISSING, "no-such-topic", ".no-name", "a%2Fb", "%2e%2e"]) {
        const { status, text, headers } = await call(route, topic, bearer(tokens.all));
        replies.push({ status, text, length: headers["content-length"] });
      }
      expect(replies[0]?.status, route).toBe(403);
      expect(new Set(replies.map((reply) => JSON.stringify(reply))).size, route).toBe(1);
      expect((await call(route, TOPIC, bearer(tokens.elsewhere))).status, route).toBe(403);
    }
  });

  it("opens its OPTIONS to everybody", async () => {
    const { api, call } = await walk();
    for (const { path } of RESOURCES) {
      const reply = await call(`OPTIONS ${path.replace(/\{.*\}/, "")}`, OTHER, {});
      expect([path, reply.status]).toEqual([path, 204]);
    }
    expect((await rawCall(api.url, "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n")).status).toBe(204);
  });
});

describe("the first failure answers:", () => {
  const host = "localhost";

  it("syntax, route, method and Origin before the token", async () => {
    const { api } = await walk();
    expectError(await api.get("/%zz"), "bad request");
    expectError(await api.get("/x/nothing"), "not found");
    expectError(await api.call("PUT", "/x/sync"), "method not allowed");
    expectError(await api.get("/", { headers: { origin: "https://elsewhere.example" } }), "forbidden");
  });

  it("the token before the size of the body, its type, the topic and its parameters", async () => {
    const { server, api, tokens } = await walk();
    const large = `POST /${TOPIC}/payload HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 99999999\r\n`;
    expectError(await rawCall(server.url, `${large}\r\n`), "unauthorized");
    const reader = `Authorization: Bearer ${tokens.read.token}\r\n`;
    expectError(await rawCall(server.url, `${large}${reader}\r\n`), "forbidden");
    const writer = `Authorization: Bearer ${tokens.write.token}\r\n`;
    expectError(await rawCall(server.url, `${large}${writer}\r\n`), "payload too large");
    const gzip = { "content-encoding": "gzip" };
    expectError(await api.post("/x/batch?format=zz", "x", { headers: gzip }), "unauthorized");
    expectError(await api.get("/nobody-made-this/batch?from=zz"), "unauthorized");
    expectError(
      await api.get("/nobody-made-this/batch?from=zz", { headers: bearer(tokens.read) }),
      "forbidden",
    );
  });

  it("a body is not asked for before the token was good", async () => {
    const { server } = await walk();
    const head = `POST /${TOPIC}/payload HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n`;
    expectError(await rawCall(server.url, head), "unauthorized");
  });
});

describe("a token", () => {
  it("is known by all of its hash", async () => {
    const { token, record } = testToken(["*"], ["read"]);
    for (const place of ["sha256:".length, 30, record.hash.length - 1]) {
      const other = record.hash[place] === "0" ? "1" : "0";
      const hash = `${record.hash.slice(0, place)}${other}${record.hash.slice(place + 1)}`;
      const { api } = await serverForTest({ server: { tokens: [{ ...record, hash }] } });
      expectError(await api.get("/", { headers: bearer({ token }) }), "unauthorized");
    }
  });

  it("counts in the header alone, never in the URL", async () => {
    const { server, api, tokens } = await walk();
    const { token } = tokens.all;
    for (const name of ["token", "access_token", "authorization", "key"]) {
      expectError(await api.get(`/${TOPIC}?${name}=${token}`), "unauthorized");
    }
    const absolute = `GET http://:${token}@localhost/${TOPIC} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    expect((await rawCall(server.url, absolute)).status).not.toBe(200);
  });

  it("counts once: two headers are none", async () => {
    const { server, tokens } = await walk();
    const line = `Authorization: Bearer ${tokens.all.token}\r\n`;
    const wrong = "Authorization: Bearer netlog_wrong\r\n";
    for (const lines of [line + line, line + wrong, wrong + line]) {
      const reply = await rawCall(server.url, `GET /${TOPIC} HTTP/1.1\r\nHost: localhost\r\n${lines}\r\n`);
      expectError(reply, "unauthorized");
    }
  });

  it("is for its topics by their decoded names, however a path spells them", async () => {
    const { server, tokens } = await walk();
    const status = async (path: string): Promise<number> => {
      const line = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${tokens.all.token}\r\n\r\n`;
      return (await rawCall(server.url, line)).status;
    };
    for (const path of [`/${OTHER}`, "/%6frders", `/${TOPIC}/../${OTHER}`, `/${TOPIC}%2f..%2f${OTHER}`]) {
      expect([403, 404], path).toContain(await status(path));
    }
    for (const path of [`//${TOPIC}`, `/./${TOPIC}`, `/${TOPIC}/`, "/%2e%2e/payload/0"]) {
      expect([403, 404], path).toContain(await status(path));
    }
  });
});
