import { describe, expect, it } from "vitest";
import type { PublishOptions } from "../../../lib/client/index.ts";
import { brokenOff, json, notListening, published, refused, Script, silence } from "./scripted-fetch.ts";

const keys = (script: Script): (string | null)[] =>
  script.asked.map(({ headers }) => headers.get("Idempotency-Key"));

function publishedBatch(offset: number, count: number): Response {
  const { headers } = published(offset);
  headers.set("X-Count", String(count));
  return new Response(null, { status: 201, headers });
}

describe("a publish that is to be stored once", () => {
  it("is sent again under its key when the answer was lost, over a restart of the server", async () => {
    const script = new Script(
      brokenOff(),
      ...Array.from({ length: 8 }, notListening),
      refused(503, "shutting_down", { "Retry-After": "1" }),
      refused(503, "sync_failed", { "Retry-After": "1" }),
      new Response("<html>", { status: 502 }),
      silence,
      published(7),
    );
    const topic = script.client({ timeoutMs: 1000 }).topic("t");
    const { offset } = await script.settle(topic.publish("one", { exactlyOnce: true }));
    expect(offset).toBe(7);
    expect(script.asked).toHaveLength(14);
    expect(new Set(keys(script)).size).toBe(1);
    expect(keys(script)[0]).toMatch(/^[!-~]{1,255}$/);
  });

  it("is given up when the time of the policy is over, and not before", async () => {
    const script = new Script(brokenOff());
    const topic = script.client({ retry: { maxTotalMs: 60_000 } }).topic("t");
    await expect(script.settle(topic.publish("one", { exactlyOnce: true }))).rejects.toMatchObject({
      code: "connection_lost",
      isUndone: false,
    });
    expect(script.times.at(-1)).toBeGreaterThan(50_000);
    expect(script.times.at(-1)).toBeLessThanOrEqual(60_000);
  });

  it.each([
    [{ retry: false as const }, {}],
    [{}, { retry: "never" as const }],
  ])("is sent once by a client that repeats nothing: %j", async (client, options) => {
    const script = new Script(brokenOff());
    const publishing = script
      .client(client)
      .topic("t")
      .publish("one", { exactlyOnce: true, ...options });
    await expect(script.settle(publishing)).rejects.toThrow("other side closed");
    expect(script.asked).toHaveLength(1);
  });

  it.each(["undone", "never"] as const)(
    "is unknown after a failed sync where it may not be repeated: %s",
    async (retry) => {
      const script = new Script(refused(503, "sync_failed"));
      const publishing = script.client().topic("t").publish("one", { exactlyOnce: true, retry });
      await expect(publishing).rejects.toMatchObject({ code: "sync_failed", isUndone: false });
      expect(script.asked).toHaveLength(1);
    },
  );

  it("has a key of its own for each call, and for each batch of many", async () => {
    const script = new Script(
      published(0),
      published(1),
      publishedBatch(2, 2),
      brokenOff(),
      publishedBatch(4, 1),
    );
    const topic = script.client().topic("t");
    await topic.publish("same", { exactlyOnce: true });
    await topic.publish("same", { exactlyOnce: true });
    await script.settle(topic.publishAll(["a", "b", "c"], { exactlyOnce: true, batchMessages: 2 }));
    const [first, second, batch, lost, again] = keys(script);
    expect(new Set([first, second, batch, lost]).size).toBe(4);
    expect(again).toBe(lost);
  });

  it("takes the caller's own key, and says when it was there already", async () => {
    const script = new Script(brokenOff(), () => {
      const { headers } = published(3);
      headers.set("X-Duplicate", "true");
      return new Response(null, { status: 201, headers });
    });
    const topic = script.client().topic("t");
    expect(await script.settle(topic.publish("one", { idempotencyKey: "order-7" }))).toEqual({
      offset: 3,
      durability: "synced",
      isDuplicate: true,
    });
    expect(keys(script)).toEqual(["order-7", "order-7"]);
  });

  it("has no key unless it is asked for, and is then not sent again", async () => {
    const script = new Script(brokenOff());
    await expect(script.settle(script.client().topic("t").publish("one"))).rejects.toThrow();
    expect(keys(script)).toEqual([null]);
  });
});

describe("a publish on condition", () => {
  it("says which offset is expected, and that it closes the topic", async () => {
    const script = new Script(published(5));
    await script.client().topic("t").publish("one", { expectedOffset: 5, close: true });
    expect(script.asked[0]?.target).toBe("/t/payload?close=true");
    expect(script.asked[0]?.headers.get("X-Expected-Offset")).toBe("5");
  });

  it("fails with the offset that would have been right", async () => {
    const script = new Script(refused(409, "offset_mismatch", { "X-Next-Offset": "9" }));
    const publishing = script.client().topic("t").publishBatch(["one"], { expectedOffset: 5 });
    await expect(publishing).rejects.toMatchObject({
      code: "offset_mismatch",
      nextOffset: 9,
      isUndone: true,
    });
    expect(script.asked).toHaveLength(1);
  });

  it("of many expects each batch right behind the one before", async () => {
    const script = new Script(publishedBatch(5, 2), publishedBatch(7, 1));
    await script.client().topic("t").publishAll(["a", "b", "c"], { expectedOffset: 5, batchMessages: 2 });
    expect(script.asked.map(({ headers }) => headers.get("X-Expected-Offset"))).toEqual(["5", "7"]);
  });
});

describe("what cannot be sent", () => {
  const cases: [PublishOptions, string][] = [
    [{ key: "" }, "a key takes 1 to 1024 bytes of UTF-8; this one has 0"],
    [{ key: 7 as never }, "a key is text, and was given as Number"],
    [{ contentType: "json" }, "contentType takes a media type such as application/json"],
    [{ headers: { trace: "1" } }, '"trace" is no header of a message; there are x-meta-<name>'],
    [{ headers: { "x-meta-a": "1", "X-Meta-A": "2" } }, "the header x-meta-a is given twice"],
    [
      { headers: new Map([["x-meta-a", 7 as never]]) },
      "the value of the header x-meta-a takes visible ASCII",
    ],
    [{ headers: { "x-meta-a": "x".repeat(8192) } }, "take 8192 bytes together"],
    [{ expectedOffset: -1 }, "expectedOffset is -1; it takes a whole number from 0 on"],
    [{ idempotencyKey: "grün" }, "idempotencyKey takes 1 to 255 visible ASCII characters"],
    [{ idempotencyKey: "" }, "idempotencyKey takes 1 to 255 visible ASCII characters"],
  ];

  it.each(cases)("is refused before anything is: %j", async (options, message) => {
    const script = new Script(published());
    const error: unknown = await script
      .client()
      .topic("t")
      .publish("one", options)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "invalid_argument", isUndone: true });
    expect((error as Error).message).toContain(message);
    expect(script.asked).toEqual([]);
  });

  it.each([
    [{ key: "k" }, "publishBatch takes no key; give it with each message"],
    [{ headers: {} }, "publishBatch takes no headers; give it with each message"],
  ])("is refused where a batch would pass it over: %j", async (options, message) => {
    const script = new Script(published());
    const publishing = script
      .client()
      .topic("t")
      .publishBatch(["one"], options as never);
    await expect(publishing).rejects.toThrow(message);
    expect(script.asked).toEqual([]);
  });

  it.each([{ idempotencyKey: "k" }, { close: true }, { contentType: "text/plain" }])(
    "is refused where many batches would take it: %j",
    async (options) => {
      const script = new Script(published());
      const publishing = script
        .client()
        .topic("t")
        .publishAll(["one"], options as never);
      await expect(publishing).rejects.toMatchObject({ code: "invalid_argument" });
      expect(script.asked).toEqual([]);
    },
  );

  it.each([[[]], [Array.from({ length: 65 }, (_, i) => `k${i}`)], [""], [7 as never]])(
    "of keys to read by: %j",
    async (key) => {
      const script = new Script(json([]));
      const topic = script.client().topic("t");
      const refusal = { code: "invalid_argument" };
      await expect(topic.readBatch({ key })).rejects.toMatchObject(refusal);
      await expect(topic.stream({ from: "last", key }).next()).rejects.toMatchObject(refusal);
      await expect(topic.createScanner({ key })).rejects.toMatchObject(refusal);
      expect(script.asked).toEqual([]);
    },
  );
});
