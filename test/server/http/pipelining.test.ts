import { describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../../server/index.ts";
import { texts } from "../../support/netlog-fixture.ts";
import { connectionForTest, serverForTest } from "../server-fixture.ts";
import { expectTooMany, figure, post } from "./limit-checks.ts";

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
}

describe("one connection", () => {
  it("waits for one message at a time, whatever it asks for, and gives all back when it leaves", async () => {
    const fixture = await serverForTest({ limits: { waitingRequests: 100 } });
    const { api } = fixture;
    const topic = await api.newTopic();
    const id = await api.newScanner(topic);
    const greedy = await connectionForTest(fixture);
    greedy.send(get(`/${topic}/scan?id=${id}&wait=1h`).repeat(500));
    await expect.poll(() => figure(fixture, "netlog_waiting_requests")).toBe(1);
    await expect.poll(() => figure(fixture, "netlog_bytes_in_flight")).toBeGreaterThan(20_000);
    const patient = api.scan(topic, id, "1h");
    await expect.poll(() => figure(fixture, "netlog_waiting_requests")).toBe(2);
    greedy.leave();
    await expect.poll(() => figure(fixture, "netlog_waiting_requests")).toBe(1);
    expect(await figure(fixture, "netlog_bytes_in_flight")).toBe(0);
    await api.publish(topic, "a");
    expect((await patient).text).toBe("a");
  });

  it("must not send much behind a request that waits: that is answered, and the others are", async () => {
    const fixture = await serverForTest();
    const { api } = fixture;
    const topic = await api.newTopic();
    const id = await api.newScanner(topic);
    const greedy = await connectionForTest(fixture);
    const scan = get(`/${topic}/scan?id=${id}&wait=1h`);
    const count = 16_384;
    greedy.send(scan.repeat(count));
    const left = Math.floor(LIMITS.pipelinedBytes / scan.length);
    for (let i = 0; i < count - left - 1000; i++) expectTooMany(await greedy.reply(), "pipelinedBytes");
    expect(await figure(fixture, "netlog_waiting_requests")).toBeLessThanOrEqual(1);
    greedy.leave();
    await expect.poll(() => figure(fixture, "netlog_bytes_in_flight")).toBe(0);
    expect(await figure(fixture, "netlog_waiting_requests")).toBe(0);
  });

  it("must not send much behind a stream: that ends, and the others are answered", async () => {
    const fixture = await serverForTest();
    const topic = await fixture.api.newTopic(["a"]);
    const connection = await connectionForTest(fixture);
    connection.send(get(`/${topic}/stream?format=lines`));
    await expect.poll(() => connection.received).toContain("a\n");
    const nextCount = Math.ceil((2 * LIMITS.pipelinedBytes) / get("/").length);
    connection.send(get("/").repeat(nextCount));
    await expect.poll(() => connection.received.match(/HTTP.1.1 200/g)?.length).toBe(1 + nextCount);
    expect(connection.received).toContain("\r\n0\r\n\r\nHTTP/1.1 200 OK");
  });

  it("has its answers made one by one while nobody takes them", async () => {
    const fixture = await serverForTest();
    const { api, netlog } = fixture;
    const topic = await netlog.createTopic("t");
    await topic.publish({ payload: Buffer.alloc(8 * 1024 * 1024, "x") });
    const reader = await connectionForTest(fixture);
    reader.pause();
    reader.send(get("/t/payload/0").repeat(6));
    await expect.poll(() => figure(fixture, "netlog_bytes_in_flight")).toBeGreaterThan(8 * 1024 * 1024);
    await api.get("/");
    expect(await figure(fixture, "netlog_bytes_in_flight")).toBeLessThan(9 * 1024 * 1024);
    reader.resume();
    for (let i = 0; i < 6; i++) expect((await reader.reply()).status).toBe(200);
    await expect.poll(() => figure(fixture, "netlog_bytes_in_flight")).toBe(0);
  });

  it("ends where there is no memory for what it sends too early", async () => {
    const fixture = await serverForTest({ limits: { bytesInFlight: 1000, smallBytesInFlight: 0 } });
    const { api } = fixture;
    const topic = await api.newTopic();
    const connection = await connectionForTest(fixture);
    connection.send(get(`/${topic}/batch?wait=1h`) + get("/").repeat(100));
    expect(await connection.closed()).toBe("");
    await expect.poll(() => figure(fixture, "netlog_waiting_requests")).toBe(0);
    expect(await figure(fixture, "netlog_bytes_in_flight")).toBe(0);
  });

  it("may publish some messages at once, which share their writes, and no more than some", async () => {
    const fixture = await serverForTest();
    const { api } = fixture;
    const topic = await api.newTopic();
    const count = 10 * LIMITS.pipelinedRequests;
    const before = await figure(fixture, "netlog_commit_messages_count");
    const connection = await connectionForTest(fixture);
    connection.send(
      texts(count)
        .map((text) => post(`/${topic}/payload`, text.length, text))
        .join(""),
    );
    for (let i = 0; i < count; i++) {
      expect(await connection.reply()).toMatchObject({ status: 201, headers: { "x-offset": String(i) } });
    }
    const commits = (await figure(fixture, "netlog_commit_messages_count")) - before;
    expect(commits).toBeGreaterThanOrEqual(10);
    expect(commits).toBeLessThan(count / 4);
    await expect.poll(() => figure(fixture, "netlog_bytes_in_flight")).toBe(0);
  });

  it("shortens a turn of the event loop when it comes, and not when it sends too early", async () => {
    const fixture = await serverForTest();
    const topic = await fixture.api.newTopic();
    const shortened = vi.spyOn(fixture.runtime, "shortenTurn");
    const connection = await connectionForTest(fixture);
    connection.send(post(`/${topic}/payload`, 1, "a").repeat(3));
    for (let i = 0; i < 3; i++) expect((await connection.reply()).status).toBe(201);
    expect(shortened).toHaveBeenCalledTimes(1);
  });

  it("publishes one by one where there is no memory for several", async () => {
    const fixture = await serverForTest({ limits: { bytesInFlight: 5000, smallBytesInFlight: 0 } });
    const { api } = fixture;
    const topic = await api.newTopic();
    const connection = await connectionForTest(fixture);
    const message = post(`/${topic}/payload`, 1, "a");
    connection.send(message.repeat(40));
    for (let i = 0; i < 40; i++) expect((await connection.reply()).headers["x-offset"]).toBe(String(i));
  });

  it("gets answers to all that was taken up when the server stops", async () => {
    const fixture = await serverForTest();
    const { api, netlog, runtime, server } = fixture;
    const topic = await netlog.createTopic("t", { compression_type: 2, batch_interval: "1h" });
    const connection = await connectionForTest(fixture);
    connection.send(post("/t/payload", 1, "a"));
    await api.get("/");
    connection.send(post("/t/payload", 1, "b").repeat(100));
    await api.get("/");
    const stopped = server.stop();
    const offsets: (string | undefined)[] = [];
    for (;;) {
      const { headers } = await connection.reply();
      offsets.push(headers["x-offset"]);
      if (headers.connection === "close") break;
    }
    await runtime.advance(100);
    await stopped;
    expect(offsets).toHaveLength((await topic.info()).latest_offset + 1);
  });
});
