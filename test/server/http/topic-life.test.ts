/** What counts as use of a topic with a ttl, as requests see it, by the clock of the test. */
import { afterEach, describe, expect, it } from "vitest";
import { nodeRuntime } from "../../../lib/index.ts";
import { startServer } from "../../../server/index.ts";
import { Api } from "../../contract/api.ts";
import { expectError } from "../../contract/expect-error.ts";
import { LiveStream } from "../../contract/live-stream.ts";
import { within } from "../../support/deadline.ts";
import { FaultyDisk } from "../../support/faulty-disk.ts";
import { openNetlog, publishAll } from "../../support/netlog-fixture.ts";

let ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** A server with a topic `t` that has a message, a scanner `s`, and a ttl of 1 min. */
async function start() {
  let faulty: FaultyDisk | undefined;
  const { netlog, runtime, logger, disk } = await openNetlog({
    monitorIntervalMs: 3_600_000,
    seen: (real) => {
      faulty = new FaultyDisk(real);
      return faulty;
    },
  });
  const topic = await netlog.createTopic("t", { ttl: "1m" });
  await publishAll(topic, ["a"]);
  await topic.findOrCreateScanner({ id: "s", from: 0, persist: true });
  const server = await startServer({ netlog, host: "127.0.0.1", port: 0, logger, runtime: nodeRuntime });
  const api = new Api(server.url);
  ends = [() => api.disconnect(), () => server.stop({ graceMs: 0 })];
  return { netlog, runtime, api, server, topic, disk, faulty: faulty! };
}

const NEARLY_MS = 59_000;

describe("a topic with a ttl", () => {
  it.each([
    ["POST", "/t/payload", "x"],
    ["GET", "/t/payload/0", undefined],
    ["POST", "/t/batch?format=lines", "x"],
    ["GET", "/t/batch", undefined],
    ["POST", "/t/stream?format=lines", "x"],
    ["GET", "/t/stream?follow=0", undefined],
    ["GET", "/t/scan?id=s", undefined],
    ["POST", "/t/scanner?id=new", undefined],
    ["POST", "/t/seek?id=s&to=first", undefined],
  ] as const)("lives on by %s %s", async (method, path, body) => {
    const { api, runtime } = await start();
    await runtime.advance(NEARLY_MS);
    expect((await api.call(method, path, body === undefined ? {} : { body })).status).toBeLessThan(300);
    await runtime.advance(NEARLY_MS);
    expect((await api.get("/t")).status).toBe(200);
  });

  it.each([
    ["HEAD", "/t/payload/0"],
    ["HEAD", "/t/batch"],
    ["GET", "/t"],
    ["GET", "/t/check"],
    ["GET", "/t/scanner"],
    ["GET", "/-/metrics"],
  ] as const)("does not live on by %s %s, and is gone for all of them then", async (method, path) => {
    const { api, runtime, netlog } = await start();
    await runtime.advance(NEARLY_MS);
    expect((await api.call(method, path)).status).toBe(200);
    await runtime.advance(1000);
    expectError(await api.get("/t"), "topic not found");
    expect(netlog.topicNames()).toEqual([]);
  });

  it("lives while a scan waits, and from its end on for the ttl", async () => {
    const { api, runtime, netlog } = await start();
    await api.get("/t/scan?id=s");
    const leaving = new AbortController();
    const waiting = api.get("/t/scan?id=s&wait=1h", { signal: leaving.signal }).catch(() => "left");
    await untilWaiting(netlog);
    await runtime.advance(50 * NEARLY_MS);
    expect((await api.get("/t")).status).toBe(200);
    leaving.abort();
    expect(await within("the end of the scan", waiting)).toBe("left");
    while ((await netlog.stats()).topics[0]!.waiterCount > 0) await nodeRuntime.pause();
    await nodeRuntime.pause();
    await runtime.advance(60_000);
    expectError(await api.get("/t"), "topic not found");
  });

  it("lives while a stream is open, and that may get a ttl on the way", async () => {
    const { api, runtime, netlog, server } = await start();
    await netlog.updateTopic("t", { ttl: "" });
    await LiveStream.open(`${server.url}/t/stream?format=lines`);
    await netlog.updateTopic("t", { ttl: "2m" });
    await runtime.advance(50 * NEARLY_MS);
    expect((await api.get("/t")).status).toBe(200);
  });

  it("says that it is gone when it is gone for good", async () => {
    const { api, runtime, disk } = await start();
    await runtime.advance(60_000);
    expectError(await api.get("/t/payload/0"), "topic not found");
    const again = await openNetlog({ disk: disk.crashPower(() => 0), runtime });
    expect(again.netlog.topicNames()).toEqual([]);
  });

  it("says that it may come back, where its deletion is not on the disk", async () => {
    const { api, runtime, faulty } = await start();
    await runtime.advance(60_000);
    faulty.plan({ code: "EIO", kinds: ["rename"] });
    expectError(await api.get("/t/payload/0"), "topic unavailable");
  });

  it("can be made again by HTTP", async () => {
    const { api, runtime } = await start();
    await runtime.advance(60_000);
    expect((await api.post("/t")).status).toBe(201);
    expect((await api.get("/t")).json).toMatchObject({ latest_offset: -1, scanners: {} });
  });
});

async function untilWaiting(netlog: { stats(): Promise<{ topics: readonly { waiterCount: number }[] }> }) {
  const waiting = async (): Promise<void> => {
    while ((await netlog.stats()).topics[0]!.waiterCount === 0) await nodeRuntime.pause();
  };
  await within("a waiting scan", waiting());
}
