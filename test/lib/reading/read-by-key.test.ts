import { describe, expect, test } from "vitest";
import type { Topic, TopicCursor } from "../../../lib/index.ts";
import { ManualRuntime } from "../../support/manual-runtime.ts";
import { openNetlog } from "../../support/netlog-fixture.ts";

const MIB = 1024 * 1024;

/** Keys of the messages `m0`, `m1`, …; `undefined` for one without. */
async function topicOf(
  keys: readonly (string | undefined)[],
  limits = {},
  settings: object = {},
  together = true,
): Promise<Topic> {
  const { netlog } = await openNetlog({ limits });
  const topic = await netlog.createTopic("t", settings);
  const messages = keys.map((key, i) => ({ payload: Buffer.from(`m${i}`), ...(key && { key }) }));
  if (together) await Promise.all(messages.map((message) => topic.publish(message)));
  else for (const message of messages) await topic.publish(message);
  return topic;
}

async function readAll(
  cursor: TopicCursor,
  from = 0,
  end = Number.MAX_SAFE_INTEGER,
): Promise<[string[], number]> {
  const found: string[] = [];
  const next = await cursor.readMessages(from, end, ({ payload }) => found.push(payload.toString()) > 0);
  return [found, next];
}

const KEYS = ["a", "b", undefined, "a", "ü", "b", "c"];

describe.each([
  ["in one set", 1, true],
  ["packed", 3, true],
  ["in a frame each", 1, false],
])("messages %s", (_, compression_type, together) => {
  test("are given where they have one of the keys, and the others are passed over", async () => {
    const topic = await topicOf(KEYS, {}, { compression_type }, together);
    expect(await readAll(topic.openCursor(["a"]))).toEqual([["m0", "m3"], 7]);
    expect(await readAll(topic.openCursor(["ü", "b", "b"]))).toEqual([["m1", "m4", "m5"], 7]);
    expect(await readAll(topic.openCursor(["d"]))).toEqual([[], 7]);
    expect(await readAll(topic.openCursor(["c"]), 2, 6)).toEqual([[], 6]);
    expect(await readAll(topic.openCursor())).toEqual([KEYS.map((__, i) => `m${i}`), 7]);
  });
});

test("the taker says how far it goes, as ever", async () => {
  const cursor = (await topicOf(KEYS)).openCursor(["a"]);
  expect(await cursor.readMessages(0, 7, () => "last")).toBe(1);
  expect(await cursor.readMessages(1, 7, () => false)).toBe(3);
  expect(cursor.hasMore).toBe(false);
});

test("one call passes over so much at most, and goes on behind it", async () => {
  const { netlog } = await openNetlog({ limits: { keySearchBytes: MIB } });
  const topic = await netlog.createTopic("t");
  for (let i = 0; i < 9; i++) await topic.publish({ payload: Buffer.alloc(MIB / 4, "x") });
  await topic.publish({ payload: Buffer.from("hit"), key: "k" });
  const cursor = topic.openCursor(["k"]);
  expect(await readAll(cursor)).toEqual([[], 4]);
  expect(cursor.hasMore).toBe(true);
  expect(await readAll(cursor, 4)).toEqual([[], 8]);
  expect(await readAll(cursor, 8)).toEqual([["hit"], 10]);
  expect(cursor.hasMore).toBe(false);
});

test("at the end there is no more, however much was passed over", async () => {
  const { netlog } = await openNetlog({ limits: { keySearchBytes: MIB } });
  const topic = await netlog.createTopic("t");
  for (let i = 0; i < 4; i++) await topic.publish({ payload: Buffer.alloc(MIB / 4, "x") });
  const cursor = topic.openCursor(["k"]);
  expect(await readAll(cursor)).toEqual([[], 4]);
  expect(cursor.hasMore).toBe(false);
});

test("passing over many messages gives the event loop back in between", async () => {
  let pauses = 0;
  class PausedRuntime extends ManualRuntime {
    override pause(): Promise<void> {
      pauses += 1;
      return super.pause();
    }
  }
  const { netlog } = await openNetlog({ runtime: new PausedRuntime() });
  const topic = await netlog.createTopic("t");
  const payload = Buffer.alloc(1000, "x");
  await Promise.all(Array.from({ length: 1000 }, () => topic.publish({ payload })));
  expect(await readAll(topic.openCursor(["k"]))).toEqual([[], 1000]);
  expect(pauses).toBeGreaterThan(5);
  pauses = 0;
  const { scanner } = await topic.findOrCreateScanner({ from: 0, keys: ["k"] });
  await expect(scanner.scan({ waitMs: 0 })).rejects.toMatchObject({ code: "end_of_topic" });
  expect(pauses).toBeGreaterThan(5);
});

test.each([
  [Array.from({ length: 65 }, (_, i) => `k${i}`), "key may be given 64 times at most"],
  [["a", ""], "a key has 1 to 1024 bytes"],
  [["k".repeat(1025)], "a key has 1 to 1024 bytes"],
])("refuses keys that no message has", async (keys, reason) => {
  const topic = await topicOf([]);
  expect(() => topic.openCursor(keys)).toThrow(
    expect.objectContaining({ code: "bad_request", reason: expect.stringContaining(reason) }),
  );
});
