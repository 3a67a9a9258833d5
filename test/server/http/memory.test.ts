import { describe, expect, it } from "vitest";
import { inlineOffload, type Offload } from "../../../lib/message/compression.ts";
import { LIMITS } from "../../../server/index.ts";
import type { RawConnection } from "../../contract/raw.ts";
import { texts } from "../../support/netlog-fixture.ts";
import { connectionForTest, serverForTest } from "../server-fixture.ts";
import { expectTooMany, figure, post } from "./limit-checks.ts";

describe("bytes in flight", () => {
  it("are those of bodies that are not whole: one that has no place is refused before it is sent", async () => {
    const fixture = await serverForTest({ limits: { bytesInFlight: 1000, uncountedBytes: 0 } });
    const topic = await fixture.api.newTopic();
    const first = await connectionForTest(fixture);
    first.send(post(`/${topic}/payload`, 900, "x".repeat(600)));
    await expect.poll(() => figure(fixture, "netlog_bytes_in_flight")).toBe(600);
    const second = await connectionForTest(fixture);
    second.send(
      `POST /${topic}/payload HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 500\r\n\r\n`,
    );
    expectTooMany(await second.reply(), "max_bytes_in_flight");
    first.send("x".repeat(300));
    expect((await first.reply()).status).toBe(201);
    expect(await figure(fixture, "netlog_bytes_in_flight")).toBe(0);
    const third = await connectionForTest(fixture);
    third.send(post(`/${topic}/payload`, 900, "x".repeat(900)));
    expect((await third.reply()).status).toBe(201);
  });

  it("are those of small bodies, too, while their clients keep them waiting", async () => {
    const fixture = await serverForTest({ limits: { bytesInFlight: 1000, smallBytesInFlight: 0 } });
    const { api } = fixture;
    const topic = await api.newTopic();
    const slow = await connectionForTest(fixture);
    slow.send(post(`/${topic}/payload`, 700, "x".repeat(600)));
    const stream = await connectionForTest(fixture);
    stream.send(post(`/${topic}/stream`, 1000, `a line\n${"y".repeat(300)}`));
    await expect.poll(() => figure(fixture, "netlog_bytes_in_flight")).toBe(600 + 309);
    for (const [path, told] of [
      [`/${topic}/payload`, {}],
      [`/${topic}/batch?format=lines`, {}],
      [`/${topic}/stream`, { count: 1 }],
    ] as const) {
      const refused = await connectionForTest(fixture);
      refused.send(post(path, 800, `two\n${"z".repeat(200)}`));
      const reply = await refused.reply();
      expectTooMany(reply, "max_bytes_in_flight");
      expect(JSON.parse(reply.text)).toMatchObject(told);
    }
    expect((await api.post(`/${topic}/payload`, "w".repeat(900))).status).toBe(201);
    slow.send("x".repeat(100));
    expect((await slow.reply()).status).toBe(201);
    stream.leave();
    await expect.poll(() => figure(fixture, "netlog_bytes_in_flight")).toBe(0);
  });

  it("are those of small answers, too, while nobody takes them", async () => {
    const fixture = await serverForTest();
    const topic = await fixture.netlog.createTopic("t");
    await topic.publish({ payload: Buffer.alloc(60_000, "x") });
    const readers = [await connectionForTest(fixture), await connectionForTest(fixture)];
    for (const reader of readers) {
      reader.pause();
      // More than the network between the two holds.
      reader.send("GET /t/payload/0 HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1000));
    }
    await expect.poll(() => figure(fixture, "netlog_bytes_in_flight")).toBeGreaterThan(100_000);
    expect(await figure(fixture, "netlog_bytes_in_flight")).toBeLessThan(4 * 100_000);
    for (const reader of readers) reader.leave("reset");
    await expect.poll(() => figure(fixture, "netlog_bytes_in_flight")).toBe(0);
  });

  it("have no place for a small answer that nobody takes when they are too many", async () => {
    const fixture = await serverForTest({ limits: { bytesInFlight: 70_000, smallBytesInFlight: 0 } });
    const { netlog, api, logger } = fixture;
    const topic = await netlog.createTopic("t");
    await topic.publish({ payload: Buffer.alloc(40_000, "x") });
    const holder = await connectionForTest(fixture);
    holder.send(post("/t/payload", 70_000, "y".repeat(50_000)));
    await expect.poll(() => figure(fixture, "netlog_bytes_in_flight")).toBe(50_000);
    const reader = await connectionForTest(fixture);
    reader.pause();
    reader.send("GET /t/payload/0 HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(400));
    await expect.poll(() => logger.messages().join()).toContain("there is no memory for");
    for (let i = 0; i < 10; i++) expect((await api.get("/t/payload/0")).body).toHaveLength(40_000);
    await expect.poll(() => figure(fixture, "netlog_bytes_in_flight")).toBe(50_000);
  });

  it("leave room for small ones, beyond what large ones may take", async () => {
    const fixture = await serverForTest({ limits: { bytesInFlight: 100_000, smallBytesInFlight: 100_000 } });
    const { netlog, api } = fixture;
    const topic = await netlog.createTopic("t");
    for (let i = 0; i < 300; i++) await topic.publish({ payload: Buffer.alloc(40_000, "x") });
    const holder = await connectionForTest(fixture);
    holder.send(post("/t/payload", 100_000, "y".repeat(90_000)));
    await expect.poll(() => figure(fixture, "netlog_bytes_in_flight")).toBe(90_000);
    const slow = await connectionForTest(fixture);
    slow.send(post("/t/payload", 60_000, "z".repeat(50_000)));
    await expect.poll(() => figure(fixture, "netlog_bytes_in_flight")).toBe(140_000);
    expectTooMany(await api.post("/t/payload", "w".repeat(70_000)), "max_bytes_in_flight");
    expect((await api.get("/t/stream?format=lines&follow=0")).text).toHaveLength(300 * 40_001);
    slow.send("z".repeat(10_000));
    expect((await slow.reply()).status).toBe(201);
  });

  it("have no place for a stream that nobody takes when they are too many", async () => {
    const fixture = await serverForTest({ limits: { bytesInFlight: 70_000, smallBytesInFlight: 0 } });
    const { netlog, logger } = fixture;
    const topic = await netlog.createTopic("t");
    for (let i = 0; i < 300; i++) await topic.publish({ payload: Buffer.alloc(40_000, "x") });
    const holder = await connectionForTest(fixture);
    holder.send(post("/t/payload", 70_000, "y".repeat(50_000)));
    await expect.poll(() => figure(fixture, "netlog_bytes_in_flight")).toBe(50_000);
    const reader = await connectionForTest(fixture);
    reader.pause();
    reader.send("GET /t/stream?format=lines HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await expect.poll(() => logger.messages().join()).toContain("cut a stream that there is no memory for");
    await expect.poll(() => figure(fixture, "netlog_bytes_in_flight")).toBe(50_000);
  });

  it("stop a body of unknown length where there is no more room, and nothing is stored", async () => {
    const fixture = await serverForTest({ limits: { bytesInFlight: 1000, uncountedBytes: 0 } });
    const topic = await fixture.api.newTopic();
    for (const path of [`/${topic}/payload`, `/${topic}/batch?format=lines`]) {
      const connection = await connectionForTest(fixture);
      connection.send(
        `POST ${path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n258\r\n${"x".repeat(600)}\r\n`,
      );
      await expect.poll(() => figure(fixture, "netlog_bytes_in_flight")).toBe(600);
      connection.send(`258\r\n${"x".repeat(600)}\r\n`);
      const reply = await connection.reply();
      expectTooMany(reply, "max_bytes_in_flight");
      expect(reply.headers.connection).toBe("close");
      connection.leave();
      await expect.poll(() => figure(fixture, "netlog_bytes_in_flight")).toBe(0);
    }
    expect((await fixture.api.get(`/${topic}`)).json).toMatchObject({ latest_offset: -1 });
  });

  it("stop a stream that is in the middle of a long message, and tell what was kept", async () => {
    const limits = { bytesInFlight: 10_000, uncountedBytes: 1000 };
    const fixture = await serverForTest({ limits });
    const topic = await fixture.api.newTopic();
    const connection = await connectionForTest(fixture);
    const body = `one\ntwo\n${"x".repeat(30_000)}`;
    connection.send(post(`/${topic}/stream`, 100_000, body));
    const reply = await connection.reply();
    expectTooMany(reply, "max_bytes_in_flight");
    expect(JSON.parse(reply.text)).toMatchObject({ offset: 0, count: 2 });
    connection.leave();
    await expect.poll(() => figure(fixture, "netlog_bytes_in_flight")).toBe(0);
  });

  it("make large answers smaller, and lose nothing", async () => {
    const limits = { bytesInFlight: 30_000, uncountedBytes: 1000 };
    const { api, netlog } = await serverForTest({ limits });
    const topic = await netlog.createTopic("t");
    const payloads = texts(100).map((text) => text.padEnd(1000, "."));
    await Promise.all(payloads.slice(0, 20).map((text) => topic.publish({ payload: Buffer.from(text) })));
    for (const text of payloads.slice(20)) await topic.publish({ payload: Buffer.from(text) });
    const id = await api.newScanner("t");
    const read: string[] = [];
    const scanned: string[] = [];
    for (let from = 0; from < 100; ) {
      const reply = await api.get(`/t/batch?from=${from}&format=lines`);
      expect(reply.status).toBe(200);
      read.push(...reply.text.trimEnd().split("\n"));
      from = Number(reply.headers["x-next-offset"]);
      expect(reply.body.length).toBeLessThan(30_000);
    }
    expect(read).toEqual(payloads);
    while (scanned.length < 100) {
      const reply = await api.get(`/t/scan?id=${id}&max=1000&format=lines`);
      scanned.push(...reply.text.trimEnd().split("\n"));
    }
    expect(scanned).toEqual(payloads);
  });

  it("refuse an answer that has no place, whose message is the next one given", async () => {
    const limits = { bytesInFlight: 1000, uncountedBytes: 100 };
    const fixture = await serverForTest({ limits });
    const { api, netlog } = fixture;
    const topic = await netlog.createTopic("t");
    for (const size of [900, 20]) await topic.publish({ payload: Buffer.alloc(size, "x") });
    const [id, many] = [await api.newScanner("t"), await api.newScanner("t")];
    const holder = await connectionForTest(fixture);
    holder.send(post("/t/payload", 900, "y".repeat(600)));
    await expect.poll(() => figure(fixture, "netlog_bytes_in_flight")).toBe(600);
    expectTooMany(await api.scan("t", id), "max_bytes_in_flight");
    expectTooMany(await api.get(`/t/scan?id=${many}&max=5&format=lines`), "max_bytes_in_flight");
    expectTooMany(await api.get("/t/batch?format=frames"), "max_bytes_in_flight");
    expect((await api.get("/t/payload/1")).status).toBe(200);
    expectTooMany(await api.get("/t"), "max_bytes_in_flight");
    expect((await api.post("/another")).status).toBe(201);
    holder.leave();
    await expect.poll(() => figure(fixture, "netlog_bytes_in_flight")).toBe(0);
    for (const size of [900, 20]) expect((await api.scan("t", id)).body.length).toBe(size);
    expect((await api.get("/t/batch?format=frames")).headers).toMatchObject({ "x-count": "1" });
  });

  it("of an answer whose client left while it was made are free when it is made", async () => {
    let unpackSecond = (): void => {};
    const second = new Promise<void>((resolve) => {
      unpackSecond = resolve;
    });
    let unpackedCount = 0;
    const offload: Offload = {
      compress: inlineOffload.compress,
      pause: inlineOffload.pause,
      async decompress(...work) {
        unpackedCount += 1;
        if (unpackedCount === 2) await second;
        return await inlineOffload.decompress(...work);
      },
    };
    const fixture = await serverForTest({ offload });
    const topic = await fixture.api.newTopic([], { compression_type: 2 });
    const lines = `${"x".repeat(1000)}\n`.repeat(200);
    for (const _ of ["first", "second"]) await fixture.api.post(`/${topic}/batch?format=lines`, lines);
    const reader = await connectionForTest(fixture);
    reader.send(`GET /${topic}/batch?format=lines HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await expect.poll(() => unpackedCount).toBe(2);
    expect(await figure(fixture, "netlog_bytes_in_flight")).toBeGreaterThan(LIMITS.uncountedBytes);
    const connections = await figure(fixture, "netlog_connections");
    // One that only closes may still listen.
    reader.leave("reset");
    await expect.poll(() => figure(fixture, "netlog_connections")).toBe(connections - 1);
    expect(await figure(fixture, "netlog_bytes_in_flight")).toBeGreaterThan(LIMITS.uncountedBytes);
    unpackSecond();
    await expect.poll(() => figure(fixture, "netlog_bytes_in_flight")).toBe(0);
  });
});

describe("an answer that nobody takes", () => {
  it("is cut after 60 s, and its memory is free again", async () => {
    const fixture = await serverForTest();
    const { api, runtime, netlog, logger } = fixture;
    const topic = await netlog.createTopic("t");
    for (let i = 0; i < 4; i++) await topic.publish({ payload: Buffer.alloc(8 * 1024 * 1024, "x") });
    const readers: RawConnection[] = [];
    for (let offset = 0; offset < 4; offset++) {
      const reader = await connectionForTest(fixture);
      reader.pause();
      reader.send(`GET /t/payload/${offset} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      readers.push(reader);
    }
    await expect.poll(() => figure(fixture, "netlog_bytes_in_flight")).toBe(4 * 8 * 1024 * 1024);
    await runtime.advance(LIMITS.stalledMs);
    expect(logger.messages()).not.toContain("cut an answer whose reader takes nothing");
    await runtime.advance(2 * LIMITS.heartbeatMs);
    expect(logger.messages()).toContain("cut an answer whose reader takes nothing");
    await expect.poll(() => figure(fixture, "netlog_bytes_in_flight")).toBe(0);
    expect((await api.get("/")).status).toBe(200);
  });

  it("is waited for while those before it on its connection are not given yet", async () => {
    const fixture = await serverForTest();
    const { api, runtime, netlog } = fixture;
    const topic = await netlog.createTopic("t");
    await topic.publish({ payload: Buffer.alloc(8 * 1024 * 1024, "x") });
    const id = await api.newScanner("t", "end");
    const reader = await connectionForTest(fixture);
    reader.pause();
    for (const path of ["/t/payload/0", `/t/scan?id=${id}&wait=1h`, "/t/payload/0"]) {
      reader.send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    }
    await expect.poll(() => figure(fixture, "netlog_bytes_in_flight")).toBeGreaterThan(8 * 1024 * 1024);
    reader.resume();
    expect((await reader.reply()).text).toHaveLength(8 * 1024 * 1024);
    for (let passedMs = 0; passedMs < 3 * LIMITS.stalledMs; passedMs += LIMITS.heartbeatMs) {
      await runtime.advance(LIMITS.heartbeatMs);
      await api.get("/");
    }
    await topic.publish({ payload: Buffer.from("at last") });
    expect((await reader.reply()).text).toBe("at last");
    expect((await reader.reply()).text).toHaveLength(8 * 1024 * 1024);
  });
});
