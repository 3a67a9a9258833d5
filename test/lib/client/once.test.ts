/** Publishing once, on condition and to the end of a topic, against a server in the test's own process. */
import { describe, expect, it } from "vitest";
import { NetlogClient, type Topic } from "../../../lib/client/index.ts";
import { within } from "../../support/deadline.ts";
import { clientForTest, textsOf } from "./client-fixture.ts";

/** Loses the answer to every second request: the server has done it, and nobody knows. */
function losingFetch(): { readonly fetch: typeof fetch; lost(): number } {
  let requests = 0;
  let lost = 0;
  const losing: typeof fetch = async (input, init) => {
    const answer = await fetch(input, init);
    if (init?.method !== "POST" || requests++ % 2 === 1) return answer;
    await answer.arrayBuffer();
    lost++;
    throw new TypeError("fetch failed");
  };
  return { fetch: losing, lost: () => lost };
}

async function all(topic: Topic): Promise<string[]> {
  return await textsOf(topic.stream({ follow: false }));
}

describe("with exactlyOnce", () => {
  it("each message is there once, though every answer is lost once", async () => {
    const { server, topic } = await clientForTest();
    const losing = losingFetch();
    const client = new NetlogClient(server.url, { fetch: losing.fetch, retry: { minDelayMs: 1 } });
    const lossy = client.topic("demo");
    const one = await lossy.publish("one", { exactlyOnce: true });
    const same = await lossy.publish("one", { exactlyOnce: true });
    const batch = await lossy.publishBatch(["two", { payload: "three", key: "k" }], { exactlyOnce: true });
    await lossy.publishAll(["a", "b", "c"], { exactlyOnce: true, batchMessages: 2 });
    expect([one.offset, same.offset, batch.offset, batch.count]).toEqual([0, 1, 2, 2]);
    expect([one.isDuplicate, batch.isDuplicate]).toEqual([true, true]);
    expect(losing.lost()).toBe(5);
    expect(await all(topic)).toEqual(["one", "one", "two", "three", "a", "b", "c"]);
  });

  it("a key of the caller's own is known again, and refused for something else", async () => {
    const { topic } = await clientForTest();
    const first = await topic.publish("one", { idempotencyKey: "k" });
    expect(first.isDuplicate).toBe(false);
    expect(await topic.publish("one", { idempotencyKey: "k" })).toEqual({ ...first, isDuplicate: true });
    await expect(topic.publish("two", { idempotencyKey: "k" })).rejects.toMatchObject({
      code: "idempotency_mismatch",
      status: 422,
      isUndone: true,
    });
    expect(await all(topic)).toEqual(["one"]);
  });
});

it("two writers that race with expectedOffset build a counter without a lost update", async () => {
  const { client, topic } = await clientForTest();
  await topic.publish("0");
  const increment = async (writer: Topic): Promise<void> => {
    for (;;) {
      const last = await writer.read("last");
      const next = String(Number(last.text()) + 1);
      try {
        await writer.publish(next, { expectedOffset: last.offset + 1 });
        return;
      } catch (error) {
        expect(error).toMatchObject({ code: "offset_mismatch", nextOffset: expect.any(Number) as number });
      }
    }
  };
  const writers = Array.from({ length: 2 }, async () => {
    for (let i = 0; i < 50; i++) await increment(client.topic("demo"));
  });
  await within("the race", Promise.all(writers));
  expect(await all(topic)).toEqual(Array.from({ length: 101 }, (_, i) => String(i)));
});

describe("a closed topic", () => {
  it("ends its readers behind the last message, and takes no more", async () => {
    const { topic } = await clientForTest();
    const streaming = textsOf(topic.stream());
    const scanner = await topic.createScanner({ id: "w", ack: "explicit", from: "first" });
    const worked: string[] = [];
    const working = scanner.work((message) => void worked.push(message.text()));
    await topic.publish("one");
    await topic.publish("two", { close: true });
    expect(await within("the stream", streaming)).toEqual(["one", "two"]);
    await within("the work", working);
    expect(worked).toEqual(["one", "two"]);
    expect(await topic.readBatch({ from: 2, waitMs: Number.POSITIVE_INFINITY })).toEqual({
      messages: [],
      nextOffset: 2,
      isClosed: true,
    });
    await expect(topic.publish("three")).rejects.toMatchObject({ code: "topic_closed", isUndone: true });
  });

  it("is closed with its last message lost on the way, and once", async () => {
    const { server, topic } = await clientForTest();
    const { fetch: losing } = losingFetch();
    const lossy = new NetlogClient(server.url, { fetch: losing, retry: { minDelayMs: 1 } }).topic("demo");
    await lossy.publish("last", { exactlyOnce: true, close: true });
    await topic.close();
    expect(await all(topic)).toEqual(["last"]);
  });
});
