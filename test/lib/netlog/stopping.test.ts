import { describe, expect, it } from "vitest";
import { within } from "../../support/deadline.ts";
import { MemoryDisk } from "../../support/memory-disk.ts";
import { openNetlog, publishAll, texts, told } from "../../support/netlog-fixture.ts";

const STOPPING = { code: "shutting_down" };

describe("the beginning of a shutdown", () => {
  it("ends waiting scans, lets none wait, and gives what is there", async () => {
    const { netlog, runtime } = await openNetlog();
    const topic = await netlog.createTopic("t");
    const scanner = await topic.createScanner({ from: 0, persist: false });
    const waiting = expect(scanner.scan({ waitMs: 60_000 })).rejects.toMatchObject(STOPPING);
    netlog.beginShutdown();
    await within("the waiting scan", waiting);
    await expect(scanner.scan({ waitMs: 60_000 })).rejects.toMatchObject(STOPPING);
    await expect(scanner.scan({ waitMs: 0 })).rejects.toMatchObject({ code: "end_of_topic" });
    await publishAll(topic, ["late"]);
    expect(told(await scanner.scan({ waitMs: 60_000 }))).toEqual([0, "late"]);
    const newer = await topic.createScanner({ from: "end", persist: false });
    await expect(newer.scan({ waitMs: 60_000 })).rejects.toMatchObject(STOPPING);
    const other = await netlog.createTopic("u");
    const another = await other.createScanner({ from: 0, persist: false });
    await expect(another.scan({ waitMs: 60_000 })).rejects.toMatchObject(STOPPING);
    expect(runtime.timerCount).toBe(1);
  });

  it("ends all the waits of a scanner while it reads for one of them", async () => {
    const { netlog } = await openNetlog();
    const topic = await netlog.createTopic("t");
    const scanner = await topic.createScanner({ from: 0, persist: false });
    const scans = [1, 2, 3].map(() => scanner.scan({ waitMs: 60_000 }).catch((error: unknown) => error));
    const other = await topic.createScanner({ from: 0, persist: false });
    const woken = other.scan({ waitMs: 60_000 }).then(() => netlog.beginShutdown());
    await publishAll(topic, ["x"]);
    await within("the other scan", woken);
    const ends = await within("all scans", Promise.all(scans));
    expect(ends.slice(1)).toEqual([expect.objectContaining(STOPPING), expect.objectContaining(STOPPING)]);
  });

  it("answers publishes that linger", async () => {
    const { netlog } = await openNetlog();
    const topic = await netlog.createTopic("t", { compression_type: 3, batch_interval: "1h" });
    const published = topic.publish({ payload: Buffer.from("lingers") });
    netlog.beginShutdown();
    expect(await within("the answer", published)).toMatchObject({ offset: 0 });
  });
});

describe("closing", () => {
  it("finishes what was published, syncs it, and gives the folder back", async () => {
    const { netlog, disk, runtime } = await openNetlog();
    const topic = await netlog.createTopic("t", {
      durability: "written",
      compression_type: 2,
      batch_interval: "1h",
      sync_interval: "1day",
    });
    const published = Promise.all(texts(10).map((text) => topic.publish({ payload: Buffer.from(text) })));
    const closed = netlog.close();
    expect((await within("the answers", published)).map(({ offset }) => offset)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
    await within("closed", closed);
    expect(runtime.timerCount).toBe(0);
    const reopened = await openNetlog({ disk: disk.crashPower(() => 0), runtime });
    expect((await reopened.netlog.topic("t").message(9)).payload.toString()).toBe("m9");
  });

  it("refuses everything from then on, and can be asked for twice", async () => {
    const { netlog } = await openNetlog();
    const topic = await netlog.createTopic("t");
    const scanner = await topic.createScanner({ from: 0, persist: true });
    const scan = expect(scanner.scan({ waitMs: 60_000 })).rejects.toMatchObject(STOPPING);
    await Promise.all([netlog.close(), netlog.close()]);
    await within("the waiting scan", scan);
    expect(() => netlog.topic("t")).toThrow(expect.objectContaining(STOPPING));
    await expect(netlog.createTopic("u")).rejects.toMatchObject(STOPPING);
    await expect(netlog.deleteTopic("t", { force: true })).rejects.toMatchObject(STOPPING);
    await expect(topic.publish({ payload: Buffer.from("x") })).rejects.toMatchObject(STOPPING);
    await expect(topic.message(0)).rejects.toMatchObject(STOPPING);
    await expect(topic.createScanner({ from: 0, persist: true })).rejects.toMatchObject(STOPPING);
    await expect(topic.deleteScanner(scanner.id)).rejects.toMatchObject(STOPPING);
  });

  it("drops what is settled after it: the next start repeats it", async () => {
    const { netlog, disk, runtime } = await openNetlog();
    const topic = await netlog.createTopic("t");
    await publishAll(topic, texts(2));
    const scanner = await topic.createScanner({ from: 0, persist: true });
    const delivery = await scanner.scan({ waitMs: 0 });
    await netlog.close();
    delivery!.settle(true);
    const reopened = await openNetlog({ disk, runtime });
    expect(reopened.netlog.topic("t").scanner(scanner.id).info().next).toBe(0);
  });

  it.each(["rename", "rm"])(
    "waits for topics being made and removed, at a %s that takes long",
    async (slow) => {
      let isHeld = false;
      let release = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      const schedule = (operation: string) =>
        isHeld && operation.startsWith(slow) ? held : Promise.resolve();
      const disk = new MemoryDisk({ schedule });
      const { netlog, runtime } = await openNetlog({ disk });
      await netlog.createTopic("old");
      isHeld = true;
      const changes = Promise.all([netlog.createTopic("new"), netlog.deleteTopic("old", { force: false })]);
      await runtime.turn();
      let isClosed = false;
      const closed = netlog.close().then(() => {
        isClosed = true;
      });
      await runtime.turn();
      expect(isClosed).toBe(false);
      release();
      await within("the changes", changes);
      await within("closed", closed);
      const reopened = await openNetlog({ disk });
      expect(reopened.netlog.topicNames()).toEqual(["new"]);
      expect(reopened.netlog.failedTopics()).toEqual([]);
      expect(disk.paths().filter((path) => path.includes("/.deleted"))).toEqual([]);
    },
  );

  it("syncs the positions of scanners", async () => {
    const { netlog, disk, runtime } = await openNetlog();
    const topic = await netlog.createTopic("t");
    await publishAll(topic, texts(2));
    const scanner = await topic.createScanner({ from: 0, persist: true });
    (await scanner.scan({ waitMs: 0 }))!.settle(true);
    await netlog.close();
    const reopened = await openNetlog({ disk: disk.crashPower(() => 0), runtime });
    expect(reopened.netlog.topic("t").scanner(scanner.id).info().next).toBe(1);
  });
});
