/** Bodies that come fast give way to others, whatever becomes of them. */
import { PassThrough } from "node:stream";
import { expect, it, vi } from "vitest";
import { Pace } from "../../../server/http/pace.ts";
import { connectionForTest, type ServerFixture, serverForTest } from "../server-fixture.ts";

const PIECE = Buffer.alloc(64 * 1024, "x".repeat(63).concat("\n"));
const PIECES = 32;

/** How often a body of 2 MiB gave way while it came, and the status of its answer. */
async function pausesOf(fixture: ServerFixture, path: string): Promise<{ pauses: number; status: number }> {
  const paused = vi.spyOn(fixture.runtime, "pause");
  const connection = await connectionForTest(fixture);
  const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\n`;
  connection.send(`${head}Content-Length: ${PIECES * PIECE.length}\r\n\r\n`);
  for (let i = 0; i < PIECES; i++) connection.send(PIECE);
  const { status } = await connection.reply();
  const countPauses = (): number => paused.mock.calls.filter(([comingBytes = 0]) => comingBytes > 0).length;
  await expect.poll(countPauses).toBeGreaterThan(3);
  return { pauses: countPauses(), status };
}

it("a body that is stored gives way while it comes", async () => {
  const fixture = await serverForTest();
  const topic = await fixture.api.newTopic();
  expect((await pausesOf(fixture, `/${topic}/payload`)).status).toBe(201);
});

it("a stream in gives way while it comes", async () => {
  const fixture = await serverForTest();
  const topic = await fixture.api.newTopic();
  expect((await pausesOf(fixture, `/${topic}/stream?format=lines`)).status).toBe(201);
});

it("a body that is refused gives way while it is dropped", async () => {
  const fixture = await serverForTest({ limits: { payloadBytes: 1000 } });
  const topic = await fixture.api.newTopic();
  expect((await pausesOf(fixture, `/${topic}/payload`)).status).toBe(413);
});

it("what was read to its end goes on no more", async () => {
  let wentOn = 0;
  let others: (() => void)[] = [];
  const pause = (): Promise<void> => new Promise((resolve) => others.push(resolve));
  const pace = new Pace(new PassThrough(), pause, () => wentOn++, 1000);
  const takeTurn = async (): Promise<void> => {
    for (const resolve of others) resolve();
    others = [];
    await expect.poll(() => pace.isGivingWay).toBe(false);
  };
  pace.add(2000);
  expect(pace.isGivingWay).toBe(true);
  await takeTurn();
  expect(wentOn).toBe(1);
  pace.add(2000);
  pace.end();
  await takeTurn();
  expect(wentOn).toBe(1);
});
