import { describe, expect, it } from "vitest";
import type { PublishOptions, Topic } from "../../../lib/index.ts";
import { within } from "../../support/deadline.ts";
import {
  type FixtureOptions,
  type NetlogFixture,
  openNetlog,
  publishAll,
  told,
} from "../../support/netlog-fixture.ts";
import { rejection } from "../../support/rejection.ts";
import { seededRandom } from "../../support/seeded-random.ts";

function put(topic: Topic, text: string, options: PublishOptions = {}): Promise<{ readonly offset: number }> {
  return topic.publish({ payload: Buffer.from(text) }, options);
}

async function newTopic(
  settings: object = {},
  options: FixtureOptions = {},
): Promise<NetlogFixture & { topic: Topic }> {
  const fixture = await openNetlog(options);
  return { ...fixture, topic: await fixture.netlog.createTopic("t", settings) };
}

/** The power goes, and spares what was synced alone. */
async function afterPowerLoss({ disk, runtime }: NetlogFixture): Promise<Topic> {
  const { netlog } = await openNetlog({ disk: disk.crashPower(seededRandom(1)), runtime });
  return netlog.topic("t");
}

const CLOSED = { code: "topic_closed" };

describe("a topic that was closed", () => {
  it("takes no more messages, and says so in its info", async () => {
    const { topic } = await newTopic();
    await publishAll(topic, ["a", "b"]);
    await topic.closeForGood();
    expect(await rejection(put(topic, "c"))).toMatchObject({ ...CLOSED, details: { nextOffset: 2 } });
    expect(topic.isClosed).toBe(true);
    expect(await topic.info()).toMatchObject({ latest_offset: 1, closed: true });
    await topic.closeForGood();
  });

  it("is closed after a loss of power, by itself or with its last message", async () => {
    const alone = await newTopic();
    await publishAll(alone.topic, ["a"]);
    await alone.topic.closeForGood();
    const withMessage = await newTopic();
    await put(withMessage.topic, "a", { closes: true });
    for (const fixture of [alone, withMessage]) {
      const topic = await afterPowerLoss(fixture);
      expect(topic.isClosed).toBe(true);
      expect(await rejection(put(topic, "c"))).toMatchObject(CLOSED);
      expect((await topic.message(0)).payload.toString()).toBe("a");
    }
  });

  it("is closed though it was empty", async () => {
    const fixture = await newTopic();
    await fixture.topic.closeForGood();
    expect((await afterPowerLoss(fixture)).isClosed).toBe(true);
  });

  it("is closed with what came before, lingering messages too", async () => {
    const { topic, runtime } = await newTopic({ compression_type: 2, batch_interval: "1s" });
    const published = [put(topic, "a"), put(topic, "b")];
    const closing = put(topic, "c", { closes: true });
    expect(await Promise.all(published.map(async (each) => (await each).offset))).toEqual([0, 1]);
    expect((await closing).offset).toBe(2);
    const late = rejection(put(topic, "d"));
    await runtime.advance(1000);
    expect(await late).toMatchObject(CLOSED);
  });

  it("answers a closing that is sent again as the first time", async () => {
    const { topic } = await newTopic();
    const options = { closes: true, idempotency: { key: "k", digest: Buffer.alloc(32) } };
    await put(topic, "a", options);
    expect(await put(topic, "a", options)).toMatchObject({ offset: 0, isDuplicate: true });
  });

  it("lets its old segments go when they are old", async () => {
    const { topic, runtime } = await newTopic({ segment_age: "1h" });
    await put(topic, "a", { closes: true });
    for (let i = 0; i < 4; i++) {
      await runtime.advance(3_600_000);
      for (let turn = 0; turn < 50; turn++) await runtime.turn();
    }
    expect(topic.readableOffsets).toEqual({ start: 1, end: 1 });
    expect(topic.isClosed).toBe(true);
  });

  it("wakes those who wait at its end", async () => {
    const { topic } = await newTopic();
    await publishAll(topic, ["a"]);
    const cursor = topic.openCursor();
    const scanner = await topic.createScanner({ from: "end", persist: false });
    const forever = { waitMs: 3_600_000, onWaiting: () => {} };
    const waits = cursor.wait(1, forever);
    const scans = rejection(scanner.scan(forever));
    expect(cursor.closedAt).toBeUndefined();
    await topic.closeForGood();
    expect(await waits).toBe("closed");
    expect(await scans).toMatchObject({ code: "end_of_topic", details: { isClosed: true } });
    expect(await cursor.wait(1, forever)).toBe("closed");
    expect(cursor.closedAt).toBe(1);
    expect(await rejection(scanner.scan(forever))).toMatchObject({ details: { isClosed: true } });
  });

  it("is at its end for a scanner when its last message has arrived", async () => {
    const { topic } = await newTopic();
    await put(topic, "a", { closes: true });
    const scanner = await topic.createScanner({ from: 0, persist: false });
    const forever = { waitMs: 3_600_000, onWaiting: () => {} };
    const first = await scanner.scan(forever);
    expect(await rejection(scanner.scan({ waitMs: 0 }))).toMatchObject({ code: "end_of_topic", details: {} });
    const second = scanner.scan(forever);
    first!.settle(false);
    const again = await second;
    expect(told(again)).toEqual([0, "a"]);
    const waits = [rejection(scanner.scan(forever)), rejection(scanner.scan(forever))];
    again!.settle(true);
    const end = { code: "end_of_topic", details: { isClosed: true } };
    expect(await within("both see the end", Promise.all(waits))).toMatchObject([end, end]);
  });

  it("is at its end for those who wait while its last message is under way", async () => {
    const { topic } = await newTopic();
    await publishAll(topic, ["a"]);
    const scanner = await topic.createScanner({ from: 0, persist: false });
    const first = await scanner.scan({ waitMs: 0 });
    const waits = rejection(scanner.scan({ waitMs: 3_600_000 }));
    await topic.closeForGood();
    expect(await rejection(scanner.scan({ waitMs: 0 }))).toMatchObject({ code: "end_of_topic", details: {} });
    first!.settle(true);
    expect(await within("the end", waits)).toMatchObject({ details: { isClosed: true } });
  });

  it("is at its end for a scanner with acknowledgements when nothing is pending", async () => {
    const { topic } = await newTopic();
    await put(topic, "a", { closes: true });
    const { scanner } = await topic.findOrCreateScanner({ id: "w", from: 0, ack: "explicit" });
    const first = await scanner.scan({ waitMs: 0, onWaiting: () => {} });
    first!.settle(true);
    const end = await rejection(scanner.scan({ waitMs: 0, onWaiting: () => {} }));
    expect(end).toMatchObject({ code: "end_of_topic", details: {} });
    const waits = rejection(scanner.scan({ waitMs: 3_600_000, onWaiting: () => {} }));
    await scanner.work.ack({ offsets: [0], lease: undefined });
    expect(await waits).toMatchObject({ code: "end_of_topic", details: { isClosed: true } });
  });
});

describe("while a topic is being closed with a message", () => {
  it("others wait, and are taken when that comes to nothing", async () => {
    const { topic, disk } = await newTopic();
    await publishAll(topic, ["a"]);
    disk.capacityBytes = 0;
    const closing = rejection(put(topic, "too much", { closes: true }));
    expect(await closing).toMatchObject({ code: "storage_full" });
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    expect((await put(topic, "b")).offset).toBe(1);
    expect(topic.isClosed).toBe(false);
  });
});

describe("a topic that could not be closed", () => {
  it("is open as before", async () => {
    const { topic, disk } = await newTopic();
    disk.capacityBytes = 0;
    expect(await rejection(topic.closeForGood())).toMatchObject({ code: "storage_full" });
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    expect((await put(topic, "a")).offset).toBe(0);
    await topic.closeForGood();
    expect(topic.isClosed).toBe(true);
  });
});
