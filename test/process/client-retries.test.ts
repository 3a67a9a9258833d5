/** The client library, which publishes with exactlyOnce while the built server is killed and started in a loop. */
import { expect, onTestFinished, test } from "vitest";
import { NetlogClient } from "../../lib/client/index.ts";
import { startServing } from "../support/built-program.ts";
import { within } from "../support/deadline.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const MESSAGES = 120;
const PUBLISHERS = 8;
/** Publishes that begin between two kills. */
const BEGUN_A_LIFE = 20;
const DEADLINE_MS = 120_000;

test("each message is stored once, however often the server is killed", { timeout: 180_000 }, async () => {
  const folder = temporaryFolder();
  const start = (address: string) => startServing(["-listen", address, "-dir", folder]);
  let server = await start("127.0.0.1:0");
  const { url, port } = server;
  onTestFinished(async () => {
    await server.kill();
  });
  let lost = 0;
  const retry = {
    maxTotalMs: DEADLINE_MS,
    maxDelayMs: 200,
    onRetry: (): void => {
      lost += 1;
    },
  };
  const topic = new NetlogClient(url, { retry }).topic("t");
  await topic.create();

  const payloads = Array.from({ length: MESSAGES }, (_, i) => `m${i}`);
  const waiting = [...payloads];
  let begunInLife = 0;
  let endLife = (): void => {};
  const offsets = new Map<string, number>();
  const publisher = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      begunInLife += 1;
      if (begunInLife === BEGUN_A_LIFE) endLife();
      offsets.set(next, (await topic.publish(next, { exactlyOnce: true })).offset);
    }
  };
  let kills = 0;
  const killer = async (): Promise<void> => {
    while (waiting.length > BEGUN_A_LIFE) {
      const enough = new Promise<void>((resolve) => {
        endLife = resolve;
      });
      begunInLife = 0;
      await within("publishes that begin", enough, DEADLINE_MS);
      await server.kill();
      kills += 1;
      server = await start(`127.0.0.1:${port}`);
    }
  };
  const publishers = Promise.all(Array.from({ length: PUBLISHERS }, publisher));
  await within("all publishes", Promise.all([publishers, killer()]), DEADLINE_MS);

  expect(kills).toBeGreaterThan(2);
  expect(lost).toBeGreaterThan(0);
  const stored: [string, number][] = [];
  for await (const message of topic.stream({ follow: false })) stored.push([message.text(), message.offset]);
  expect(stored.map(([text]) => text).toSorted()).toEqual(payloads.toSorted());
  expect(new Map(stored)).toEqual(offsets);
});
