import { describe, expect, it } from "vitest";
import { FaultyDisk } from "../../support/faulty-disk.ts";
import { openNetlog, publishAll } from "../../support/netlog-fixture.ts";

const SECOND_MS = 1000;
/** Rounds of the monitor come every 10 s. */
const ROUND_MS = 10 * SECOND_MS;

const GONE = { code: "topic_not_found" };

describe("a topic with a ttl", () => {
  it("is deleted by the monitor when nobody has used it for so long, scanners or not", async () => {
    const { netlog, runtime, disk } = await openNetlog();
    const topic = await netlog.createTopic("t", { ttl: "1m" });
    const scanner = await topic.createScanner({ from: 0, persist: true });
    expect(topic.settings.ttl).toBe("1m0s");
    await runtime.advance(50 * SECOND_MS);
    expect(netlog.topicNames()).toEqual(["t"]);
    await runtime.advance(2 * ROUND_MS);
    expect(netlog.topicNames()).toEqual([]);
    await expect(scanner.scan({ waitMs: 0, onWaiting: () => {} })).rejects.toMatchObject(GONE);
    const again = await openNetlog({ disk: disk.crashPower(() => 0), runtime });
    expect(again.netlog.topicNames()).toEqual([]);
  });

  it("is gone at the first access, between two rounds too", async () => {
    const { netlog, runtime } = await openNetlog();
    await netlog.createTopic("t", { ttl: "1s" });
    await runtime.advance(999);
    expect(netlog.topic("t").name).toBe("t");
    await runtime.advance(1);
    expect(() => netlog.topic("t")).toThrow(expect.objectContaining(GONE));
    await netlog.expiryOf("t");
    expect(netlog.topicNames()).toEqual([]);
    expect(netlog.expiryOf("t")).toBeUndefined();
  });

  it("can be made again at once, as another topic", async () => {
    const { netlog, runtime } = await openNetlog();
    const old = await netlog.createTopic("t", { ttl: "1s" });
    await publishAll(old, ["a"]);
    await runtime.advance(SECOND_MS);
    const topic = await netlog.createTopic("t", { ttl: "1s" });
    expect(topic.id).not.toBe(old.id);
    expect(await publishAll(topic, ["b"])).toEqual([0]);
    await runtime.advance(SECOND_MS);
    await expect(netlog.deleteTopic("t", { force: true })).rejects.toMatchObject(GONE);
  });

  it("lives on with each use, and while one goes on; asking about it is none", async () => {
    const { netlog, runtime } = await openNetlog();
    const topic = await netlog.createTopic("t", { ttl: "1m" });
    for (let i = 0; i < 3; i++) {
      topic.life.beginUse();
      topic.life.endUse();
      await runtime.advance(59 * SECOND_MS);
    }
    topic.life.beginUse();
    await runtime.advance(1000 * SECOND_MS);
    topic.life.endUse();
    await runtime.advance(59 * SECOND_MS);
    await netlog.topic("t").info();
    await netlog.topic("t").check(0);
    await runtime.advance(SECOND_MS);
    expect(() => netlog.topic("t")).toThrow(expect.objectContaining(GONE));
  });

  it("is not hurried by a clock that jumps", async () => {
    const { netlog, runtime } = await openNetlog();
    await netlog.createTopic("t", { ttl: "1h" });
    runtime.setClock(runtime.now() + 1000 * 3_600_000);
    expect(netlog.topic("t").name).toBe("t");
  });

  it("counts anew from each opening, and from each change of the ttl", async () => {
    const { netlog, runtime, disk } = await openNetlog();
    await netlog.createTopic("t", { ttl: "1m" });
    await runtime.advance(59 * SECOND_MS);
    const again = await openNetlog({ disk: disk.crashPower(() => 0), runtime });
    await runtime.advance(59 * SECOND_MS);
    await again.netlog.updateTopic("t", { ttl: "2m" });
    await runtime.advance(119 * SECOND_MS);
    await again.netlog.updateTopic("t", { segment_size: 2048, ttl: "2m" });
    await runtime.advance(SECOND_MS);
    expect(() => again.netlog.topic("t")).toThrow(expect.objectContaining(GONE));
  });

  it.each([0, "0s", "", null])("lives for ever after a change to %j", async (none) => {
    const { netlog, runtime } = await openNetlog();
    const topic = await netlog.createTopic("t", { ttl: "1m" });
    await netlog.updateTopic("t", { ttl: none });
    await runtime.advance(1000 * ROUND_MS);
    expect(JSON.stringify((await topic.info()).settings)).not.toContain("ttl");
  });

  it("lives on by the dead letters that it gets", async () => {
    const { netlog, runtime } = await openNetlog();
    await netlog.createTopic("dead", { ttl: "1m" });
    const topic = await netlog.createTopic("t");
    await publishAll(topic, ["a", "b"]);
    const request = { id: "s", from: 0, ack: "explicit", deadLetter: "dead", maxDeliver: 1 } as const;
    const { scanner } = await topic.findOrCreateScanner(request);
    for (let i = 0; i < 2; i++) {
      await runtime.advance(50 * SECOND_MS);
      const delivery = await scanner.scan({ waitMs: 0, onWaiting: () => {} });
      delivery!.settle(true);
      await scanner.work.nack({ offsets: [i], lease: undefined }, 0, true);
      await runtime.turn();
      await runtime.turn();
    }
    await runtime.advance(20 * SECOND_MS);
    expect((await netlog.topic("dead").info()).latest_offset).toBe(1);
  });
});

describe("a topic with expires_at", () => {
  it("is deleted then, used or not, and what waits there ends", async () => {
    const { netlog, runtime } = await openNetlog();
    const expiresAt = new Date(runtime.now() + 60 * SECOND_MS).toISOString();
    const topic = await netlog.createTopic("t", { expires_at: expiresAt });
    topic.life.beginUse();
    const cursor = topic.openCursor();
    const waiting = cursor.wait(0, { waitMs: undefined, onWaiting: () => {} });
    const refused = expect(waiting).rejects.toMatchObject(GONE);
    await runtime.advance(60 * SECOND_MS - 1);
    expect(netlog.topic("t")).toBe(topic);
    await runtime.advance(1 + ROUND_MS);
    await refused;
    expect(netlog.topicNames()).toEqual([]);
  });

  it("that passed while the server was stopped is gone at the first access", async () => {
    const { netlog, runtime, disk } = await openNetlog();
    await netlog.createTopic("t", { expires_at: new Date(runtime.now() + SECOND_MS).toISOString() });
    await runtime.advance(SECOND_MS);
    const again = await openNetlog({ disk: disk.crashPower(() => 0), runtime });
    expect(again.netlog.failedTopics()).toEqual([]);
    expect(() => again.netlog.topic("t")).toThrow(expect.objectContaining(GONE));
  });

  it("keeps the time in UTC", async () => {
    const { netlog } = await openNetlog();
    const topic = await netlog.createTopic("t", { expires_at: "2099-01-01t02:00:00+02:00" });
    expect(topic.settings.expires_at).toBe("2099-01-01T00:00:00.000Z");
  });
});

it("a topic whose folder cannot be taken away is refused for that, and logged", async () => {
  let faulty: FaultyDisk | undefined;
  const { netlog, runtime } = await openNetlog({
    seen: (disk) => {
      faulty = new FaultyDisk(disk);
      return faulty;
    },
  });
  await netlog.createTopic("t", { ttl: "1s" });
  await runtime.advance(SECOND_MS);
  faulty!.plan({ code: "EIO", kinds: ["rename"] });
  expect(() => netlog.topic("t")).toThrow(expect.objectContaining(GONE));
  await expect(netlog.expiryOf("t")).rejects.toMatchObject({ code: "topic_unavailable" });
  expect(netlog.failedTopics()).toMatchObject([{ name: "t" }]);
});
