/** Requests that a server relays to the one that has the topic: which ones, and what becomes of them. */
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import type { Relayed } from "../../../lib/index.ts";
import type { Limits } from "../../../server/index.ts";
import { hashToken, newToken } from "../../../server/index.ts";
import { RawConnection } from "../../contract/raw.ts";
import { type MemoryRelay, memoryRelay } from "../../support/memory-relay.ts";
import { NO_NEIGHBOURS } from "../../support/no-neighbours.ts";
import { type ServerFixture, serverForTest } from "../server-fixture.ts";

interface Two {
  readonly front: ServerFixture;
  readonly owner: ServerFixture;
  readonly relay: MemoryRelay;
  readonly suspected: string[];
}

/** `front` sends all requests on to `owner`, which has a topic. */
async function two(limits: Partial<Limits> = {}, server = {}): Promise<Two> {
  const relay = memoryRelay();
  const suspected: string[] = [];
  const suspect = (url: string): void => void suspected.push(url);
  const owner = await serverForTest({
    neighbours: { ...NO_NEIGHBOURS, suspect, relay: relay.owner },
    server,
  });
  await owner.netlog.createTopic("topic");
  const sendOn = { suspect, ownerOf: () => owner.server.url, relay: relay.front };
  const front = await serverForTest({ neighbours: { ...NO_NEIGHBOURS, ...sendOn }, limits, server });
  return { front, owner, relay, suspected };
}

test("a small publish is relayed, with all that it says, and answered as its owner does", async () => {
  const { front, owner, relay } = await two();
  const headers = { "x-key": "k", "x-meta-a": "b, c", "content-type": "text/plain" };
  const made = await front.api.call("POST", "/topic/payload?durability=written", { body: "a", headers });
  expect([made.status, made.headers["x-offset"], made.headers["x-durability"]]).toEqual([
    201,
    "0",
    "written",
  ]);
  expect(relay.sentCount).toBe(1);
  const read = await owner.api.get("/topic/payload/0");
  expect(read.text).toBe("a");
  expect(read.headers).toMatchObject(headers);
});

test("every byte of a payload arrives", async () => {
  const { front, owner, relay } = await two();
  const body = Buffer.from(Array.from({ length: 5000 }, (_, place) => place % 256));
  expect((await front.api.post("/topic/payload", body)).status).toBe(201);
  expect((await owner.netlog.topic("topic").message(0)).payload.equals(body)).toBe(true);
  expect(relay.sentCount).toBe(1);
});

test("errors are the owner's", async () => {
  const { front, owner, relay } = await two();
  for (const path of [
    "/topic/payload?durabilty=written",
    "/nowhere/payload",
    "/topic/payload?durability=x",
  ]) {
    const [there, here] = [await owner.api.post(path, "a"), await front.api.post(path, "a")];
    expect([here.status, here.json]).toEqual([there.status, there.json]);
    expect(here.status).not.toBe(201);
  }
  expect(relay.sentCount).toBe(3);
});

test("the owner looks at the token, too", async () => {
  const secret = newToken();
  const right = {
    name: "w",
    hash: `sha256:${hashToken(secret)}`,
    topics: ["topic"],
    rights: ["write"],
  } as const;
  const { front, owner, relay } = await two({}, { tokens: [right] });
  const publish = (token: string) =>
    front.api.call("POST", "/topic/payload", { body: "a", headers: { authorization: `Bearer ${token}` } });
  expect((await publish(secret)).status).toBe(201);
  expect((await publish("other")).status).toBe(401);
  owner.server.replaceTokens([]);
  expect((await publish(secret)).status).toBe(401);
  expect(relay.sentCount).toBe(2);
});

test.each([
  ["a large body", "x".repeat(64 * 1024 + 1), {}],
  ["a packed body", gzipSync("a"), { "content-encoding": "gzip" }],
])("%s goes by HTTP", async (_what, body, headers) => {
  const { front, relay } = await two();
  expect((await front.api.call("POST", "/topic/payload", { body, headers })).status).toBe(201);
  expect(relay.sentCount).toBe(0);
});

test.each([
  ["a header that is there twice", "X-Key: a\r\nX-Key: b\r\nContent-Length: 1\r\n", "a", 400],
  ["a body of unknown length", "Transfer-Encoding: chunked\r\n", "1\r\na\r\n0\r\n\r\n", 201],
])("%s goes by HTTP", async (_what, headers, body, status) => {
  const { front, relay } = await two();
  const client = await RawConnection.open(front.server.url);
  client.send(`POST /topic/payload HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n${body}`);
  expect((await client.reply()).status).toBe(status);
  expect(relay.sentCount).toBe(0);
  client.leave();
});

test("a request whose body does not come is answered before it comes", async () => {
  const { front, relay } = await two();
  const client = await RawConnection.open(front.server.url);
  client.send("POST /nowhere/payload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n");
  expect((await client.reply()).status).toBe(404);
  expect(relay.sentCount).toBe(0);
  client.leave();
});

test("reads go by HTTP", async () => {
  const { front, relay } = await two();
  await front.api.publish("topic", "a");
  expect((await front.api.get("/topic/payload/0")).text).toBe("a");
  expect(relay.sentCount).toBe(1);
});

test("work is settled by relay", async () => {
  const { front, relay } = await two();
  await front.api.publish("topic", "a");
  expect((await front.api.post("/topic/scanner?id=w&ack=explicit&from=0")).status).toBe(201);
  expect((await front.api.get("/topic/scan?id=w")).text).toBe("a");
  const acked = await front.api.post("/topic/ack?id=w&offset=0");
  expect([acked.status, acked.json]).toMatchObject([200, {}]);
  expect(relay.sentCount).toBe(2);
});

test.each([
  ["not_taken", "topic_unavailable", "1"],
  ["unknown", "sync_failed", "10"],
  [{ texts: ["?"], body: Buffer.alloc(0) }, "sync_failed", "10"],
  [{ texts: ["200", "no name", ""], body: Buffer.alloc(0) }, "sync_failed", "10"],
] as const)(
  "a request whose outcome is %s is answered so, and its server is suspected",
  async (outcome, code, again) => {
    const { front, owner, relay, suspected } = await two();
    relay.outcome = outcome;
    const reply = await front.api.post("/topic/payload", "a");
    expect([reply.status, reply.headers["x-netlog-error"]]).toEqual([503, code]);
    expect(reply.headers["retry-after"]).toBe(again);
    expect(suspected).toEqual([owner.server.url]);
  },
);

test("sends no request on a second time", async () => {
  const { owner, relay } = await two();
  const path = "/elsewhere/payload";
  Object.assign(owner.netlog.neighbours!, { ownerOf: () => "http://127.0.0.1:1" });
  const texts = ["POST", path, "localhost", "127.0.0.1"];
  const answer = await relay.front.send("", { texts, body: Buffer.from("a") });
  expect(String((answer as Relayed).body)).toContain("the topic changes from one server to another");
});

test("a client that leaves is forgotten, and what it sent is done", async () => {
  const { front, owner, relay } = await two({ waitingRequests: 1 });
  let go = (): void => {};
  relay.outcome = new Promise((resolve) => {
    go = () => resolve("unknown");
  });
  const client = await RawConnection.open(front.server.url);
  client.send("POST /topic/payload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\na");
  await expect.poll(() => relay.sentCount).toBe(1);
  expect((await front.api.post("/topic/payload", "b")).status).toBe(429);
  client.leave("reset");
  go();
  relay.outcome = undefined;
  await expect.poll(async () => (await front.api.post("/topic/payload", "b")).status).toBe(201);
  expect((await owner.api.get("/topic/payload/last")).headers["x-offset"]).toBe("0");
});

test("requests that wait for another server are bounded in bytes", async () => {
  const limits = { bytesInFlight: 300_000, smallBytesInFlight: 0 };
  const { front, relay } = await two(limits);
  let go = (): void => {};
  relay.outcome = new Promise((resolve) => {
    go = () => resolve("not_taken");
  });
  const body = "x".repeat(50_000);
  const codes: unknown[] = [];
  const published = Array.from({ length: 10 }, async () => {
    codes.push((await front.api.post("/topic/payload", body)).headers["x-netlog-error"]);
  });
  await expect.poll(() => codes).toEqual(Array(5).fill("too_many_requests"));
  go();
  await Promise.all(published);
  expect(codes.slice(5)).toEqual(Array(5).fill("topic_unavailable"));
  relay.outcome = undefined;
  expect((await front.api.post("/topic/payload", body)).status).toBe(201);
  expect((await front.api.get("/-/metrics")).text).toMatch(/^netlog_bytes_in_flight 0$/m);
});

test("what was taken is answered before the owner stops", async () => {
  const { front, owner, relay } = await two();
  const publishing = front.api.post("/topic/payload", "a");
  await expect.poll(() => relay.sentCount).toBe(1);
  await owner.server.stop();
  expect([201, 503]).toContain((await publishing).status);
  expect((await front.api.post("/topic/payload", "a")).headers["x-netlog-error"]).toBe("topic_unavailable");
});
