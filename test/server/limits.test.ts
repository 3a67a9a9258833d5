import { describe, expect, it } from "vitest";
import { LIMITS } from "../../lib/index.ts";
import { inlineOffload, type Offload } from "../../lib/message/compression.ts";
import type { Reply } from "../contract/api.ts";
import type { RawConnection, RawReply } from "../contract/raw.ts";
import { within } from "../support/deadline.ts";
import { texts } from "../support/netlog-fixture.ts";
import { connectionForTest, type ServerFixture, serverForTest } from "./server-fixture.ts";

const GET_TOPICS = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/** Refused for a limit that this option sets. */
function expectTooMany(reply: Reply | RawReply, option: string): void {
  expect({ status: reply.status, retryAfter: reply.headers["retry-after"] }).toEqual({
    status: 429,
    retryAfter: expect.stringMatching(/^[1-9]\d*$/),
  });
  expect(JSON.parse(reply.text)).toMatchObject({
    ok: false,
    status: 429,
    error: "netlog: too many requests",
    reason: expect.stringContaining(`(${option})`),
  });
}

/** The figure of a metric without labels. */
async function figure({ api }: ServerFixture, name: string): Promise<number> {
  const { text } = await api.get("/-/metrics");
  return Number(new RegExp(`^${name} (.+)$`, "m").exec(text)?.[1]);
}

function post(path: string, lengthBytes: number, body: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${lengthBytes}\r\n\r\n${body}`;
}

async function ask(connection: RawConnection): Promise<RawReply> {
  connection.send(GET_TOPICS);
  return await connection.reply();
}

describe("connections", () => {
  it("beyond the limit are told so at their first request, and closed", async () => {
    const fixture = await serverForTest({ limits: { connections: 2 } });
    const [first] = [await connectionForTest(fixture), await connectionForTest(fixture)];
    const surplus = await connectionForTest(fixture);
    const refused = await ask(surplus);
    expectTooMany(refused, "max_connections");
    expect(refused.headers.connection).toBe("close");
    await surplus.closed();
    expect((await ask(first)).status).toBe(200);
  });

  it("are taken again when others have left", async () => {
    const fixture = await serverForTest({ limits: { connections: 1 } });
    const first = await connectionForTest(fixture);
    expect((await ask(first)).status).toBe(200);
    first.leave();
    await expect.poll(async () => (await ask(await connectionForTest(fixture))).status).toBe(200);
  });

  it("beyond the limit still tell probes and operators how the server is, once", async () => {
    const fixture = await serverForTest({ limits: { connections: 1 } });
    expect((await ask(await connectionForTest(fixture))).status).toBe(200);
    for (const path of ["/-/health", "/-/ready", "/-/metrics"]) {
      const surplus = await connectionForTest(fixture);
      surplus.send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      expect(await surplus.reply()).toMatchObject({ status: 200, headers: { connection: "close" } });
      await surplus.closed();
    }
    const publisher = await connectionForTest(fixture);
    publisher.send(post("/t/payload", 1_000_000, "x"));
    expectTooMany(await publisher.reply(), "max_connections");
  });

  it("beyond the surplus are closed unheard", async () => {
    const fixture = await serverForTest({ limits: { connections: 1, surplusConnections: 1 } });
    const kept = [await connectionForTest(fixture), await connectionForTest(fixture)];
    expect(await (await connectionForTest(fixture)).closed()).toBe("");
    expect((await ask(kept[0]!)).status).toBe(200);
    expectTooMany(await ask(kept[1]!), "max_connections");
  });
});

describe("requests that wait", () => {
  it("are so many and no more; what is there is given all the same", async () => {
    const fixture = await serverForTest({ limits: { waitingRequests: 2 } });
    const { api } = fixture;
    const topic = await api.newTopic();
    const id = await api.newScanner(topic);
    const waiting = [api.scan(topic, id, "1h"), api.get(`/${topic}/batch?wait=1h`)];
    await expect.poll(() => figure(fixture, "netlog_waiting_requests")).toBe(2);
    expectTooMany(await api.scan(topic, id, "1h"), "max_waiting");
    expectTooMany(await api.get(`/${topic}/scan?id=${id}&wait=1h&max=5`), "max_waiting");
    expectTooMany(await api.get(`/${topic}/batch?wait=1h`), "max_waiting");
    expect((await api.scan(topic, id)).status).toBe(404);
    await api.publish(topic, "x");
    for (const reply of await within("both answers", Promise.all(waiting))) expect(reply.status).toBe(200);
    expect((await api.get(`/${topic}/batch?wait=1h`)).text).toContain('"payload":"x"');
  });

  it("that were turned away have taken nothing, and make room when they leave", async () => {
    const fixture = await serverForTest({ limits: { waitingRequests: 1 } });
    const { api } = fixture;
    const topic = await api.newTopic();
    const id = await api.newScanner(topic);
    const leaving = await connectionForTest(fixture);
    leaving.send(`GET /${topic}/scan?id=${id}&wait=1h HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await expect.poll(() => figure(fixture, "netlog_waiting_requests")).toBe(1);
    expectTooMany(await api.scan(topic, id, "1h"), "max_waiting");
    leaving.leave();
    await expect.poll(() => figure(fixture, "netlog_waiting_requests")).toBe(0);
    const next = api.scan(topic, id, "1h");
    await expect.poll(() => figure(fixture, "netlog_waiting_requests")).toBe(1);
    await api.publish(topic, "x");
    expect((await next).text).toBe("x");
  });
});

describe("topics", () => {
  it("are so many and no more, however many are made at once, and one may follow another", async () => {
    const { api } = await serverForTest({ limits: { topics: 3 } });
    const replies = await Promise.all(texts(8).map((name) => api.post(`/${name}`)));
    expect(replies.map(({ status }) => status).sort()).toEqual([201, 201, 201, 429, 429, 429, 429, 429]);
    for (const reply of replies.filter(({ status }) => status === 429)) expectTooMany(reply, "max_topics");
    const [kept = ""] = (await api.get("/")).json as string[];
    expect((await api.post(`/${kept}`)).json).toMatchObject({ error: "netlog: topic exists" });
    expect((await api.delete(`/${kept}`)).status).toBe(200);
    expect((await api.post("/another")).status).toBe(201);
  });
});

describe("scanners", () => {
  it("are so many a topic and no more; those that are there are found", async () => {
    const { api } = await serverForTest({ limits: { scanners: 3 } });
    const [topic, other] = [await api.newTopic(), await api.newTopic()];
    const make = (rest: string) => api.post(`/${topic}/scanner?from=0&${rest}`);
    const made = ["", "persist=true", "id=a", "", "persist=true", "id=b&ack=explicit"].map(make);
    const replies = await Promise.all(made);
    const refused = replies.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(3);
    for (const reply of refused) expectTooMany(reply, "max_scanners");
    const { scanners } = (await api.get(`/${topic}`)).json as { scanners: object };
    const [id = ""] = Object.keys(scanners);
    expect((await api.scan(topic, id)).status).toBe(404);
    await api.newScanner(other);
    expect((await api.delete(`/${topic}/scanner?id=${id}`)).status).toBe(200);
    expect((await make("")).status).toBe(201);
  });
});

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
    await Promise.all(payloads.slice(0, 20).map((text) => topic.publish(Buffer.from(text))));
    for (const text of payloads.slice(20)) await topic.publish(Buffer.from(text));
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
    for (const size of [900, 20]) await topic.publish(Buffer.alloc(size, "x"));
    const [id, many] = [await api.newScanner("t"), await api.newScanner("t")];
    const holder = await connectionForTest(fixture);
    holder.send(post("/t/payload", 900, "y".repeat(600)));
    await expect.poll(() => figure(fixture, "netlog_bytes_in_flight")).toBe(600);
    expectTooMany(await api.scan("t", id), "max_bytes_in_flight");
    expect((await api.get(`/t/scan?id=${many}&max=5&format=lines`)).status).toBe(429);
    expect((await api.get("/t/batch?format=frames")).status).toBe(429);
    expect((await api.get("/t/payload/1")).status).toBe(200);
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
    reader.leave();
    await expect.poll(() => figure(fixture, "netlog_connections")).toBe(connections - 1);
    expect(await figure(fixture, "netlog_bytes_in_flight")).toBeGreaterThan(LIMITS.uncountedBytes);
    unpackSecond();
    await expect.poll(() => figure(fixture, "netlog_bytes_in_flight")).toBe(0);
  });
});

describe("a body", () => {
  it("that brings something all the time is given up when it takes too long as a whole", async () => {
    const fixture = await serverForTest();
    const { api, runtime } = fixture;
    const topic = await api.newTopic();
    const connection = await connectionForTest(fixture);
    connection.send(post(`/${topic}/payload`, 1000, "0"));
    let refused: RawReply | undefined;
    const reply = connection.reply().then((answer) => {
      refused = answer;
    });
    for (let passedMs = 0; passedMs < LIMITS.bodyMs; passedMs += LIMITS.bodyIdleMs) {
      expect(refused).toBeUndefined();
      connection.send("x");
      await api.get("/");
      await runtime.advance(LIMITS.bodyIdleMs);
    }
    await runtime.advance(LIMITS.bodyIdleMs);
    await within("the refusal", reply);
    expect(refused).toMatchObject({ status: 408, headers: { connection: "close" } });
  });

  it("of a stream may take for ever", async () => {
    const fixture = await serverForTest();
    const { api, runtime } = fixture;
    const topic = await api.newTopic();
    const connection = await connectionForTest(fixture);
    connection.send(post(`/${topic}/stream`, 8, "one\n"));
    await expect.poll(async () => (await api.get(`/${topic}`)).json).toMatchObject({ latest_offset: 0 });
    await runtime.advance(10 * LIMITS.bodyMs);
    connection.send("two\n");
    expect((await connection.reply()).status).toBe(201);
  });
});

describe("an answer that nobody takes", () => {
  it("is cut after 60 s, and its memory is free again", async () => {
    const fixture = await serverForTest();
    const { api, runtime, netlog, logger } = fixture;
    const topic = await netlog.createTopic("t");
    for (let i = 0; i < 4; i++) await topic.publish(Buffer.alloc(8 * 1024 * 1024, "x"));
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
});
