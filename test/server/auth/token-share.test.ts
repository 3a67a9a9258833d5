/** What one token may take of the limits that all clients share. */
import { type IncomingMessage, request } from "node:http";
import { expect, it, onTestFinished } from "vitest";
import { LiveStream } from "../../contract/live-stream.ts";
import { within } from "../../support/deadline.ts";
import { expectTooMany, figure } from "../http/limit-checks.ts";
import { connectionForTest, type ServerFixture, serverForTest } from "../server-fixture.ts";
import { bearer, type TestToken, testToken } from "./tokens-fixture.ts";

const MIB = 1024 * 1024;
const [one, other] = [testToken(["*"], ["read", "write", "admin"]), testToken(["*"], ["read", "write"])];

async function serverWith(limits: object): Promise<ServerFixture> {
  const fixture = await serverForTest({
    limits,
    server: { tokens: [one.record, other.record], areMetricsOpen: true },
  });
  await fixture.netlog.createTopic("t");
  return fixture;
}

it("one token has a share of the requests that wait, and gets it back", async () => {
  const fixture = await serverWith({ waitingRequests: 4 });
  const wait = (token: TestToken) => fixture.api.get("/t/batch?wait=1h", { headers: bearer(token) });
  const waiting = [wait(one), wait(one)];
  const count = () => figure(fixture, "netlog_waiting_requests");
  await expect.poll(count).toBe(2);
  expectTooMany(await wait(one), "tokenSharePercent");
  waiting.push(wait(other));
  await expect.poll(count).toBe(3);
  await fixture.api.post("/t/payload", "x", { headers: bearer(other) });
  for (const { status } of await within("all answers", Promise.all(waiting))) expect(status).toBe(200);
  expect((await fixture.api.get("/t/batch?wait=1h", { headers: bearer(one) })).status).toBe(200);
});

it("one token has a share of the bytes in flight, and gets it back", async () => {
  const fixture = await serverWith({
    bytesInFlight: 1000,
    payloadBytes: 300,
    batchBytes: 300,
    uncountedBytes: 0,
  });
  const begin = async ({ token }: TestToken, bytes: number) => {
    const connection = await connectionForTest(fixture);
    const head = `POST /t/payload HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n`;
    connection.send(`${head}Content-Length: ${bytes}\r\n\r\n${"x".repeat(bytes - 1)}`);
    return connection;
  };
  const held = () => figure(fixture, "netlog_bytes_in_flight");
  const slow = [await begin(one, 300), await begin(one, 300)];
  await expect.poll(held).toBe(598);
  expectTooMany(await (await begin(one, 300)).reply(), "tokenSharePercent");
  const others = await begin(other, 300);
  others.send("x");
  expect((await others.reply()).status).toBe(201);
  for (const connection of slow) connection.send("x");
  for (const connection of slow) expect((await connection.reply()).status).toBe(201);
  await expect.poll(held).toBe(0);
  const again = await begin(one, 300);
  again.send("x");
  expect((await again.reply()).status).toBe(201);
});

it("what a token's connections bring before its turn counts in its share", async () => {
  const fixture = await serverWith({
    bytesInFlight: 100_000,
    payloadBytes: 1000,
    batchBytes: 1000,
    smallBytesInFlight: 0,
  });
  const held = () => figure(fixture, "netlog_bytes_in_flight");
  const behind = "GET /t HTTP/1.1\r\nHost: localhost\r\nPadding: ";
  /** A request that waits, and so many bytes of requests behind it. */
  const pipeline = async ({ token }: TestToken, bytes: number) => {
    const connection = await connectionForTest(fixture);
    const head = `GET /t/batch?wait=1h HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    connection.send(head + `${behind.padEnd(996, "x")}\r\n\r\n`.repeat(bytes / 1000));
    return connection;
  };
  const first = await pipeline(one, 40_000);
  await expect.poll(held).toBe(40_000);
  await (await pipeline(one, 20_000)).closed();
  await pipeline(other, 20_000);
  await expect.poll(held).toBe(60_000);
  first.leave();
  await expect.poll(held).toBe(20_000);
});

/** The status of an answer whose body the client does not take. */
async function statusOfUntaken(url: string, token: TestToken): Promise<number | undefined> {
  const sent = request(url, { headers: bearer(token), agent: false });
  sent.on("error", () => {});
  onTestFinished(() => void sent.destroy());
  const answered = new Promise<IncomingMessage>((resolve) => sent.once("response", resolve).end());
  return (await within(`the headers of ${url}`, answered)).statusCode;
}

it("the messages that a token's streams hold count in its share, each once", async () => {
  const payloadBytes = 8 * MIB;
  const fixture = await serverWith({
    bytesInFlight: 6 * payloadBytes,
    payloadBytes,
    batchBytes: payloadBytes,
  });
  const topic = fixture.netlog.topic("t");
  for (let i = 0; i < 6; i++) await topic.publish({ payload: Buffer.alloc(payloadBytes, String(i)) });
  // From here on they are read from the disk.
  await topic.publish({ payload: Buffer.from("small") });
  const path = (from: number) => `${fixture.server.url}/t/stream?from=${from}&follow=0&format=lines`;
  const statuses: (number | undefined)[] = [];
  for (const from of [0, 0, 0, 0, 1, 2, 3, 4]) statuses.push(await statusOfUntaken(path(from), one));
  expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429, 429]);
  const stream = await LiveStream.open(path(5), bearer(other));
  expect((await stream.ended()).rest).toBe(`${"5".repeat(payloadBytes)}\nsmall\n`);
});

it("a token's share has room for the largest body", async () => {
  const fixture = await serverWith({
    bytesInFlight: 1000,
    payloadBytes: 100,
    batchBytes: 900,
    uncountedBytes: 0,
  });
  const lines = `${"x".repeat(99)}\n`.repeat(9);
  const reply = await fixture.api.post("/t/batch?format=lines", lines, { headers: bearer(one) });
  expect(reply.status).toBe(201);
});
