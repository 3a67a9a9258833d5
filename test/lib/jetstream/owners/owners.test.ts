/** Several servers on one NATS: every topic is served by way of each of them, and outlives its owner. */
import { describe, expect, onTestFinished, test } from "vitest";
import type { EngineOptions } from "../../../../lib/jetstream/index.ts";
import { EngineNames } from "../../../../lib/jetstream/nats/names.ts";
import type { Limits } from "../../../../lib/limits.ts";
import { Api } from "../../../contract/api.ts";
import { CutRelay } from "../../../support/cut-relay.ts";
import { type EngineServer, startEngineServer } from "../../../support/engine-server.ts";
import { hasNats } from "../../../support/nats.ts";
import { connectTo, natsOfFile } from "../engine-fixture.ts";

interface Started extends EngineServer {
  readonly api: Api;
}

describe.skipIf(!hasNats)("servers on one NATS", () => {
  const nats = natsOfFile();
  let prefixCount = 0;

  /** Two of a cluster that no other test has. */
  async function two(): Promise<[Started, Started]> {
    prefixCount += 1;
    const prefix = `t${prefixCount}`;
    return [await start({ prefix }), await start({ prefix })];
  }

  async function start(given: Partial<EngineOptions>, limits?: Partial<Limits>): Promise<Started> {
    const server = await startEngineServer(nats.current, given, limits);
    const api = new Api(server.url);
    onTestFinished(async () => {
      await api.disconnect();
      await server.stop();
    });
    return { ...server, api };
  }

  async function payloads(api: Api, topic: string): Promise<string> {
    return (await api.get(`/${topic}/stream?follow=0&format=lines`)).text;
  }

  test("serve every topic by way of each", async () => {
    const [one, other] = await two();
    expect((await one.api.post("/orders")).status).toBe(201);
    expect(await other.api.publish("orders", "a")).toBe(0);
    expect(await one.api.publish("orders", "b")).toBe(1);
    expect(await payloads(other.api, "orders")).toBe("a\nb\n");
    expect([one.netlog.serves("orders"), other.netlog.serves("orders")]).toEqual([true, false]);
    expect((await other.api.post("/orders")).headers["x-netlog-error"]).toBe("topic_exists");
    expect((await other.api.get("/nowhere")).headers["x-netlog-error"]).toBe("topic_not_found");
  });

  test("make a topic once, whichever of them is asked", async () => {
    const [one, other] = await two();
    for (const name of ["a", "b", "c", "d", "e"]) {
      const replies = await Promise.all([one, other, one, other].map(({ api }) => api.post(`/${name}`)));
      const told = replies
        .map(({ status, headers }) => `${status} ${headers["x-netlog-error"] ?? ""}`)
        .sort();
      expect(told).toEqual(["201 ", ...Array.from({ length: 3 }, () => "400 topic_exists")]);
    }
  });

  test("list no topic that was deleted by way of them", async () => {
    const [one, other] = await two();
    for (const name of ["a", "b", "c"]) {
      expect((await one.api.post(`/${name}`)).status).toBe(201);
      expect((await other.api.delete(`/${name}`)).status).toBe(200);
      expect((await other.api.get("/")).json).toEqual([]);
    }
  });

  test("list the topics of all, in any order", async () => {
    const [one, other] = await two();
    await one.api.post("/a");
    await other.api.post("/b");
    await other.api.publish("b", "x");
    await one.api.post("/c");
    for (const { api } of [one, other]) {
      await expect.poll(async () => (await api.get("/")).json).toEqual(["a", "b", "c"]);
      const { json } = await api.get("/-/topics?sort=-messages&limit=2");
      expect(json).toMatchObject({ count: 3, topics: [{ name: "b", messages: 1 }, { name: "c" }] });
      const { next } = json as { next: string };
      const rest = await api.get(`/-/topics?sort=-messages&limit=2&after=${encodeURIComponent(next)}`);
      expect(rest.json).toMatchObject({ topics: [{ name: "a" }] });
    }
  });

  test("take over from one that is gone, with all that was acknowledged", async () => {
    const [one, other] = await two();
    await one.api.post("/orders");
    await one.api.post("/orders/scanner?id=w&persist=true&from=0");
    for (const payload of ["a", "b", "c"]) await other.api.publish("orders", payload);
    expect((await other.api.scan("orders", "w")).text).toBe("a");
    await one.vanish();
    await expect.poll(() => other.netlog.serves("orders"), POLL).toBe(true);
    expect(await other.api.publish("orders", "d")).toBe(3);
    expect(await payloads(other.api, "orders")).toBe("a\nb\nc\nd\n");
    expect(["a", "b"]).toContain((await other.api.scan("orders", "w")).text);
  });

  test("answer nothing that is out of date where another one took over unheard", async () => {
    const relay = await CutRelay.start(Number(new URL(nats.current.servers[0]!.url).port));
    onTestFinished(() => relay.end());
    const prefix = `t${++prefixCount}`;
    const one = await start({ prefix, servers: [`nats://127.0.0.1:${relay.port}`] }, IMPATIENT);
    await one.api.post("/orders");
    const other = await start({ prefix }, IMPATIENT);
    await other.api.publish("orders", "a");
    relay.cut();
    await expect.poll(() => other.netlog.serves("orders"), { ...POLL, interval: 5 }).toBe(true);
    await other.api.publish("orders", "b");
    const early = one.api.get("/orders/stream?follow=0&format=lines");
    relay.mend();
    const { status, text } = await early;
    expect(status === 503 || text === "a\nb\n").toBe(true);
    await expect.poll(() => payloads(one.api, "orders"), POLL).toBe("a\nb\n");
    expect(one.netlog.serves("orders")).toBe(false);
  });

  test("relay publishes, and tell the truth of those that are on their way to one that dies", async () => {
    const [one, other] = await two();
    await one.api.post("/orders");
    const acknowledged: string[] = [];
    const refused: string[] = [];
    const answers = new Set<string>();
    let count = 0;
    let isGone = false;
    let hasMoved = false;
    const publish = async (): Promise<void> => {
      while (!hasMoved) {
        const payload = String(count++);
        const { status, headers } = await other.api.post("/orders/payload", payload);
        const code = String(headers["x-netlog-error"] ?? status);
        answers.add(code);
        if (status === 201) acknowledged.push(payload);
        if (code === "topic_unavailable") refused.push(payload);
        hasMoved = isGone && status === 201 && other.netlog.serves("orders");
      }
    };
    const publishers = Array.from({ length: 16 }, publish);
    await expect.poll(() => acknowledged.length, POLL).toBeGreaterThan(100);
    await one.vanish();
    isGone = true;
    await Promise.all(publishers);
    for (const code of answers) expect(["201", "topic_unavailable", "sync_failed"]).toContain(code);
    expect((await other.netlog.stats()).engine?.relayedRequests).toBeGreaterThan(50);
    const stored = (await payloads(other.api, "orders")).split("\n");
    expect(new Set(stored).size).toBe(stored.length);
    expect(acknowledged.filter((payload) => !stored.includes(payload))).toEqual([]);
    expect(refused.filter((payload) => stored.includes(payload))).toEqual([]);
  });

  test("give topics away when they stop", async () => {
    const [one, other] = await two();
    await one.api.post("/orders");
    await other.api.publish("orders", "a");
    await one.stop();
    await expect.poll(async () => (await other.api.post("/orders/payload", "b")).status, POLL).toBe(201);
    expect(await payloads(other.api, "orders")).toBe("a\nb\n");
  });

  test("end what waits for a topic that another server takes: it is elsewhere, in a moment", async () => {
    const [one, other] = await two();
    await one.api.post("/orders", '{"content_type":"text/plain"}');
    await one.api.post("/orders/scanner?id=w&ack=explicit");
    const offset = (await one.api.call("HEAD", "/-/streams/orders")).headers["stream-next-offset"];
    const waits = [
      one.api.get("/orders/batch?from=0&wait=1m"),
      one.api.post("/orders/scan?id=w&wait=1m"),
      one.api.get(`/-/streams/orders?live=long-poll&offset=${offset}`),
      other.api.get("/orders/batch?from=0&wait=1m"),
    ];
    const streams = [
      one.api.get("/orders/stream?from=0"),
      one.api.get("/orders/stream?from=0&format=sse"),
      one.api.get(`/-/streams/orders?live=sse&offset=${offset}`),
    ];
    const waiting = async () => (await one.netlog.stats()).topics[0]?.waiterCount;
    await expect.poll(waiting, POLL).toBe(waits.length + streams.length);
    await other.netlog.takeUp("orders");
    for (const { status, headers } of await Promise.all(waits)) {
      const { "x-netlog-error": error, "retry-after": seconds } = headers;
      expect({ status, error, seconds }).toEqual({ status: 503, error: "topic_unavailable", seconds: "1" });
    }
    // Their readers come back by themselves.
    expect((await Promise.all(streams)).map(({ status }) => status)).toEqual([200, 200, 200]);
    await expect.poll(async () => (await one.api.post("/orders/payload", "a")).status, POLL).toBe(201);
    expect(other.netlog.serves("orders")).toBe(true);
    expect((await one.api.scan("orders", "w")).text).toBe("a");
  });

  test("know a topic that is deleted, and made anew elsewhere", async () => {
    const [one, other] = await two();
    await one.api.post("/orders");
    await other.api.publish("orders", "a");
    expect((await other.api.delete("/orders")).status).toBe(200);
    for (const { api } of [one, other]) expect((await api.get("/orders")).status).toBe(404);
    expect((await other.api.post("/orders")).status).toBe(201);
    await expect.poll(async () => (await one.api.post("/orders/payload", "b")).status, POLL).toBe(201);
    expect(await payloads(other.api, "orders")).toBe("b\n");
  });

  test("let go of a topic whose stream was removed by hand", async () => {
    const [one, other] = await two();
    await one.api.post("/orders");
    await other.api.publish("orders", "a");
    const api = await connectTo(nats.current);
    await api.deleteStream(new EngineNames(`t${prefixCount}`).logStream("orders"));
    // Another server that comes has all of them look at what there is.
    const third = await start({ prefix: `t${prefixCount}` });
    for (const server of [one, other, third]) {
      await expect.poll(async () => (await server.api.get("/orders")).status, POLL).toBe(404);
    }
    expect((await third.api.post("/orders")).status).toBe(201);
  });

  test("fork a topic where it is", async () => {
    const [one, other] = await two();
    await one.api.call("PUT", "/-/streams/a", { body: "x" });
    const headers = { "stream-forked-from": "/a" };
    expect((await other.api.call("PUT", "/-/streams/b", { headers })).status).toBe(201);
    expect((await other.api.get("/-/streams/b?offset=-1")).text).toBe("x");
  });

  test("send dead letters to the topic's owner", async () => {
    const [one, other] = await two();
    await other.api.post("/dead");
    await one.api.post("/work");
    const scanner = "/work/scanner?id=w&ack=explicit&ack_wait=100ms&max_deliver=1&dead_letter=dead&from=0";
    expect((await one.api.post(scanner)).status).toBe(201);
    await one.api.call("POST", "/work/payload", { body: "spoilt", headers: { "x-key": "k" } });
    expect((await one.api.get("/work/scan?id=w")).text).toBe("spoilt");
    await expect
      .poll(async () => {
        await one.api.get("/work/scan?id=w");
        return (await one.api.get("/dead/payload/0")).text;
      }, POLL)
      .toBe("spoilt");
    expect((await other.api.get("/dead/payload/0")).headers["x-key"]).toBe("k");
    expect(other.netlog.serves("dead")).toBe(true);
  });

  test("find all topics again when all of them were gone", async () => {
    const [one, other] = await two();
    await one.api.post("/orders");
    await other.api.post("/b.c");
    await one.api.publish("orders", "a");
    await one.vanish();
    await other.vanish();
    const third = await start({ prefix: `t${prefixCount}` });
    expect((await third.api.get("/")).json).toEqual(["b.c", "orders"]);
    expect(await payloads(third.api, "orders")).toBe("a\n");
  });
});

/** A server that cannot be heard counts as dead soon. */
const IMPATIENT: Partial<Limits> = { engineHeartbeatMs: 100, engineSilenceMs: 1000 };
const POLL = { interval: 50 };
