import { describe, expect, it } from "vitest";
import { parseNetwork } from "../../../server/auth/client-address.ts";
import { parseRate, RateLimit } from "../../../server/auth/rate-limit.ts";
import { LIMITS } from "../../../server/index.ts";
import type { Reply } from "../../contract/api.ts";
import { expectError } from "../../contract/expect-error.ts";
import { within } from "../../support/deadline.ts";
import { ManualRuntime } from "../../support/manual-runtime.ts";
import { serverForTest } from "../server-fixture.ts";
import { bearer, testToken } from "./tokens-fixture.ts";

function isTaken(limit: RateLimit, client: string): boolean {
  try {
    limit.take(client);
    return true;
  } catch {
    return false;
  }
}

describe("a rate", () => {
  it.each([
    ["100", { count: 100, periodMs: 1000 }],
    ["5/s", { count: 5, periodMs: 1000 }],
    ["600/m", { count: 600, periodMs: 60_000 }],
    ["1/h", { count: 1, periodMs: 3_600_000 }],
  ])("%s", (text, rate) => {
    expect(parseRate(text)).toEqual(rate);
  });

  it.each(["", "0", "-1", "1.5", "5/d", "5/", "/s", "1e9", "9999999999"])("%s is none", (text) => {
    expect(parseRate(text)).toBeUndefined();
  });
});

describe("a rate limit", () => {
  it("lets so many through at once, and then as many as time gives back", async () => {
    const runtime = new ManualRuntime();
    const limit = new RateLimit({ count: 3, periodMs: 1000 }, 10, runtime);
    const taken = () => [1, 2, 3, 4].map(() => isTaken(limit, "a"));
    expect(taken()).toEqual([true, true, true, false]);
    expect(isTaken(limit, "b")).toBe(true);
    await runtime.advance(334);
    expect(taken()).toEqual([true, false, false, false]);
    await runtime.advance(60_000);
    expect(taken()).toEqual([true, true, true, false]);
  });

  it("keeps what it must of a flood of clients, and no more", () => {
    const limit = new RateLimit({ count: 1, periodMs: 1000 }, 2, new ManualRuntime());
    expect(["a", "b", "a", "b"].map((client) => isTaken(limit, client))).toEqual([true, true, false, false]);
    expect(isTaken(limit, "c")).toBe(true);
    // Longest not seen, so forgotten.
    expect(["b", "a"].map((client) => isTaken(limit, client))).toEqual([false, true]);
  });
});

describe("a server with a rate limit", () => {
  const status = ({ status }: Reply): number => status;

  it("answers 429 with when to come back, and does nothing", async () => {
    const { api, runtime, netlog } = await serverForTest({
      server: { rate: { count: 2, periodMs: 60_000 } },
    });
    const topic = await netlog.createTopic("t");
    const publish = async () => await api.post("/t/payload", "x");
    expect([status(await publish()), status(await publish())]).toEqual([201, 201]);
    const refused = await publish();
    expect(expectError(refused, "too many requests")).toContain("2 requests in 60 s");
    expect(refused.headers["retry-after"]).toBe("30");
    expect((await topic.info()).latest_offset).toBe(1);
    await runtime.advance(29_000);
    expect((await publish()).headers["retry-after"]).toBe("1");
    await runtime.advance(1000);
    expect(status(await publish())).toBe(201);
  });

  it("goes on answering probes and OPTIONS", async () => {
    const { api } = await serverForTest({ server: { rate: { count: 1, periodMs: 60_000 } } });
    for (const _each of [1, 2, 3]) {
      expect(status(await api.get("/-/health"))).toBe(200);
      expect(status(await api.get("/-/ready"))).toBe(200);
      expect(status(await api.call("OPTIONS", "/t"))).toBe(204);
    }
    expect([status(await api.get("/")), status(await api.get("/"))]).toEqual([200, 429]);
  });

  it("has a rate of its own for what needs no token, by address, and answers late beyond it", async () => {
    const token = testToken(["*"], ["read"]);
    const { api, runtime } = await serverForTest({
      limits: { openRequestsPerSecond: 4 },
      server: { tokens: [token.record], areMetricsOpen: true, trustedProxies: [parseNetwork("127.0.0.1")!] },
    });
    const from = (address: string) => ({ headers: { "x-forwarded-for": address } });
    const open = ["/-/health", "/-/ready", "/-/metrics"];
    for (const path of open) expect(status(await api.get(path, from("192.0.2.1")))).toBe(200);
    expect(status(await api.call("OPTIONS", "/t", from("192.0.2.1")))).toBe(204);
    const timers = runtime.timerCount;
    const late = [...open, "/-/version", "/-/openapi.json"].map((path) => api.get(path, from("192.0.2.1")));
    const lateOptions = api.call("OPTIONS", "/t", from("192.0.2.1"));
    await expect.poll(() => runtime.timerCount).toBe(timers + late.length + 1);
    expect(status(await api.get("/-/health", from("192.0.2.2")))).toBe(200);
    const headers = { ...bearer(token), "x-forwarded-for": "192.0.2.1" };
    expect(status(await api.get("/", { headers }))).toBe(200);
    await runtime.advance(LIMITS.refusalDelayMs);
    for (const refused of await within("the late answers", Promise.all(late))) {
      expect(expectError(refused, "too many requests")).toContain("openRequestsPerSecond");
    }
    expect(status(await lateOptions)).toBe(429);
    expect(status(await api.get("/-/health", from("192.0.2.1")))).toBe(200);
  });

  it("has a rate for refusals without a valid token, by address, and answers late beyond it", async () => {
    const token = testToken(["*"], ["read"]);
    const { api, runtime } = await serverForTest({
      limits: { refusalsPerSecond: 5 },
      server: { tokens: [token.record], trustedProxies: [parseNetwork("127.0.0.1")!] },
    });
    const from = (address: string) => ({ headers: { "x-forwarded-for": address } });
    expect(status(await api.get("/", from("192.0.2.1")))).toBe(401);
    expect(status(await api.get("/t/payload/0", from("192.0.2.1")))).toBe(401);
    expect(status(await api.get("/-/nothing", from("192.0.2.1")))).toBe(404);
    expect(status(await api.call("DELETE", "/", from("192.0.2.1")))).toBe(405);
    expect(status(await api.get("/-/health?a=1", from("192.0.2.1")))).toBe(400);
    const timers = runtime.timerCount;
    let isAnswered = false;
    const late = api.get("/", from("192.0.2.1")).finally(() => {
      isAnswered = true;
    });
    await expect.poll(() => runtime.timerCount).toBeGreaterThan(timers);
    const headers = { ...bearer(token), "x-forwarded-for": "192.0.2.1" };
    expect(status(await api.get("/", { headers }))).toBe(200);
    expect(status(await api.get("/-/health", from("192.0.2.1")))).toBe(200);
    expect(status(await api.get("/", from("192.0.2.2")))).toBe(401);
    expect(isAnswered).toBe(false);
    await runtime.advance(1000);
    expect(expectError(await late, "too many requests")).toContain("refusalsPerSecond");
    expect(status(await api.get("/", from("192.0.2.1")))).toBe(401);
  });

  it("believes X-Forwarded-For of a trusted proxy alone", async () => {
    const rate = { count: 1, periodMs: 60_000 };
    const proxied = await serverForTest({ server: { rate, trustedProxies: [parseNetwork("127.0.0.1")!] } });
    const plain = await serverForTest({ server: { rate } });
    const ask = async ({ api }: typeof plain, client: string) =>
      status(await api.get("/", { headers: { "x-forwarded-for": client } }));
    const clients = ["192.0.2.1", "192.0.2.2", "192.0.2.1", "9.9.9.9, 192.0.2.2"];
    const told = [];
    proxied.logger.lines.length = 0;
    for (const client of clients) told.push([await ask(proxied, client), await ask(plain, client)]);
    expect(told).toEqual([
      [200, 200],
      [200, 429],
      [429, 429],
      [429, 429],
    ]);
    const logged = proxied.logger.lines.filter(({ message }) => message === "request");
    expect(logged.map(({ fields }) => fields.client)).toEqual(
      clients.map((client) => client.replace("9.9.9.9, ", "")),
    );
  });

  it("counts the holder of a token for themselves, and those without one by address", async () => {
    const one = testToken(["*"], ["read"]);
    const two = testToken(["*"], ["read"]);
    const tokens = [one.record, two.record];
    const { api } = await serverForTest({ server: { tokens, rate: { count: 1, periodMs: 60_000 } } });
    const ask = async (headers = {}) => status(await api.get("/", { headers }));
    expect([await ask(bearer(one)), await ask(bearer(one)), await ask(bearer(two))]).toEqual([200, 429, 200]);
    // A client that tries tokens is slowed down, too.
    expect([await ask(bearer({ token: "netlog_guess" })), await ask(), await ask()]).toEqual([401, 429, 429]);
  });
});
