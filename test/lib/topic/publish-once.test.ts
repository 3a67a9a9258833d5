import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Published, PublishOptions, Topic } from "../../../lib/index.ts";
import { fieldsOf } from "../../../lib/reading/message-reader.ts";
import type { FixtureOptions } from "../../support/netlog-fixture.ts";
import { type NetlogFixture, openNetlog } from "../../support/netlog-fixture.ts";
import { rejection } from "../../support/rejection.ts";
import { seededRandom } from "../../support/seeded-random.ts";

function once(key: string, body = key): PublishOptions {
  return { idempotency: { key, digest: createHash("sha256").update(body).digest() } };
}

function by(id: string, seq: number, epoch = 0): PublishOptions {
  return { producer: { id, epoch, seq } };
}

function put(topic: Topic, text: string, options: PublishOptions = {}): Promise<Published> {
  return topic.publish({ payload: Buffer.from(text) }, options);
}

async function newTopic(options: FixtureOptions = {}): Promise<NetlogFixture & { topic: Topic }> {
  const fixture = await openNetlog(options);
  const topic = await fixture.netlog.createTopic("t", { segment_size: 4096 });
  return { ...fixture, topic };
}

/** The process is killed; or the power goes, and spares of what was not synced what `seed` says. */
async function reopened(
  { disk, runtime }: NetlogFixture,
  options: FixtureOptions & { readonly seed?: number } = {},
): Promise<NetlogFixture & { topic: Topic }> {
  const { seed } = options;
  const left = seed === undefined ? disk.crashProcess() : disk.crashPower(seededRandom(seed));
  const fixture = await openNetlog({ ...options, disk: left, runtime });
  return { ...fixture, topic: fixture.netlog.topic("t") };
}

describe("an append with an idempotency key", () => {
  it("stores nothing when the key was there, and answers as the first time", async () => {
    const { topic } = await newTopic();
    await put(topic, "before");
    const first = await put(topic, "a", once("k"));
    const second = await put(topic, "a", once("k"));
    expect(second).toEqual({ ...first, isDuplicate: true, count: 1 });
    expect(topic.readableOffsets.end).toBe(2);
  });

  it("is refused for another body", async () => {
    const { topic } = await newTopic();
    await put(topic, "a", once("k"));
    expect(await rejection(put(topic, "b", once("k", "b")))).toMatchObject({ code: "idempotency_mismatch" });
    expect(topic.readableOffsets.end).toBe(1);
  });

  it("is as durable as the topic was when it was asked for, however long it waits for the state", async () => {
    const { netlog, topic } = await newTopic();
    const waits = put(topic, "a", once("k"));
    await netlog.updateTopic("t", { durability: "written" });
    const later = await put(topic, "b", once("l"));
    expect([(await waits).durability, later.durability]).toEqual(["synced", "written"]);
  });

  it("waits for the first one, which is on its way", async () => {
    const { topic } = await newTopic();
    const [first, second] = await Promise.all([put(topic, "a", once("k")), put(topic, "a", once("k"))]);
    expect(first.isDuplicate).toBeUndefined();
    expect(second).toEqual({ ...first, isDuplicate: true, count: 1 });
  });

  it("is stored anew when the window is over", async () => {
    const { topic, runtime } = await newTopic();
    await put(topic, "a", once("k"));
    await runtime.advance(10 * 60_000 + 1);
    const again = await put(topic, "a", once("k"));
    expect(again).toMatchObject({ offset: 1, timestampMs: runtime.now() });
    expect((await put(topic, "a", once("k"))).offset).toBe(1);
  });

  it.each(["process", "power"])("is found after a crash of the %s", async (level) => {
    const fixture = await newTopic();
    for (let i = 0; i < 300; i++) await put(fixture.topic, `message ${i}`, once(`key-${i}`));
    const { topic } = await reopened(fixture, level === "power" ? { seed: 1 } : {});
    for (let i = 0; i < 300; i++) {
      const again = await put(topic, `message ${i}`, once(`key-${i}`));
      expect(again).toMatchObject({ offset: i, isDuplicate: true });
    }
    expect(topic.readableOffsets.end).toBe(300);
  });

  it("is found when the frame that brought it was dropped", async () => {
    const fixture = await openNetlog();
    const topic = await fixture.netlog.createTopic("t", { segment_size: 1024, retention_size: 3000 });
    for (let i = 0; i < 100; i++) await put(topic, `message ${i}`, once(`k${i}`));
    await fixture.runtime.advance(60_000);
    for (let turn = 0; turn < 500 && topic.readableOffsets.start === 0; turn++) await fixture.runtime.turn();
    const after = await reopened(fixture);
    expect(after.topic.readableOffsets.start).toBeGreaterThan(0);
    expect(await put(after.topic, "message 0", once("k0"))).toMatchObject({ offset: 0, isDuplicate: true });
  });

  it("of a batch answers with its count", async () => {
    const { topic } = await newTopic();
    const batch = () => topic.batches.parseJson(Buffer.from('["a","b","c"]'));
    const first = await topic.publishBatch(await batch(), once("k"));
    const second = await topic.publishBatch(await batch(), once("k"));
    expect(second).toEqual({ ...first, isDuplicate: true, count: 3 });
  });
});

describe("an append of a producer", () => {
  it("is stored once, in order", async () => {
    const { topic } = await newTopic();
    expect(await rejection(put(topic, "x", by("p", 1)))).toMatchObject({
      code: "producer_gap",
      details: { expectedSeq: 0, receivedSeq: 1 },
    });
    await put(topic, "a", by("p", 0));
    await put(topic, "b", by("p", 1));
    expect(await put(topic, "a", by("p", 0))).toMatchObject({ offset: 0, isDuplicate: true });
    expect(await rejection(put(topic, "x", by("p", 3)))).toMatchObject({
      details: { expectedSeq: 2, receivedSeq: 3 },
    });
    expect(topic.readableOffsets.end).toBe(2);
  });

  it("is fenced by a newer epoch, which begins at 0", async () => {
    const { topic } = await newTopic();
    await put(topic, "a", by("p", 0));
    expect(await rejection(put(topic, "b", by("p", 1, 1)))).toMatchObject({ code: "bad_request" });
    await put(topic, "b", by("p", 0, 1));
    expect(await rejection(put(topic, "c", by("p", 1, 0)))).toMatchObject({
      code: "producer_fenced",
      details: { epoch: 1 },
    });
  });

  it("goes on after a crash where it was", async () => {
    const fixture = await newTopic();
    for (let seq = 0; seq < 50; seq++) await put(fixture.topic, `${seq}`, by("p", seq));
    const { topic } = await reopened(fixture, { seed: 3 });
    expect(await put(topic, "49", by("p", 49))).toMatchObject({ offset: 49, isDuplicate: true });
    expect(await put(topic, "50", by("p", 50))).toMatchObject({ offset: 50 });
  });

  it("whose place is forgotten is a duplicate without an offset", async () => {
    const { topic } = await newTopic({ limits: { producerAppends: 2 } });
    for (let seq = 0; seq < 5; seq++) await put(topic, `${seq}`, by("p", seq));
    expect(await put(topic, "3", by("p", 3))).toMatchObject({ offset: 3, count: 1 });
    const old = await put(topic, "0", by("p", 0));
    expect(old).toMatchObject({ offset: -1, isDuplicate: true });
    expect(old.count).toBeUndefined();
  });

  it("is forgotten when it was not seen for longest, of too many", async () => {
    const { topic } = await newTopic({ limits: { producers: 2 } });
    for (const id of ["p", "q", "p", "r"])
      await put(topic, id, by(id, id === "p" && topic.readableOffsets.end > 0 ? 1 : 0));
    expect((await put(topic, "p", by("p", 1))).isDuplicate).toBe(true);
    expect((await put(topic, "q", by("q", 0))).isDuplicate).toBeUndefined();
  });
});

describe("an append on condition", () => {
  it("is stored at the offset that was expected, and of two that race one wins", async () => {
    const { topic } = await newTopic();
    const race = [put(topic, "a", { expectedOffset: 0 }), put(topic, "b", { expectedOffset: 0 })];
    const outcomes = await Promise.allSettled(race);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(await rejection(race[1]!)).toMatchObject({ code: "offset_mismatch", details: { nextOffset: 1 } });
    expect(topic.readableOffsets.end).toBe(1);
  });

  it("that was met is found again by its key, though it is not met now", async () => {
    const { topic } = await newTopic();
    const options = { ...once("k"), expectedOffset: 0 };
    await put(topic, "a", options);
    expect(await put(topic, "a", options)).toMatchObject({ offset: 0, isDuplicate: true });
  });
});

describe("terms that nobody may send", () => {
  it.each<[string, PublishOptions, string]>([
    ["an empty key", once(""), "an idempotency key has 1 to 255"],
    ["a key with a space", once("a b"), "an idempotency key has 1 to 255"],
    ["a long key", once("k".repeat(256)), "an idempotency key has 1 to 255"],
    ["an empty id", by("", 0), "a producer's id has 1 to 255"],
    ["an id that is not ASCII", by("\u00e9", 0), "a producer's id has 1 to 255"],
    ["an id that ends in a space", by("p ", 0), "a producer's id has 1 to 255"],
    ["a fraction", by("p", 0.5), "a sequence number is 0.5; it is an integer"],
    ["an epoch beyond 2^53-1", by("p", 0, 2 ** 53), "a producer's epoch is 9007199254740992"],
    ["a negative offset", { expectedOffset: -1 }, "the expected offset is -1; it is an integer"],
  ])("are refused: %s", async (_what, options, reason) => {
    const { topic } = await newTopic();
    const error = await rejection(put(topic, "m", options));
    expect(error).toMatchObject({ code: "bad_request", reason: expect.stringContaining(reason) });
    expect(topic.readableOffsets.end).toBe(0);
  });

  it("are those alone: an id may have spaces inside, and a message its fields beside a key", async () => {
    const { topic } = await newTopic();
    await put(topic, "a", by("p q", 0));
    await topic.publish({ payload: Buffer.from("b"), key: "k", contentType: "text/plain" }, once("x"));
    expect(fieldsOf(await topic.message(1))).toEqual({ key: "k", contentType: "text/plain" });
  });
});

describe("the memory of all topics", () => {
  it("is bounded: the oldest are forgotten, and counted", async () => {
    const { netlog, runtime } = await openNetlog({ limits: { remembered: 10 } });
    const [a, b] = [await netlog.createTopic("a"), await netlog.createTopic("b")];
    for (let i = 0; i < 8; i++) {
      await put(i % 2 === 0 ? a : b, "x", once(`k${i}`));
      await runtime.advance(1);
    }
    for (let i = 8; i < 13; i++) await put(b, "x", once(`k${i}`));
    expect((await netlog.stats()).counters.forgotten).toBe(3);
    expect((await put(a, "x", once("k4"))).isDuplicate).toBe(true);
    expect((await put(a, "x", once("k0"))).isDuplicate).toBeUndefined();
  });
});
