import { expect, it } from "vitest";
import { openFileLimit } from "../../../cmd/serve/process-settings.ts";
import { LIMITS } from "../../../server/index.ts";
import { within } from "../../support/deadline.ts";
import { texts } from "../../support/netlog-fixture.ts";
import { connectionForTest, serverForTest } from "../server-fixture.ts";
import { figure } from "./limit-checks.ts";

const KIB = 1024;

it("thousands of scans wait, and each gets a message of its own", async (context) => {
  const count = 3000;
  // Both ends of each connection are in this process.
  if ((openFileLimit() ?? Infinity) < 3 * count) context.skip("this system allows too few open files");
  const fixture = await serverForTest();
  const { api, runtime } = fixture;
  const topic = await api.newTopic();
  const id = await api.newScanner(topic);
  const timersBefore = runtime.timerCount;
  const connections = [];
  for (let i = 0; i < count; i++) connections.push(await connectionForTest(fixture));
  const scan = `GET /${topic}/scan?id=${id}&wait=1h HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  for (const connection of connections) connection.send(scan);
  await expect.poll(() => figure(fixture, "netlog_waiting_requests")).toBe(count);

  const published = await api.post(`/${topic}/batch?format=lines`, texts(count).join("\n"));
  expect(published.json).toMatchObject({ count });
  const given = new Set<string>();
  const readAll = connections.map(async (connection) => given.add((await connection.reply()).text));
  await within("all answers", Promise.all(readAll));
  expect(given).toEqual(new Set(texts(count)));
  await expect.poll(() => figure(fixture, "netlog_waiting_requests")).toBe(0);
  expect(runtime.timerCount).toBeLessThanOrEqual(timersBefore + 1);
});

it("five hundred slow bodies fill no more memory than is allowed, and keep nobody else out", async (context) => {
  const count = 500;
  // Both ends of each connection are in this process.
  if ((openFileLimit() ?? Infinity) < 3 * count) context.skip("this system allows too few open files");
  const bytesInFlight = 4 * 1024 * KIB;
  const fixture = await serverForTest({ limits: { bytesInFlight, uncountedBytes: 0 } });
  const { api, runtime } = fixture;
  const topic = await api.newTopic();
  const connections = [];
  for (let i = 0; i < count; i++) connections.push(await connectionForTest(fixture));
  const answers = connections.map((connection) => connection.reply());
  let [slow, refused] = [0, 0];
  for (const answer of answers) {
    void answer.then(
      ({ status }) => (status === 429 ? refused++ : slow++),
      () => {},
    );
  }
  const head = `POST /${topic}/payload HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${1024 * KIB}\r\n\r\n`;
  for (const connection of connections) connection.send(head + "x".repeat(16 * KIB));

  // A quarter of them has a place, and the others get 429.
  await expect.poll(() => refused).toBeGreaterThanOrEqual(count / 2 - 1);
  expect(await figure(fixture, "netlog_bytes_in_flight")).toBeLessThanOrEqual(bytesInFlight);
  expect(await api.publish(topic, "of a client that is not slow")).toBe(0);

  await runtime.advance(2 * LIMITS.bodyIdleMs);
  await expect.poll(() => slow + refused).toBe(count);
  for (const answer of answers) expect([408, 429]).toContain((await answer).status);
  await runtime.advance(LIMITS.lingerMs);
  await expect.poll(() => figure(fixture, "netlog_bytes_in_flight")).toBe(0);
  expect((await api.get(`/${topic}`)).json).toMatchObject({ latest_offset: 0 });
});
