import { expect, it } from "vitest";
import { type Message, NetlogClientError } from "../../../../../lib/client/index.ts";
import { landingAt } from "../../../../../server/console/app/scanners/landing.ts";
import { publishAllBack } from "../../../../../server/console/app/scanners/publish-back.ts";
import { messageOf } from "../feed/message-for-test.ts";

const topicOf = (first: number, end: number) => ({
  info: async () => ({ first_offset: first, latest_offset: end - 1 }),
  readBatch: async ({ from, max }: { from: unknown; max: number }) => {
    const at = from === "end" ? end : Number(from);
    if (at < first) throw new NetlogClientError("offset_not_found", "", { firstOffset: first });
    const messages = Array.from({ length: Math.max(0, Math.min(max, end - at)) }, (_, i) =>
      messageOf(at + i),
    );
    return { messages, nextOffset: at + messages.length };
  },
});

it("finds where a scanner would land: in the middle, behind the newest, before the first that is kept", async () => {
  const topic = topicOf(10, 20);
  expect(await landingAt(topic, "12", 0)).toMatchObject({ offset: 12, message: { offset: 12 } });
  expect(await landingAt(topic, "-5", 0)).toMatchObject({ offset: 15, message: { offset: 15 } });
  expect(await landingAt(topic, "end", 0)).toEqual({ offset: 20, message: undefined });
  expect(await landingAt(topic, "3", 0)).toMatchObject({ offset: 10, message: { offset: 10 } });
});

it("publishes all letters back in order, none that came later, each under a key of its own", async () => {
  const keys: (string | undefined)[] = [];
  const back: number[] = [];
  await publishAllBack({
    to: {
      publish: async (_, { idempotencyKey }) => {
        keys.push(idempotencyKey);
        return { offset: keys.length, isDuplicate: false };
      },
    },
    source: topicOf(0, 250),
    sourceId: "id",
    first: 0,
    end: 240,
    signal: new AbortController().signal,
    onBack: (letter: Message) => back.push(letter.offset),
  });
  expect(back).toEqual(Array.from({ length: 240 }, (_, at) => at));
  expect(new Set(keys).size).toBe(240);
  expect(keys[7]).toBe("dead-letter:id:7");
});

it("stops between two letters", async () => {
  const stop = new AbortController();
  const back: number[] = [];
  await publishAllBack({
    to: { publish: async () => ({ offset: 0, isDuplicate: false }) },
    source: topicOf(0, 50),
    sourceId: "id",
    first: 0,
    end: 50,
    signal: stop.signal,
    onBack: ({ offset }) => {
      back.push(offset);
      if (offset === 4) stop.abort();
    },
  });
  expect(back).toEqual([0, 1, 2, 3, 4]);
});
