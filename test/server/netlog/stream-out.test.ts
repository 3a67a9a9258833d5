import { afterEach, describe, expect, it } from "vitest";
import { nodeRuntime, type Topic } from "../../../lib/index.ts";
import { type RunningServer, startServer } from "../../../server/index.ts";
import { LiveStream } from "../../contract/live-stream.ts";
import { RawConnection } from "../../contract/raw.ts";
import { within } from "../../support/deadline.ts";
import type { ManualRuntime } from "../../support/manual-runtime.ts";
import type { MemoryDisk } from "../../support/memory-disk.ts";
import {
  type FixtureOptions,
  type NetlogFixture,
  openNetlog,
  publishAll,
  publishTogether,
  texts,
} from "../../support/netlog-fixture.ts";

const MIB = 1024 * 1024;
const FIRST_DATA_FILE = "/data/t/00000000000000000000.data";
const HEARTBEAT_MS = 15_000;
/** What Linux keeps of a connection on its way, at most, and what a stream may hold, with room to spare. */
const ON_THE_WAY_BYTES = 24 * MIB;

let ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

interface Fixture extends NetlogFixture {
  readonly server: RunningServer;
  readonly topic: Topic;
}

/** A server whose streams live by the clock of the test, on a topic `t`. */
async function start(options: FixtureOptions = {}, settings: object = {}): Promise<Fixture> {
  const fixture = await openNetlog(options);
  const { netlog, logger } = fixture;
  const known = netlog.topicNames().includes("t");
  const topic = known ? netlog.topic("t") : await netlog.createTopic("t", settings);
  const server = await serve(fixture, fixture.runtime);
  ends = [() => server.stop({ graceMs: 0 }), () => netlog.close()];
  return { ...fixture, logger, server, topic };
}

function serve(
  { netlog, logger }: NetlogFixture,
  runtime: ManualRuntime | undefined,
): Promise<RunningServer> {
  const clock = runtime === undefined ? nodeRuntime : streamClock(runtime);
  return startServer({ netlog, host: "127.0.0.1", port: 0, logger, runtime: clock });
}

/** The test's clock for heartbeats; what only stops a server is timed by the real one. */
function streamClock(runtime: ManualRuntime): typeof nodeRuntime {
  return {
    ...nodeRuntime,
    setTimer: (delayMs, fire) =>
      delayMs === HEARTBEAT_MS ? runtime.setTimer(delayMs, fire) : nodeRuntime.setTimer(delayMs, fire),
  };
}

/** Resolves when `value` was the same for many turns of the event loop, in which client and server run alike. */
async function settled(value: () => number): Promise<number> {
  let last = value();
  for (let quiet = 0; quiet < 2000; quiet++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (value() === last) continue;
    last = value();
    quiet = 0;
  }
  return last;
}

describe("a stream that is quiet", () => {
  it("tells every 15 s that it is alive, in the formats that can", async () => {
    const { server, runtime, topic } = await start();
    const open = (format: string) => LiveStream.open(`${server.url}/t/stream?format=${format}`);
    const [events, ndjson, lines, frames] = [
      await open("sse"),
      await open("ndjson"),
      await open("lines"),
      await open("frames"),
    ];
    await events.comes("retry: 1000\nid: -1\n\n");
    await runtime.advance(HEARTBEAT_MS - 1);
    await publishAll(topic, ["a"]);
    await events.comes("id: 0\ndata: a\n\n");
    expect(JSON.parse(await ndjson.line())).toMatchObject({ offset: 0 });
    await runtime.advance(1);
    await events.comes(":\n\n");
    await ndjson.comes("\n");
    await runtime.advance(2 * HEARTBEAT_MS);
    await events.comes(":\n\n:\n\n");
    await ndjson.comes("\n\n");
    await publishAll(topic, ["b"]);
    await lines.comes("a\nb\n");
    await topic.delete();
    expect((await frames.ended()).rest.match(/NLF/g)).toHaveLength(2);
    expect((await events.ended()).rest).toBe("id: 1\ndata: b\n\n");
  });

  it("tells a reader by key how far it has looked, in the format that can", async () => {
    const { server, runtime, topic } = await start();
    await topic.publish({ payload: Buffer.from("a"), key: "k" });
    await publishAll(topic, ["b", "c"]);
    const open = (query: string) => LiveStream.open(`${server.url}/t/stream?format=sse&${query}`);
    const [byKey, plain] = [await open("key=k&from=0"), await open("from=end")];
    await byKey.comes("retry: 1000\nid: -1\n\nid: 0\ndata: a\n\n");
    await plain.comes("retry: 1000\nid: 2\n\n");
    await runtime.advance(HEARTBEAT_MS);
    await byKey.comes(":\nid: 2\n\n");
    await plain.comes(":\n\n");
    await publishAll(topic, ["d"]);
    await plain.comes("id: 3\ndata: d\n\n");
    await runtime.advance(HEARTBEAT_MS);
    await byKey.comes(":\nid: 3\n\n");
  });

  it("gets no heartbeat in the middle of a message", async () => {
    const { server, runtime, topic } = await start();
    await topic.publish({ payload: Buffer.alloc(4 * MIB, "\u0001") });
    const answer = await fetch(`${server.url}/t/stream?follow=0`);
    let text = "";
    let beatAt = MIB;
    for await (const piece of answer.body!) {
      text += Buffer.from(piece).toString("latin1");
      // Seldom enough that something was taken each time.
      if (text.length < beatAt) continue;
      beatAt = text.length + MIB;
      await runtime.advance(HEARTBEAT_MS);
    }
    const lines = text.split("\n").filter((line) => line !== "");
    expect(lines.map((line) => (JSON.parse(line) as { payload: string }).payload.length)).toEqual([4 * MIB]);
  });

  it("holds no timer and no waiter when its client has left", async () => {
    const { server, runtime } = await start();
    const before = runtime.timerCount;
    const stream = await LiveStream.open(`${server.url}/t/stream`);
    expect(runtime.timerCount).toBe(before + 1);
    stream.leave();
    await expect.poll(() => runtime.timerCount).toBe(before);
  });
});

describe("a reader that takes nothing", () => {
  it.each(["frames", "lines", "ndjson"])("is read no further than the socket takes, %s", async (format) => {
    let readBytes = 0;
    const payload = Buffer.alloc(256 * 1024, "x");
    const source = await start();
    for (let i = 0; i < 256; i++) await source.topic.publish({ payload });
    for (const end of ends.splice(0)) await end();
    const { server } = await start({
      disk: source.disk,
      runtime: source.runtime,
      seen: (disk) =>
        countingReads(disk, (bytes) => {
          readBytes += bytes;
        }),
    });
    const connection = await RawConnection.open(server.url);
    connection.pause();
    readBytes = 0;
    connection.send(`GET /t/stream?format=${format} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await expect.poll(() => readBytes).toBeGreaterThan(0);
    expect(await settled(() => readBytes)).toBeLessThan(ON_THE_WAY_BYTES);
    connection.resume();
    await expect.poll(() => readBytes).toBeGreaterThanOrEqual(256 * payload.length);
    connection.leave();
  });

  it("is cut after 60 s in which it took nothing of what waits for it", async () => {
    const { server, runtime, topic, logger } = await start();
    const payload = Buffer.alloc(4 * MIB, "x");
    for (let i = 0; i < 16; i++) await topic.publish({ payload });
    const scanner = await topic.createScanner({ from: 0, persist: false });
    const connection = await RawConnection.open(server.url);
    connection.pause();
    connection.send(`GET /t/stream?format=lines&id=${scanner.id} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await expect.poll(() => scanner.info().next).toBeGreaterThan(0);
    const next = await settled(() => scanner.info().next);
    await runtime.advance(60_000);
    expect(logger.messages()).not.toContain("cut a stream whose reader takes nothing");
    await runtime.advance(HEARTBEAT_MS);
    expect(logger.messages()).toContain("cut a stream whose reader takes nothing");
    // What it did not take is given to the next one.
    await expect.poll(() => scanner.info().next).toBe(next - 1);
    connection.leave();
  });

  it("is not cut when nothing waits for it", async () => {
    const { server, runtime, topic } = await start();
    const stream = await LiveStream.open(`${server.url}/t/stream?format=lines`);
    await runtime.advance(10 * 60_000);
    await publishAll(topic, ["a"]);
    await stream.comes("a\n");
  });
});

describe("a server that stops", () => {
  it("ends streams properly, those that wait and those that are behind", async () => {
    const fixture = await openNetlog();
    const topic = await fixture.netlog.createTopic("t");
    await publishTogether(topic, texts(3));
    const server = await serve(fixture, undefined);
    const scanner = await topic.createScanner({ from: 0, persist: false });
    const paths = ["format=lines", "format=sse", `format=lines&id=${scanner.id}`, "format=frames"];
    const streams = await Promise.all(paths.map((path) => LiveStream.open(`${server.url}/t/stream?${path}`)));
    await streams[0]!.comes("m0\nm1\nm2\n");
    const stopped = server.stop({ graceMs: 5000 });
    for (const stream of streams) expect((await stream.ended()).end).toBe("complete");
    await within("the server's stop", stopped);
    await fixture.netlog.close();
  });
});

describe("a gap in a stream", () => {
  async function withGap(): Promise<Fixture & { firstOffset: number }> {
    const fixture = await start({}, { segment_size: 1024, retention_size: 1500 });
    await publishAll(fixture.topic, texts(100));
    await fixture.runtime.advance(10_000);
    const firstOffset = (await fixture.topic.info()).first_offset;
    expect(firstOffset).toBeGreaterThan(10);
    return { ...fixture, firstOffset };
  }

  it("behind Last-Event-ID is shown, and reading goes on at the first kept", async () => {
    const { server, firstOffset } = await withGap();
    const headers = { "last-event-id": "9" };
    const events = await LiveStream.open(`${server.url}/t/stream?format=sse`, headers);
    const missed = firstOffset - 10;
    await events.comes(
      `retry: 1000\nid: 9\n\nevent: skipped\ndata: ${missed}\n\nid: ${firstOffset}\ndata: m${firstOffset}\n\n`,
    );
    const ndjson = await LiveStream.open(`${server.url}/t/stream`, headers);
    expect(await ndjson.line()).toBe(`{"skipped":${missed},"next":${firstOffset}}`);
    expect(JSON.parse(await ndjson.line())).toMatchObject({ offset: firstOffset });
  });

  it("is no place to begin with from", async () => {
    const { server, firstOffset } = await withGap();
    for (const path of ["batch?from=9", "stream?from=9&format=sse", "stream?from=9&format=frames"]) {
      const reply = await fetch(`${server.url}/t/${path}`);
      expect([reply.status, reply.headers.get("x-first-offset")]).toEqual([404, String(firstOffset)]);
    }
  });

  it("of a scanner is shown in the stream, in the headers where its format cannot, and to a scan", async () => {
    const { server, topic, runtime } = await start({}, { segment_size: 1024, retention_size: 1500 });
    const scanners = await Promise.all([1, 2, 3].map(() => topic.createScanner({ from: 0, persist: false })));
    await publishAll(topic, texts(100));
    await runtime.advance(10_000);
    const first = (await topic.info()).first_offset;
    const [a, b, c] = scanners.map(({ id }) => id);
    const events = await LiveStream.open(`${server.url}/t/stream?format=sse&id=${a}`);
    const opening = `retry: 1000\nid: ${first - 1}\n\n`;
    await events.comes(`${opening}event: skipped\ndata: ${first}\n\nid: ${first}\n`);
    const lines = await LiveStream.open(`${server.url}/t/stream?format=lines&id=${b}`);
    expect(lines.headers["x-skipped"]).toBe(String(first));
    await lines.comes(`m${first}\n`);
    const many = await fetch(`${server.url}/t/scan?max=2&id=${c}`);
    expect(many.headers.get("x-skipped")).toBe(String(first));
  });
});

describe("damage", () => {
  async function damaged(): Promise<Fixture> {
    const fixture = await start();
    await publishTogether(fixture.topic, texts(3));
    await publishTogether(fixture.topic, texts(3, 3));
    await publishTogether(fixture.topic, texts(3, 6));
    for (const end of ends.splice(0)) await end();
    const bytes = fixture.disk.bytesOf(FIRST_DATA_FILE);
    bytes[bytes.indexOf("m4")]! ^= 1;
    fixture.disk.replaceBytes(FIRST_DATA_FILE, bytes);
    return await start({ disk: fixture.disk, runtime: fixture.runtime });
  }

  it.each(["ndjson", "json", "lines", "frames"])("ends a batch, and is then told, %s", async (format) => {
    const { server } = await damaged();
    const batch = (from: number) => fetch(`${server.url}/t/batch?format=${format}&from=${from}`);
    const before = await batch(0);
    expect([before.status, before.headers.get("x-count"), before.headers.get("x-next-offset")]).toEqual([
      200,
      "3",
      "3",
    ]);
    const told = await batch(3);
    expect(await told.json()).toEqual({ ok: false, status: 500, error: "netlog: checksum error" });
    expect([told.headers.get("x-offset"), told.headers.get("x-next-offset")]).toEqual(["3", "6"]);
    const behind = await batch(6);
    expect([behind.status, behind.headers.get("x-count")]).toEqual([200, "3"]);
  });

  it.each(["ndjson", "lines", "frames", "sse"])("cuts a stream, or is its answer, %s", async (format) => {
    const { server } = await damaged();
    const stream = await LiveStream.open(`${server.url}/t/stream?format=${format}`);
    expect((await stream.ended()).end).toBe("cut");
    const begun = await fetch(`${server.url}/t/stream?from=4&format=${format}`);
    expect([begun.status, begun.headers.get("x-next-offset")]).toEqual([500, "6"]);
    const ended = await LiveStream.open(`${server.url}/t/stream?format=${format}&follow=0`);
    expect((await ended.ended()).end).toBe("cut");
  });

  it("is reported once to a scanner, which goes on behind it", async () => {
    const { server, topic } = await damaged();
    const { id } = await topic.createScanner({ from: 0, persist: false });
    const scan = async () => {
      const reply = await fetch(`${server.url}/t/scan?id=${id}&max=100`);
      return [reply.status, reply.headers.get("x-offset"), reply.headers.get("x-next-offset")];
    };
    expect(await scan()).toEqual([200, "0", "3"]);
    expect(await scan()).toEqual([500, "3", "6"]);
    expect(await scan()).toEqual([200, "6", "9"]);
  });
});

/** Tells how many bytes each read asks for. */
function countingReads(disk: MemoryDisk, told: (bytes: number) => void): MemoryDisk {
  return new Proxy(disk, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      if (name !== "open") return value.bind(target);
      return (...given: Parameters<MemoryDisk["open"]>) => {
        const file = target.open(...given);
        const read = file.read.bind(file);
        file.read = (into, position) => {
          told(into.length);
          return read(into, position);
        };
        return file;
      };
    },
  });
}
