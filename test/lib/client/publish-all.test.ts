import { describe, expect, it } from "vitest";
import type { PublishAllProgress, Topic } from "../../../lib/client/index.ts";
import { within } from "../../support/deadline.ts";
import { clientForTest, textsOf } from "./client-fixture.ts";
import { json, refused, Script } from "./scripted-fetch.ts";

async function* slowly(...texts: string[]): AsyncGenerator<string> {
  for (const text of texts) {
    await new Promise((resolve) => setImmediate(resolve));
    yield text;
  }
}

async function all(topic: Topic): Promise<string[]> {
  return await textsOf(topic.stream({ follow: false }));
}

describe("publishing all of something", () => {
  it("keeps the order, in batches of so many messages and bytes", async () => {
    const { topic } = await clientForTest();
    const texts = Array.from({ length: 2500 }, (_, i) => `line ${i}`);
    const progress: PublishAllProgress[] = [];
    const result = await topic.publishAll(texts, {
      batchMessages: 1000,
      compression: "gzip",
      onProgress: (now) => progress.push(now),
    });
    expect(progress.map(({ count }) => count)).toEqual([1000, 2000, 2500]);
    expect(result).toEqual({
      count: 2500,
      bytes: texts.join("").length,
      firstOffset: 0,
      lastOffset: 2499,
    });
    expect(await all(topic)).toEqual(texts);
    const few: number[] = [];
    await topic.publishAll(["x".repeat(50), "y".repeat(50), "z".repeat(50)], {
      batchBytes: 120,
      onProgress: ({ count }) => few.push(count),
    });
    expect(few).toEqual([2, 3]);
  });

  it("sends what comes slowly at once", async () => {
    const { topic } = await clientForTest();
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    async function* live(): AsyncGenerator<string> {
      yield "first";
      await gate;
      yield "second";
    }
    const publishing = topic.publishAll(live());
    const [first] = (await topic.readBatch({ waitMs: 60_000 })).messages;
    expect(first?.text()).toBe("first");
    open();
    expect(await within("the rest", publishing)).toMatchObject({ count: 2 });
  });

  it("sends alone what no batch can hold", async () => {
    const { topic } = await clientForTest();
    const large = "x".repeat(8 * 1024 * 1024);
    expect(await topic.publishAll(["a", large, "b"])).toMatchObject({ count: 3, lastOffset: 2 });
    expect((await all(topic)).map(({ length }) => length)).toEqual([1, large.length, 1]);
  });

  it("is content with nothing", async () => {
    const { topic } = await clientForTest();
    expect(await topic.publishAll([])).toEqual({
      count: 0,
      bytes: 0,
      firstOffset: undefined,
      lastOffset: undefined,
    });
  });

  it("publishes what came before its source failed", async () => {
    const { topic } = await clientForTest();
    async function* failing(): AsyncGenerator<string> {
      yield* slowly("a", "b");
      throw new Error("the file is gone");
    }
    await expect(topic.publishAll(failing())).rejects.toThrow("the file is gone");
    expect(await all(topic)).toEqual(["a", "b"]);
  });

  it("stops reading its source when the server refuses", async () => {
    const { topic } = await clientForTest();
    let read = 0;
    function* source(): Generator<string> {
      try {
        for (;;) {
          yield read === 5 ? "" : "x";
          read++;
        }
      } finally {
        read = -1;
      }
    }
    const counts: number[] = [];
    const publishing = topic.publishAll(source(), {
      batchMessages: 2,
      onProgress: ({ count }) => counts.push(count),
    });
    await expect(within("the refusal", publishing)).rejects.toMatchObject({ code: "bad_request" });
    expect(counts).toEqual([2, 4]);
    expect(read).toBe(-1);
  });

  it("repeats a batch where it was surely not stored", async () => {
    const stored = json({ ok: true });
    stored.headers.set("X-Offset", "5");
    stored.headers.set("X-Count", "2");
    const script = new Script(refused(429, "too_many_requests"), stored);
    const result = await script.settle(script.client().topic("t").publishAll(["a", "b"]));
    expect(result).toMatchObject({ firstOffset: 5, lastOffset: 6 });
    expect(script.asked).toHaveLength(2);
  });

  it("ends when it is aborted while it waits for more", async () => {
    const { topic } = await clientForTest();
    const stop = new AbortController();
    async function* endless(): AsyncGenerator<string> {
      yield "a";
      await new Promise(() => {});
    }
    const publishing = topic.publishAll(endless(), {
      signal: stop.signal,
      onProgress: () => stop.abort("enough"),
    });
    await expect(within("the end", publishing)).rejects.toBe("enough");
    expect(await all(topic)).toEqual(["a"]);
  });

  it("takes no text for a list of texts", async () => {
    const { topic } = await clientForTest();
    await expect(topic.publishAll("abc")).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(topic.publishBatch("abc")).rejects.toMatchObject({ code: "invalid_argument" });
  });

  it.each([
    { batchBytes: 0 },
    { batchBytes: 9_000_000 },
    { batchMessages: 65_537 },
    { batchMessages: Number.NaN },
  ])("refuses what no batch can be: %o", async (options) => {
    const { topic } = await clientForTest();
    await expect(topic.publishAll(["a"], options)).rejects.toMatchObject({ code: "invalid_argument" });
  });
});
