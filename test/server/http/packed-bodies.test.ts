/** What unpacking bodies may take: memory is counted for each one, and nothing stays behind. */
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import type { RawConnection } from "../../contract/raw.ts";
import { connectionForTest, type ServerFixture, serverForTest } from "../server-fixture.ts";
import { expectTooMany, figure } from "./limit-checks.ts";

const UNPACKER_BYTES = 1000;
const LIMITS = { bytesInFlight: 2500, uncountedBytes: 100, unpackerBytes: UNPACKER_BYTES };
const PACKED = gzipSync("a message\n");

/** A request whose body has begun. */
async function begin(fixture: ServerFixture, path: string): Promise<RawConnection> {
  const connection = await connectionForTest(fixture);
  connection.send(
    `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\nContent-Length: ${PACKED.length}\r\n\r\n`,
  );
  connection.send(PACKED.subarray(0, 12));
  return connection;
}

const bytesInFlight = (fixture: ServerFixture) => () => figure(fixture, "netlog_bytes_in_flight");

it("counts each body that is being unpacked, and refuses more than there is room for", async () => {
  const fixture = await serverForTest({ limits: LIMITS });
  const topic = await fixture.api.newTopic();
  const ways = ["payload", "batch?format=lines", "batch?format=json", "stream"];
  for (const way of ways) {
    const first = await begin(fixture, `/${topic}/${way}`);
    await expect.poll(bytesInFlight(fixture)).toBe(UNPACKER_BYTES);
    const second = await begin(fixture, `/${topic}/payload`);
    await expect.poll(bytesInFlight(fixture)).toBe(2 * UNPACKER_BYTES);
    const third = await begin(fixture, `/${topic}/${way}`);
    expectTooMany(await third.reply(), "max_bytes_in_flight");
    expect((await fixture.api.post(`/${topic}/payload`, "as it is")).status).toBe(201);
    for (const connection of [first, second]) connection.send(PACKED.subarray(12));
    expect((await first.reply()).status).toBe(way.endsWith("json") ? 400 : 201);
    expect((await second.reply()).status).toBe(201);
    await expect.poll(bytesInFlight(fixture)).toBe(0);
  }
});

it("frees what a client leaves behind that goes away in the middle", async () => {
  const fixture = await serverForTest({ limits: LIMITS });
  const topic = await fixture.api.newTopic();
  for (const way of ["payload", "batch?format=lines", "stream"]) {
    const connection = await begin(fixture, `/${topic}/${way}`);
    await expect.poll(bytesInFlight(fixture)).toBe(UNPACKER_BYTES);
    connection.leave();
    await expect.poll(bytesInFlight(fixture)).toBe(0);
  }
  expect((await fixture.api.get(`/${topic}`)).json).toMatchObject({ latest_offset: -1 });
});

it("counts what comes out, and stops where it has no place", async () => {
  const fixture = await serverForTest({ limits: { bytesInFlight: 200_000, uncountedBytes: 100 } });
  const topic = await fixture.api.newTopic();
  const bomb = gzipSync(Buffer.alloc(1_000_000, "x"));
  for (const way of ["payload", "batch?format=lines", "stream"]) {
    const reply = await fixture.api.post(`/${topic}/${way}`, bomb, {
      headers: { "content-encoding": "gzip" },
    });
    expectTooMany(reply, "max_bytes_in_flight");
    await expect.poll(bytesInFlight(fixture)).toBe(0);
  }
  expect((await fixture.api.get(`/${topic}`)).json).toMatchObject({ latest_offset: -1 });
});

it("gives up a packed body that stops coming", async () => {
  const fixture = await serverForTest({ limits: LIMITS });
  const topic = await fixture.api.newTopic();
  const connection = await begin(fixture, `/${topic}/payload`);
  await expect.poll(bytesInFlight(fixture)).toBe(UNPACKER_BYTES);
  await fixture.runtime.advance(60_000);
  expect((await connection.reply()).status).toBe(408);
  await expect.poll(bytesInFlight(fixture)).toBe(0);
});
