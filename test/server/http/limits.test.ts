import { describe, expect, it } from "vitest";
import { LIMITS } from "../../../server/index.ts";
import type { RawConnection, RawReply } from "../../contract/raw.ts";
import { within } from "../../support/deadline.ts";
import { texts } from "../../support/netlog-fixture.ts";
import { connectionForTest, serverForTest } from "../server-fixture.ts";
import { expectTooMany, figure, post } from "./limit-checks.ts";

const GET_TOPICS = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

async function ask(connection: RawConnection): Promise<RawReply> {
  connection.send(GET_TOPICS);
  return await connection.reply();
}

describe("connections", () => {
  it("beyond the limit get an error at their first request, and are closed", async () => {
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
