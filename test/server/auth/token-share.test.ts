/** What one token may take of the limits that all clients share. */
import { expect, it } from "vitest";
import { within } from "../../support/deadline.ts";
import { expectTooMany, figure } from "../http/limit-checks.ts";
import { connectionForTest, type ServerFixture, serverForTest } from "../server-fixture.ts";
import { bearer, type TestToken, testToken } from "./tokens-fixture.ts";

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
  const fixture = await serverWith({ bytesInFlight: 1000, payloadBytes: 300, uncountedBytes: 0 });
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
