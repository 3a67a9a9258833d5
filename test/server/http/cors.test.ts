import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { expectError } from "../../contract/expect-error.ts";
import { PROJECT_ROOT, projectText } from "../../support/project-files.ts";
import { serverForTest } from "../server-fixture.ts";

const ORIGIN = "https://app.example";

describe("a page of an allowed origin", () => {
  const allowing = { server: { corsOrigins: [ORIGIN] } };

  it("may see answers, errors too, with their headers", async () => {
    const { api } = await serverForTest(allowing);
    const topic = await api.newTopic(["a"]);
    const headers = { origin: ORIGIN, "sec-fetch-site": "cross-site" };
    for (const path of [`/${topic}/payload/0`, "/", "/nobody-made-this", "/%zz", "/x/y/z"]) {
      const reply = await api.get(path, { headers });
      expect(reply.headers["access-control-allow-origin"]).toBe(ORIGIN);
      expect(reply.headers.vary).toBe("Origin");
      const exposed = String(reply.headers["access-control-expose-headers"]).split(", ");
      expect(exposed).toEqual(expect.arrayContaining(["X-Offset", "X-Netlog-Error", "Retry-After"]));
    }
    expect((await api.post(`/${topic}/payload`, "b", { headers })).status).toBe(201);
  });

  it("may see the headers of a message, and embed it", async () => {
    const { api } = await serverForTest(allowing);
    const topic = await api.newTopic();
    const sent = { "x-key": "k", "x-meta-page": "1", "ce-id": "2", traceparent: "3", tracestate: "4" };
    await api.post(`/${topic}/payload`, "a", { headers: sent });
    const reply = await api.get(`/${topic}/payload/0`, { headers: { origin: ORIGIN } });
    const exposed = String(reply.headers["access-control-expose-headers"]).toLowerCase().split(", ");
    expect(exposed).toEqual(expect.arrayContaining([...Object.keys(sent), "etag"]));
    expect(reply.headers["cross-origin-resource-policy"]).toBeUndefined();
    expect(reply.headers["content-security-policy"]).toBe("sandbox");
  });

  it("may ask first what it may send", async () => {
    const { api } = await serverForTest(allowing);
    const reply = await api.call("OPTIONS", "/demo/payload", {
      headers: {
        origin: ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
      },
    });
    expect(reply.status).toBe(204);
    expect(reply.headers).toMatchObject({
      "access-control-allow-origin": ORIGIN,
      "access-control-allow-methods": "POST",
      "access-control-allow-headers": "authorization,content-type",
    });
  });

  it("may ask so without a token, and see why it is refused", async () => {
    const { api } = await serverForTest({ server: { corsOrigins: [ORIGIN], tokens: [] } });
    const headers = { origin: ORIGIN, "access-control-request-method": "POST" };
    expect((await api.call("OPTIONS", "/demo/payload", { headers })).status).toBe(204);
    const reply = await api.get("/", { headers: { origin: ORIGIN } });
    expectError(reply, "unauthorized");
    expect(reply.headers["access-control-allow-origin"]).toBe(ORIGIN);
  });

  it("is kept apart from others by caches", async () => {
    const { api } = await serverForTest(allowing);
    const topic = await api.newTopic(["a"]);
    expect((await api.get(`/${topic}/payload/0`)).headers.vary).toBe("Origin");
    const closed = await serverForTest();
    expect((await closed.api.get("/")).headers.vary).toBeUndefined();
  });
});

it("is every header of ours that a page may see", async () => {
  const files = readdirSync(`${PROJECT_ROOT}server`, { recursive: true, encoding: "utf8" });
  const sources = files.filter((path) => path.endsWith(".ts")).map((path) => projectText(`server/${path}`));
  const used = sources.flatMap((text) =>
    [...text.matchAll(/"(X-[A-Za-z0-9-]+)"/g)].map(([, name = ""]) => name),
  );
  // What is for browsers and proxies themselves, and what a request brings.
  const others = [
    "X-Content-Type-Options",
    "X-Accel-Buffering",
    "X-Expected-Offset",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
  ];
  const ours = new Set(used.filter((name) => !others.includes(name)));
  const { api } = await serverForTest({ server: { corsOrigins: [ORIGIN] } });
  const { headers } = await api.get("/", { headers: { origin: ORIGIN } });
  const exposed = String(headers["access-control-expose-headers"]).split(", ");
  expect(exposed.sort()).toEqual([...ours, "ETag", "Retry-After"].sort());
});

describe("a page of another origin", () => {
  it("gets no headers, also where others are allowed", async () => {
    const { api } = await serverForTest({ server: { corsOrigins: [ORIGIN] } });
    const reply = await api.get("/", { headers: { origin: "https://evil.example" } });
    expectError(reply, "forbidden");
    expect(Object.keys(reply.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  });
});

describe("an allowed host", () => {
  it("is one that the server answers to", async () => {
    const { api } = await serverForTest({ server: { allowedHosts: ["queue.example"] } });
    expect((await api.get("/", { headers: { host: "queue.example:7200" } })).status).toBe(200);
    expectError(await api.get("/", { headers: { host: "other.example" } }), "forbidden");
  });
});
