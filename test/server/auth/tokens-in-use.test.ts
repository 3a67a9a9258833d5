/** What tokens let one see, and what becomes of calls that take longer than their token is valid. */
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../../server/index.ts";
import { expectError } from "../../contract/expect-error.ts";
import { DATA_FOLDER, openNetlog } from "../../support/netlog-fixture.ts";
import { connectionForTest, type ServerFixture, serverForTest } from "../server-fixture.ts";
import { bearer, type TestToken, testToken } from "./tokens-fixture.ts";

async function serverFor(...tokens: readonly TestToken[]): Promise<ServerFixture> {
  return await serverForTest({ server: { tokens: tokens.map(({ record }) => record) } });
}

describe("what a token may not read", () => {
  it("is left out of the list of topics", async () => {
    const logs = testToken(["logs-*"], ["read"]);
    const all = testToken(["*"], ["read"]);
    const writer = testToken(["*"], ["write", "admin"]);
    const { api, netlog } = await serverFor(logs, all, writer);
    for (const name of ["logs-b", "orders", "logs-a"]) await netlog.createTopic(name);
    const listed = async (token: TestToken) => (await api.get("/", { headers: bearer(token) })).json;
    expect(await listed(logs)).toEqual(["logs-a", "logs-b"]);
    expect(await listed(all)).toEqual(["logs-a", "logs-b", "orders"]);
    expect(await listed(writer)).toEqual([]);
  });

  it("is left out of the topics that failed, for those without a token as well", async () => {
    const first = await openNetlog();
    for (const name of ["logs-a", "orders"]) await first.netlog.createTopic(name);
    await first.netlog.close();
    for (const name of ["logs-a", "orders"])
      await first.disk.remove(`${DATA_FOLDER}/${name}/00000000000000000000.data`);
    const logs = testToken(["logs-*"], ["read"]);
    const { disk, runtime } = first;
    const { api } = await serverForTest({ disk, runtime, server: { tokens: [logs.record] } });
    const failed = async (headers = {}) => (await api.get("/-/ready", { headers })).json;
    expect(await failed()).toEqual({ ok: true, failed: [] });
    expect(await failed(bearer(logs))).toMatchObject({ failed: [{ name: "logs-a" }] });
  });

  it("is left out of the metrics, unless they were opened", async () => {
    const logs = testToken(["logs-*"], ["read"]);
    const closed = await serverFor(logs);
    const open = await serverForTest({ server: { tokens: [logs.record], areMetricsOpen: true } });
    for (const { netlog } of [closed, open]) {
      for (const name of ["logs-a", "orders"]) {
        await (await netlog.createTopic(name)).findOrCreateScanner({ from: "0" });
      }
    }
    const topicsIn = (text: string): string[] => [
      ...new Set([...text.matchAll(/topic="([^"]+)"/g)].map(([, name = ""]) => name)),
    ];
    expectError(await closed.api.get("/-/metrics"), "unauthorized");
    expect(topicsIn((await closed.api.get("/-/metrics", { headers: bearer(logs) })).text)).toEqual([
      "logs-a",
    ]);
    expect(topicsIn((await open.api.get("/-/metrics")).text)).toEqual(["logs-a", "orders"]);
  });
});

describe("a dead-letter topic", () => {
  const rightless = testToken(["jobs", "failed"], ["read", "admin"]);
  const worker = testToken(["jobs", "failed"], ["read", "write"]);
  const owner = testToken(["jobs", "failed"], ["read", "write", "admin"]);

  async function serverWithJobs() {
    const fixture = await serverFor(rightless, worker, owner);
    await (await fixture.netlog.createTopic("jobs")).publish({ payload: Buffer.from("a job") });
    const post = async (token: TestToken, path: string) =>
      await fixture.api.post(path, undefined, { headers: bearer(token) });
    const create = async (token: TestToken, deadLetter: string) =>
      await post(token, `/jobs/scanner?id=w&ack=explicit&from=0&dead_letter=${deadLetter}`);
    return { ...fixture, post, create };
  }

  it("needs the right to write there of the one who creates the scanner", async () => {
    const { create, post, netlog } = await serverWithJobs();
    expectError(await create(rightless, "failed"), "forbidden");
    expectError(await create(owner, "orders"), "forbidden");
    expect((await create(owner, "failed")).status).toBe(201);
    expectError(await create(rightless, "failed"), "forbidden");
    expect((await post(rightless, "/jobs/scanner?id=w")).status).toBe(200);
    expect(netlog.topicNames()).toEqual(["jobs"]);
  });

  it("that is missing needs the right to make it, or a scanner that is there already", async () => {
    const { create, netlog } = await serverWithJobs();
    const refused = await create(worker, "failed");
    expect(expectError(refused, "forbidden")).toContain("needs the admin right");
    expect(netlog.topic("jobs").scannerCount).toBe(0);
    expect((await create(owner, "failed")).status).toBe(201);
    expect((await create(worker, "failed")).status).toBe(200);
  });

  it("is not made for a scanner whose maker had no right to, be it deleted later", async () => {
    const { create, post, netlog, api, runtime } = await serverWithJobs();
    await netlog.createTopic("failed");
    expect((await create(worker, "failed")).status).toBe(201);
    await netlog.deleteTopic("failed", { force: true });
    const given = await post(worker, "/jobs/scan?id=w");
    const dead = `/jobs/nack?id=w&dead=true&lease=${given.headers["x-lease"]}`;
    expect((await post(worker, dead)).status).toBe(200);
    await runtime.advance(10_000);
    expect(netlog.topicNames()).toEqual(["jobs"]);
    const told = await api.get("/jobs/scanner?id=w", { headers: bearer(worker) });
    expect(told.json).toMatchObject({ pending: 1, settings: { makes_dead_letter: false } });
    const failed = await netlog.createTopic("failed");
    await runtime.advance(20_000);
    await expect.poll(async () => (await failed.info()).latest_offset).toBe(0);
  });
});

describe("a message asked for by its number", () => {
  it("is for no cache that several share, and confirmed to none that has no right", async () => {
    const [logs, other] = [testToken(["logs-*"], ["read"]), testToken(["other"], ["read"])];
    const { api, netlog } = await serverFor(logs, other);
    const topic = await netlog.createTopic("logs-a");
    await topic.publish({ payload: Buffer.from("x") });
    const { headers } = await api.get("/logs-a/payload/0", { headers: bearer(logs) });
    expect(headers["cache-control"]).toBe("private, no-cache");
    const held = { "if-none-match": String(headers.etag) };
    const ask = (more: object) => api.get("/logs-a/payload/0", { headers: { ...held, ...more } });
    expect((await ask(bearer(logs))).status).toBe(304);
    expectError(await ask(bearer(other)), "forbidden");
    expectError(await ask({}), "unauthorized");
  });
});

describe("the log", () => {
  it("tells which token a request came with, by its name", async () => {
    const logs = testToken(["logs-*"], ["read"]);
    const { api, logger } = await serverFor(logs);
    await api.get("/logs-a", { headers: bearer(logs) });
    await api.get("/logs-a");
    const told = logger.lines
      .filter(({ message }) => message === "request")
      .map(({ fields }) => fields.token);
    expect(told).toEqual([logs.record.name, undefined]);
  });

  it("never holds a token", async () => {
    const logs = testToken(["logs-*"], ["read"]);
    const fixture = await serverFor(logs);
    const { api, logger } = fixture;
    await api.get("/logs-a", { headers: bearer(logs) });
    await api.get("/orders", { headers: bearer(logs) });
    const broken = await connectionForTest(fixture);
    broken.send(`GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${logs.token}\r\n \r\n\r\n`);
    await broken.reply();
    const told = JSON.stringify(logger.lines);
    expect(logger.lines.length).toBeGreaterThan(2);
    expect(told).not.toContain(logs.token);
    expect(told).not.toContain(logs.record.hash);
  });
});

describe("a token that is withdrawn, or runs out", () => {
  /** Withdrawn; with fewer rights; for other topics. */
  const changes: readonly (readonly [
    string,
    (token: TestToken) => Parameters<ServerFixture["server"]["replaceTokens"]>[0],
  ])[] = [
    ["is withdrawn", () => []],
    ["loses the right", ({ record }) => [{ ...record, rights: ["admin"] }]],
    ["loses the topic", ({ record }) => [{ ...record, topics: ["orders"] }]],
  ];

  it.each(changes)("opens nothing any more: it %s", async (_how, change) => {
    const token = testToken(["logs-*"], ["read"]);
    const { api, netlog, server } = await serverFor(token);
    await netlog.createTopic("logs-a");
    expect((await api.get("/logs-a", { headers: bearer(token) })).status).toBe(200);
    server.replaceTokens(change(token));
    expect((await api.get("/logs-a", { headers: bearer(token) })).status).not.toBe(200);
    server.replaceTokens([token.record]);
    expect((await api.get("/logs-a", { headers: bearer(token) })).status).toBe(200);
  });

  it("runs out at its time", async () => {
    const nowMs = Date.UTC(2026, 0, 1);
    const token = testToken(["*"], ["read"], { expires: new Date(nowMs + 1000).toISOString() });
    const { api, runtime } = await serverFor(token);
    expect((await api.get("/", { headers: bearer(token) })).status).toBe(200);
    await runtime.advance(999);
    expect((await api.get("/", { headers: bearer(token) })).status).toBe(200);
    await runtime.advance(1);
    expectError(await api.get("/", { headers: bearer(token) }), "unauthorized");
  });

  it.each(changes)("gets no message that it waited for, and takes none: it %s", async (_how, change) => {
    const token = testToken(["*"], ["read"]);
    const { api, netlog, server } = await serverFor(token);
    const topic = await netlog.createTopic("logs-a");
    const { scanner } = await topic.findOrCreateScanner({ id: "s", from: "0", persist: true });
    const { scanner: work } = await topic.findOrCreateScanner({ id: "w", ack: "explicit" });
    const waiting = ["scan?id=s&wait=1h", "scan?id=w&wait=1h", "batch?from=0&wait=1h"].map((path) =>
      api.get(`/logs-a/${path}`, { headers: bearer(token) }),
    );
    await expect.poll(async () => (await topic.stats()).waiterCount).toBe(3);
    server.replaceTokens(change(token));
    await topic.publish({ payload: Buffer.from("secret") });
    for (const reply of await Promise.all(waiting)) expectError(reply, "unauthorized");
    expect(scanner.info()).toMatchObject({ next: 0 });
    const again = await work.scan({ waitMs: 0, onWaiting: () => {} });
    expect(again?.message.payload.toString()).toBe("secret");
  });

  it.each(changes)("cuts the stream that it reads, by the next heartbeat: it %s", async (_how, change) => {
    const token = testToken(["logs-*"], ["read"]);
    const fixture = await serverFor(token);
    const topic = await fixture.netlog.createTopic("logs-a");
    const reader = await connectionForTest(fixture);
    reader.send(
      `GET /logs-a/stream?format=lines HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token.token}\r\n\r\n`,
    );
    expect((await reader.reply()).status).toBe(200);
    await expect.poll(async () => (await topic.stats()).waiterCount).toBe(1);
    await fixture.runtime.advance(LIMITS.heartbeatMs);
    expect((await topic.stats()).waiterCount).toBe(1);
    fixture.server.replaceTokens(change(token));
    await fixture.runtime.advance(LIMITS.heartbeatMs);
    await reader.closed();
    await expect.poll(async () => (await topic.stats()).waiterCount).toBe(0);
  });

  it.each(changes)("ends the stream that it sends, with what was kept: it %s", async (_how, change) => {
    const token = testToken(["logs-*"], ["write"]);
    const fixture = await serverFor(token);
    const topic = await fixture.netlog.createTopic("logs-a");
    const sender = await connectionForTest(fixture);
    const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
    sender.send(
      `POST /logs-a/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token.token}\r\nTransfer-Encoding: chunked\r\n\r\n${chunk("one\n")}`,
    );
    await expect.poll(async () => (await topic.info()).latest_offset).toBe(0);
    fixture.server.replaceTokens(change(token));
    sender.send(chunk("two\n"));
    const { status, text } = await sender.reply();
    expect(status).toBe(401);
    expect(JSON.parse(text)).toMatchObject({ error: "netlog: unauthorized", offset: 0, count: 1 });
    expect((await topic.info()).latest_offset).toBe(0);
  });
});
