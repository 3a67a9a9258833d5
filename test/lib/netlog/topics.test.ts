import { describe, expect, it } from "vitest";
import { inlineOffload } from "../../../lib/message/compression.ts";
import { within } from "../../support/deadline.ts";
import { FaultyDisk } from "../../support/faulty-disk.ts";
import { MemoryDisk } from "../../support/memory-disk.ts";
import { type NetlogFixture, openNetlog, publishAll, texts } from "../../support/netlog-fixture.ts";
import { seededRandom } from "../../support/seeded-random.ts";

/** An open Netlog whose disk fails as planned. */
async function openFaulty(): Promise<NetlogFixture & { faulty: FaultyDisk }> {
  let faulty!: FaultyDisk;
  const fixture = await openNetlog({
    seen: (disk) => {
      faulty = new FaultyDisk(disk);
      return faulty;
    },
  });
  return { ...fixture, faulty };
}

describe("creating a topic", () => {
  it("makes it at once, with its settings, and on the disk", async () => {
    const fixture = await openNetlog();
    const topic = await fixture.netlog.createTopic("orders", { segment_age: "1day" });
    expect(fixture.netlog.topic("orders")).toBe(topic);
    expect(topic.name).toBe("orders");
    const reopened = await openNetlog({ disk: fixture.disk.crashPower(() => 0), runtime: fixture.runtime });
    expect(reopened.netlog.topicNames()).toEqual(["orders"]);
    expect(reopened.netlog.topic("orders").settings).toEqual(topic.settings);
  });

  it("writes the server's defaults out, so that other defaults change nothing later", async () => {
    const { netlog, disk, runtime } = await openNetlog({
      defaults: { segment_age: "5day", compression_type: 2 },
    });
    await netlog.createTopic("t", { compression_type: 0, segment_size: 4096 });
    await netlog.close();
    const reopened = await openNetlog({ disk, runtime, defaults: { segment_age: "9day" } });
    expect(reopened.netlog.topic("t").settings).toMatchObject({
      segment_age: "5day",
      segment_size: 4096,
      compression_type: 2,
    });
  });

  it.each(["", ".hidden", "-x", "a/b", "..", "a b", "ä", "a\0b", "x".repeat(256), "_:"])(
    "refuses the name %j",
    async (name) => {
      const { netlog, disk } = await openNetlog();
      const before = disk.paths();
      await expect(netlog.createTopic(name)).rejects.toMatchObject({
        code: "invalid_topic_name",
        reason: expect.stringContaining("A-Z a-z 0-9"),
      });
      expect(() => netlog.topic(name)).toThrow(expect.objectContaining({ code: "topic_not_found" }));
      expect(disk.paths()).toEqual(before);
    },
  );

  it("takes names as long as allowed, with dots, dashes and underscores", async () => {
    const { netlog } = await openNetlog();
    for (const name of ["x".repeat(255), "a.b-c_d", "_x", "0", "__proto__", "constructor"]) {
      await netlog.createTopic(name);
      expect(netlog.topic(name).name).toBe(name);
    }
    expect(() => netlog.topic("toString")).toThrow(expect.objectContaining({ code: "topic_not_found" }));
  });

  it("refuses a second one of the same name, also at the same moment", async () => {
    const { netlog } = await openNetlog();
    const both = await Promise.allSettled([netlog.createTopic("t"), netlog.createTopic("t")]);
    expect(both.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(both[1]).toMatchObject({ reason: { code: "topic_exists" } });
    await expect(netlog.createTopic("t")).rejects.toMatchObject({ code: "topic_exists", reason: undefined });
  });

  it("tells what is wrong with the settings before it looks for the name", async () => {
    const { netlog } = await openNetlog();
    await netlog.createTopic("t");
    await expect(netlog.createTopic("t", { segment_size: "x" })).rejects.toMatchObject({
      code: "bad_request",
    });
    await expect(netlog.createTopic("u", { compression_type: 9 })).rejects.toMatchObject({
      code: "invalid_compression_type",
    });
    expect(netlog.topicNames()).toEqual(["t"]);
  });

  it("leaves what else has the name alone", async () => {
    const { netlog, disk, logger } = await openNetlog();
    await disk.makeFolder("/data/photos");
    disk.replaceBytes("/data/photos/cat.jpg", Buffer.from("miau"));
    await expect(netlog.createTopic("photos")).rejects.toMatchObject({ code: "topic_exists" });
    expect(logger.messages("warn")).toHaveLength(1);
    expect(disk.bytesOf("/data/photos/cat.jpg").toString()).toBe("miau");
  });

  it("leaves nothing behind when the disk is full, whichever step fails", async () => {
    const { netlog, disk, runtime, faulty } = await openFaulty();
    let steps = 0;
    for (let nth = 1; ; nth++) {
      faulty.plan({ code: "ENOSPC", kinds: ["makeFolder", "create", "write", "sync", "rename"], nth });
      const created = await netlog.createTopic("t").catch((error: unknown) => error);
      if (faulty.hit === undefined) break;
      steps++;
      // What fails once the topic is made is no lack of room.
      const isBuilding = faulty.hit.path.includes(".creating-");
      expect(created).toMatchObject({ code: isBuilding ? "storage_full" : "topic_unavailable" });
      expect(netlog.topicNames()).toEqual([]);
      await within("removals", runtime.turn());
      expect(disk.paths().filter((path) => path !== "/data/.lock")).toEqual([]);
    }
    expect(steps).toBeGreaterThan(6);
    expect(netlog.topicNames()).toEqual(["t"]);
  });

  it("says so when it cannot know whether the name is on the disk", async () => {
    const { netlog, faulty } = await openFaulty();
    faulty.plan({ code: "EIO", kinds: ["syncFolder"], path: /^\/data$/ });
    await expect(netlog.createTopic("t")).rejects.toMatchObject({ code: "sync_failed" });
    expect(netlog.topicNames()).toEqual([]);
    await netlog.createTopic("t");
  });

  it("leaves a whole topic or none when the power goes in the middle", async () => {
    for (let stopAt = 1; ; stopAt++) {
      const brake = new Brake(stopAt);
      const disk = new MemoryDisk({ schedule: () => brake.step() });
      const creation = openNetlog({ disk }).then(({ netlog }) => netlog.createTopic("t"));
      if ((await Promise.race([creation, brake.stopped])) !== undefined) break;
      brake.release();
      const survivor = disk.crashPower(seededRandom(stopAt));
      const { netlog } = await openNetlog({ disk: survivor });
      expect(netlog.failedTopics()).toEqual([]);
      expect([[], ["t"]]).toContainEqual(netlog.topicNames());
      await netlog.close();
      expect(survivor.paths().filter((path) => path.includes("/."))).toEqual([]);
    }
  });
});

describe("deleting a topic", () => {
  it("takes it away at once, on the disk too, files and all", async () => {
    const fixture = await openNetlog();
    await publishAll(await fixture.netlog.createTopic("t"), texts(3));
    await fixture.netlog.deleteTopic("t", { force: false });
    expect(fixture.netlog.topicNames()).toEqual([]);
    expect(() => fixture.netlog.topic("t")).toThrow(expect.objectContaining({ code: "topic_not_found" }));
    const disk = fixture.disk.crashPower(() => 0);
    const reopened = await openNetlog({ disk, runtime: fixture.runtime });
    expect(reopened.netlog.topicNames()).toEqual([]);
    await reopened.netlog.close();
    expect(disk.paths()).toEqual([]);
  });

  it("refuses one that has scanners, unless forced", async () => {
    const { netlog } = await openNetlog();
    const topic = await netlog.createTopic("t");
    await topic.createScanner({ from: 0, persist: false });
    await expect(netlog.deleteTopic("t", { force: false })).rejects.toMatchObject({ code: "resource_busy" });
    expect(netlog.topic("t")).toBe(topic);
    await netlog.deleteTopic("t", { force: true });
    expect(netlog.topicNames()).toEqual([]);
  });

  it("knows no topic of another name", async () => {
    const { netlog } = await openNetlog();
    for (const name of ["t", "../data", ".lock", ""]) {
      await expect(netlog.deleteTopic(name, { force: true })).rejects.toMatchObject({
        code: "topic_not_found",
      });
    }
  });

  it("ends everything that goes on with topic_not_found", async () => {
    const { netlog } = await openNetlog();
    const topic = await netlog.createTopic("t", { compression_type: 2, batch_interval: "1h" });
    const scanner = await topic.createScanner({ from: 0, persist: false });
    const gone = { code: "topic_not_found" };
    const ends = [
      expect(scanner.scan({ waitMs: 60_000 })).rejects.toMatchObject(gone),
      expect(topic.publish({ payload: Buffer.from("lingers") })).rejects.toMatchObject(gone),
    ];
    await netlog.deleteTopic("t", { force: true });
    await within("what went on", Promise.all(ends));
    await expect(topic.publish({ payload: Buffer.from("late") })).rejects.toMatchObject(gone);
    await expect(topic.message(0)).rejects.toMatchObject(gone);
    await expect(scanner.scan({ waitMs: 0 })).rejects.toMatchObject(gone);
    await expect(topic.createScanner({ from: 0, persist: true })).rejects.toMatchObject(gone);
  });

  it("leaves the files of its scanners alone from then on", async () => {
    const { netlog, runtime, logger } = await openNetlog();
    const topic = await netlog.createTopic("t");
    await publishAll(topic, texts(1));
    const scanner = await topic.createScanner({ from: 0, persist: true });
    (await scanner.scan({ waitMs: 0 }))!.settle(true);
    await netlog.deleteTopic("t", { force: true });
    await runtime.advance(5000);
    expect(logger.messages("error")).toEqual([]);
  });

  it("makes way for a new one of the same name, which has nothing of the old", async () => {
    const { netlog } = await openNetlog();
    const old = await netlog.createTopic("t");
    await Promise.all(texts(5).map((text) => old.publish({ payload: Buffer.from(`old ${text}`) })));
    expect((await old.message(3)).payload.toString()).toBe("old m3");
    const deletion = netlog.deleteTopic("t", { force: true });
    const topic = await netlog.createTopic("t");
    await deletion;
    expect(await topic.info()).toMatchObject({ first_offset: 0, latest_offset: -1, scanners: {} });
    await Promise.all(texts(5).map((text) => topic.publish({ payload: Buffer.from(`new ${text}`) })));
    expect((await topic.message(3)).payload.toString()).toBe("new m3");
  });

  it("lists it as failed when the disk does not let it go", async () => {
    const { netlog, faulty } = await openFaulty();
    await netlog.createTopic("t");
    faulty.plan({ code: "EACCES", kinds: ["rename"] });
    const refused = { code: "topic_unavailable", reason: expect.stringContaining("could not be deleted") };
    await expect(netlog.deleteTopic("t", { force: true })).rejects.toMatchObject(refused);
    expect(netlog.failedTopics()).toEqual([{ name: "t", reason: refused.reason }]);
    await netlog.deleteTopic("t", { force: true });
    expect(netlog.topicNames()).toEqual([]);
  });
});

describe("syncing a topic", () => {
  it("puts everything on the disk that was published before, what lingers included", async () => {
    const { netlog, disk, runtime } = await openNetlog();
    const settings = {
      durability: "written",
      sync_interval: "1day",
      compression_type: 2,
      batch_interval: "1h",
    };
    const topic = await netlog.createTopic("t", settings);
    const published = topic.publish({ payload: Buffer.from("lingers") });
    await within("the sync", topic.sync());
    expect(await within("the answer", published)).toMatchObject({ offset: 0, durability: "written" });
    const reopened = await openNetlog({ disk: disk.crashPower(() => 0), runtime });
    expect((await reopened.netlog.topic("t").message(0)).payload.toString()).toBe("lingers");
  });
});

describe("topics of several servers' lives", () => {
  it("are read as they were written, with every compression", async () => {
    const { netlog, disk, runtime } = await openNetlog();
    for (const type of [1, 2, 3]) {
      const topic = await netlog.createTopic(`c${type}`, { compression_type: type });
      await Promise.all(texts(50).map((text) => topic.publish({ payload: Buffer.from(text) })));
    }
    await netlog.close();
    const reopened = await openNetlog({ disk, runtime, offload: inlineOffload });
    for (const type of [1, 2, 3]) {
      const topic = reopened.netlog.topic(`c${type}`);
      expect((await topic.message(49)).payload.toString()).toBe("m49");
      expect(await topic.check(0)).toEqual([]);
    }
  });
});

/** Holds a disk's operations up for ever, from the n-th on. */
class Brake {
  readonly #stopAt: number;
  #steps = 0;
  #isReleased = false;
  #stop = () => {};
  readonly stopped = new Promise<undefined>((resolve) => {
    this.#stop = () => resolve(undefined);
  });

  constructor(stopAt: number) {
    this.#stopAt = stopAt;
  }

  step(): Promise<void> {
    this.#steps++;
    if (this.#isReleased || this.#steps < this.#stopAt) return Promise.resolve();
    this.#stop();
    return new Promise(() => {});
  }

  /** For the disk that comes after the crash. */
  release(): void {
    this.#isReleased = true;
  }
}
