import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { FileStorage, Netlog, nodeRuntime, silentLogger } from "../../../lib/index.ts";
import { LIMITS, type Limits, type RunningServer, startServer } from "../../../server/index.ts";
import { Api } from "../../contract/api.ts";
import { RawConnection } from "../../contract/raw.ts";
import { within } from "../../support/deadline.ts";
import { MemoryDisk } from "../../support/memory-disk.ts";
import { figure } from "../http/limit-checks.ts";
import { connectionForTest, serverForTest } from "../server-fixture.ts";

const MIB = 1024 * 1024;
/** What Linux keeps of a connection on its way, at most, and what a stream may hold, with room to spare. */
const ON_THE_WAY_BYTES = 24 * MIB;

let ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Fixture {
  readonly server: RunningServer;
  readonly netlog: Netlog;
  /** From now on no sync ends; what this gives lets them. */
  hold(): () => void;
}

async function start(limits: Partial<Limits> = {}): Promise<Fixture> {
  let held: Promise<void> | undefined;
  const disk = new MemoryDisk({
    schedule: (operation) => (operation.startsWith("fdatasync ") && held) || Promise.resolve(),
  });
  const all = { ...LIMITS, ...limits };
  const surroundings = { runtime: nodeRuntime, logger: silentLogger, limits: all };
  const netlog = await Netlog.open({
    ...surroundings,
    openStorage: () => FileStorage.open({ ...surroundings, folder: "/data", disk }),
  });
  const server = await startServer({
    netlog,
    host: "127.0.0.1",
    port: 0,
    logger: silentLogger,
    limits: all,
  });
  ends = [() => netlog.close(), () => server.stop({ graceMs: 0 })];
  await netlog.createTopic("t");
  const hold = (): (() => void) => {
    let release = (): void => {};
    held = new Promise((resolve) => {
      release = resolve;
    });
    return () => {
      held = undefined;
      release();
    };
  };
  return { server, netlog, hold };
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

function openStream({ server }: Fixture, bytes: number): Socket {
  const socket = connect(server.port, "127.0.0.1");
  socket.write(
    `POST /t/stream HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${bytes}\r\nConnection: close\r\n\r\n`,
  );
  return socket;
}

describe("a stream in", () => {
  it("takes no more from the client than it may hold while the disk is behind, and then the rest", async () => {
    const fixture = await start();
    const release = fixture.hold();
    const lines = Buffer.from(`${"x".repeat(1023)}\n`.repeat(64 * 1024));
    const socket = openStream(fixture, lines.length);
    let answer = "";
    socket.on("data", (bytes) => {
      answer += bytes.toString();
    });
    const closed = new Promise((resolve) => socket.once("close", resolve));
    for (let start = 0; start < lines.length; start += MIB) socket.write(lines.subarray(start, start + MIB));
    const taken = await within(
      "a standstill",
      settled(() => socket.bytesWritten - socket.writableLength),
    );
    expect(taken).toBeLessThan(ON_THE_WAY_BYTES);
    expect(socket.writableLength).toBeGreaterThan(lines.length - ON_THE_WAY_BYTES);
    release();
    await within("the answer", closed);
    expect(answer).toContain('{"ok":true,"offset":0,"count":65536}');
  });

  it("waits where there is no memory for what is not committed, and all of it comes", async () => {
    const bytesInFlight = 300_000;
    const fixture = await start({ bytesInFlight });
    const release = fixture.hold();
    const api = new Api(fixture.server.url);
    ends.push(() => api.disconnect());
    const lines = Buffer.from(`${"x".repeat(1023)}\n`.repeat(4 * 1024));
    const answers = [1, 2, 3].map(() => {
      const socket = openStream(fixture, lines.length);
      socket.write(lines);
      return new Promise<string>((resolve) => {
        let text = "";
        socket.on("data", (bytes) => {
          text += bytes.toString();
        });
        socket.once("close", () => resolve(text));
      });
    });
    const held = () => figure({ api }, "netlog_bytes_in_flight");
    await expect.poll(held).toBeGreaterThan(bytesInFlight / 2);
    for (let i = 0; i < 20; i++) expect(await held()).toBeLessThanOrEqual(bytesInFlight);
    release();
    for (const answer of await within("the answers", Promise.all(answers))) {
      expect(answer).toContain('"count":4096}');
    }
    await expect.poll(held).toBe(0);
  });

  it("may be silent for as long as it likes", async () => {
    const fixture = await serverForTest();
    const topic = await fixture.api.newTopic();
    const connection = await connectionForTest(fixture);
    connection.send(`POST /${topic}/stream HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n\r\none\n`);
    await fixture.api.get("/");
    await fixture.runtime.advance(10 * LIMITS.bodyIdleMs);
    connection.send("two\n");
    expect((await connection.reply()).text).toBe('{"ok":true,"offset":0,"count":2}\n');
  });

  it("is answered with what it kept when the server stops", async () => {
    const fixture = await start();
    const connection = await RawConnection.open(fixture.server.url);
    connection.send("POST /t/stream HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\none\ntwo\nthr");
    const topic = fixture.netlog.topic("t");
    const scanner = await topic.createScanner({ from: 0, persist: false });
    for (const expected of ["one", "two"]) {
      const delivery = await within(expected, scanner.scan({ waitMs: 30_000 }));
      expect(delivery?.message.payload.toString()).toBe(expected);
      delivery?.settle(true);
    }
    const stopped = fixture.server.stop();
    const reply = await connection.reply();
    expect(reply.status).toBe(503);
    expect(JSON.parse(reply.text)).toEqual({
      ok: false,
      status: 503,
      error: "netlog: shutting down",
      reason: expect.any(String),
      offset: 0,
      count: 2,
    });
    connection.leave();
    await within("the server's end", stopped);
    ends = [() => fixture.netlog.close()];
  });
});
