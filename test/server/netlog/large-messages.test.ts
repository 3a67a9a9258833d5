import { expect, it } from "vitest";
import { LIMITS } from "../../../server/index.ts";
import { LiveStream } from "../../contract/live-stream.ts";
import type { RawConnection } from "../../contract/raw.ts";
import { expectTooMany, figure } from "../http/limit-checks.ts";
import { connectionForTest, type ServerFixture, serverForTest } from "../server-fixture.ts";

const MIB = 1024 * 1024;
const BYTES_IN_FLIGHT = "netlog_bytes_in_flight";

/** Each of its bytes takes six in JSON. */
function escaped(bytes: number): Buffer {
  return Buffer.alloc(bytes, "\u0001");
}

/** A reader that takes nothing of its answer yet. */
async function idleReader(fixture: ServerFixture, path: string): Promise<RawConnection> {
  const connection = await connectionForTest(fixture);
  connection.pause();
  connection.send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  return connection;
}

it("a batch ends before a large message that has become too long, and goes on there", async () => {
  const { api, netlog } = await serverForTest();
  const topic = await netlog.createTopic("t");
  for (const payload of [Buffer.from("small"), escaped(2 * MIB), escaped(2 * MIB), Buffer.from("last")]) {
    await topic.publish({ payload });
  }
  const lengths: number[] = [];
  for (let from = 0; from < 4; ) {
    const reply = await api.get(`/t/batch?format=json&from=${from}`);
    const messages = reply.json as { offset: number; payload: string }[];
    expect(reply.headers).toMatchObject({ "x-offset": String(from), "x-count": String(messages.length) });
    lengths.push(...messages.map(({ payload }) => payload.length));
    from = Number(reply.headers["x-next-offset"]);
    expect(from).toBe(messages.at(-1)!.offset + 1);
    expect(messages).toHaveLength(1);
  }
  expect(lengths).toEqual([5, 2 * MIB, 2 * MIB, 4]);
});

it.each(["auto", "explicit"])("a scan gives back what has become too long, ack=%s", async (ack) => {
  const { api, netlog } = await serverForTest();
  const topic = await netlog.createTopic("t");
  for (const payload of [escaped(MIB), escaped(MIB), Buffer.from("last")]) await topic.publish({ payload });
  await api.post(`/t/scanner?id=s&from=0&ack=${ack}`);
  const given: unknown[] = [];
  for (const count of [1, 2]) {
    const reply = await api.get("/t/scan?id=s&max=10");
    expect(reply.headers).toMatchObject({ "x-count": String(count) });
    given.push(
      ...reply.text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    );
    expect(reply.headers["x-next-offset"]).toBe(String(given.length));
  }
  const delivery = ack === "explicit" ? 1 : undefined;
  expect(given).toMatchObject([0, 1, 2].map((offset) => (delivery ? { offset, delivery } : { offset })));
});

it("a body that is made of large messages tells what it holds of them while it is made, and no more then", async () => {
  const fixture = await serverForTest({ limits: { bytesInFlight: 20 * MIB } });
  const { api, netlog } = fixture;
  const topic = await netlog.createTopic("t");
  for (const payload of [escaped(4 * MIB), Buffer.from("last")]) await topic.publish({ payload });
  const id = await api.newScanner("t");
  // Four held, and 24 rendered.
  expectTooMany(await api.get("/t/batch"), "max_bytes_in_flight");
  expectTooMany(await api.get(`/t/scan?id=${id}&max=2`), "max_bytes_in_flight");
  expect(await figure(fixture, BYTES_IN_FLIGHT)).toBe(0);
  expect((await api.get(`/t/scan?id=${id}&max=2&format=lines`)).headers).toMatchObject({ "x-count": "2" });
  expect(await figure(fixture, BYTES_IN_FLIGHT)).toBe(0);
});

it.each(["ndjson", "sse", "lines", "frames"])(
  "readers of one large message share its bytes, and all of them get it: %s",
  async (format) => {
    const fixture = await serverForTest({ limits: { bytesInFlight: 24 * MIB } });
    const topic = await fixture.netlog.createTopic("t");
    const payload = Buffer.alloc(8 * MIB, "abc");
    await topic.publish({ payload });
    // From here on it is read from the disk.
    await topic.publish({ payload: Buffer.from("small") });
    const path = `/t/stream?from=0&follow=0&format=${format}`;
    const idle = await Promise.all(Array.from({ length: 20 }, () => idleReader(fixture, path)));
    await expect.poll(() => figure(fixture, BYTES_IN_FLIGHT)).toBeGreaterThanOrEqual(payload.length);
    const reader = await LiveStream.open(`${fixture.server.url}${path}`);
    const { end, rest } = await reader.ended();
    expect(end).toBe("complete");
    expect(rest.includes(payload.toString())).toBe(true);
    // Its bytes, half of what is left for pieces, and no more.
    expect(await figure(fixture, BYTES_IN_FLIGHT)).toBeLessThan(12 * MIB + payload.length);
    for (const connection of idle) {
      connection.resume();
      expect((await connection.reply()).status).toBe(200);
      connection.leave();
    }
    await expect.poll(() => figure(fixture, BYTES_IN_FLIGHT)).toBe(0);
  },
);

it("a stream that comes to a large message waits until there is memory for it", async () => {
  const fixture = await serverForTest({ limits: { bytesInFlight: 10 * MIB } });
  const { api, netlog, runtime, server } = fixture;
  const topic = await netlog.createTopic("t");
  await topic.publish({ payload: Buffer.alloc(8 * MIB, "x") });
  await topic.publish({ payload: Buffer.from("first") });
  const scanner = await api.newScanner("t", "1");
  const holder = await idleReader(fixture, "/t/payload/0");
  await expect.poll(() => figure(fixture, BYTES_IN_FLIGHT)).toBe(8 * MIB);
  const streams = await Promise.all(
    [`from=1`, `id=${scanner}`].map((query) =>
      LiveStream.open(`${server.url}/t/stream?format=lines&${query}`),
    ),
  );
  for (const stream of streams) await stream.comes("first\n");
  await topic.publish({ payload: Buffer.alloc(4 * MIB, "y") });
  await runtime.advance(10 * LIMITS.streamRetryMs);
  await topic.publish({ payload: Buffer.from("last") });
  expectTooMany(await api.get("/t/stream?from=2&format=lines"), "max_bytes_in_flight");
  holder.leave();
  await expect.poll(() => figure(fixture, BYTES_IN_FLIGHT)).toBe(0);
  await runtime.advance(LIMITS.streamRetryMs);
  for (const stream of streams) await stream.comes(`${"y".repeat(4 * MIB)}\nlast\n`);
});

it("a stream out that waits for memory ends when its client leaves", async () => {
  const fixture = await serverForTest({ limits: { bytesInFlight: 10 * MIB } });
  const { netlog, runtime, server } = fixture;
  const topic = await netlog.createTopic("t");
  await topic.publish({ payload: Buffer.alloc(8 * MIB, "x") });
  await topic.publish({ payload: Buffer.from("first") });
  await idleReader(fixture, "/t/payload/0");
  await expect.poll(() => figure(fixture, BYTES_IN_FLIGHT)).toBe(8 * MIB);
  const timers = runtime.timerCount;
  const stream = await LiveStream.open(`${server.url}/t/stream?from=1&format=lines`);
  await stream.comes("first\n");
  await topic.publish({ payload: Buffer.alloc(4 * MIB, "y") });
  await runtime.advance(LIMITS.streamRetryMs);
  // One for heartbeats, one to look for memory.
  await expect.poll(() => runtime.timerCount).toBe(timers + 2);
  stream.leave();
  await expect.poll(() => runtime.timerCount).toBe(timers);
});

it("what a scanner's stream began and could not end is given again", async () => {
  const fixture = await serverForTest();
  const { api, netlog } = fixture;
  const topic = await netlog.createTopic("t");
  await topic.publish({ payload: Buffer.from("small") });
  await topic.publish({ payload: Buffer.alloc(16 * MIB, "x") });
  await topic.publish({ payload: Buffer.from("last") });
  const id = await api.newScanner("t");
  const reader = await idleReader(fixture, `/t/stream?id=${id}&format=lines`);
  await expect.poll(() => topic.scanner(id).info().next).toBe(2);
  reader.leave("reset");
  await expect.poll(() => topic.scanner(id).info().next).toBeLessThan(2);
  const again = await api.get(`/t/stream?id=${id}&format=lines&follow=0`);
  expect(again.text.endsWith(`${"x".repeat(16 * MIB)}\nlast\n`)).toBe(true);
  expect(await figure(fixture, BYTES_IN_FLIGHT)).toBe(0);
});
