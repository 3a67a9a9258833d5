import { describe, expect, it } from "vitest";
import { DEFAULT_SETTINGS } from "../../../lib/topic/setting-table.ts";
import { FaultyDisk } from "../../support/faulty-disk.ts";
import type { MemoryDisk } from "../../support/memory-disk.ts";
import { DATA_FOLDER, openNetlog, publishAll, publishTogether, texts } from "../../support/netlog-fixture.ts";

const DAY_MS = 86_400_000;

async function faultyNetlog() {
  let faulty: FaultyDisk | undefined;
  const fixture = await openNetlog({
    seen: (disk: MemoryDisk) => {
      faulty = new FaultyDisk(disk);
      return faulty;
    },
  });
  return { ...fixture, faulty: faulty! };
}

describe("a change of a topic's settings", () => {
  it("changes what it names, takes zero for the server's default, and leaves the rest", async () => {
    const { netlog } = await openNetlog({ defaults: { segment_size: 5000, retention_size: 9000 } });
    const topic = await netlog.createTopic("t", { segment_size: 2048, batch_num_messages: 7 });
    await netlog.updateTopic("t", { segment_size: 0, durability: "written", segment_age: "90s" });
    expect(topic.settings).toEqual({
      ...DEFAULT_SETTINGS,
      segment_size: 5000,
      retention_size: 9000,
      batch_num_messages: 7,
      durability: "written",
      segment_age: "1m30s",
    });
  });

  it.each([[{}], [undefined], [null], [[]], ["x"], [{ colour: 1 }], [{ segment_size: 1 }]])(
    "is refused as %j, and changes nothing",
    async (change) => {
      const { netlog } = await openNetlog();
      const topic = await netlog.createTopic("t");
      await expect(netlog.updateTopic("t", change)).rejects.toMatchObject({
        code: "bad_request",
        reason: expect.stringMatching(/\S/),
      });
      await expect(
        netlog.updateTopic("t", { segment_size: 2048, compression_type: 9 }),
      ).rejects.toMatchObject({ code: "invalid_compression_type" });
      expect(topic.settings).toEqual(DEFAULT_SETTINGS);
    },
  );

  it("survives a restart", async () => {
    const { netlog, disk, runtime } = await openNetlog();
    await netlog.createTopic("t");
    await netlog.updateTopic("t", { retention_size: 5000 });
    const again = await openNetlog({ disk: disk.crashPower(() => 0), runtime });
    expect(again.netlog.topic("t").settings).toEqual({ ...DEFAULT_SETTINGS, retention_size: 5000 });
  });

  it("leaves the old or the new settings whatever fails, and says no to what it did not do", async () => {
    for (let nth = 1; ; nth++) {
      const { netlog, faulty, disk, runtime } = await faultyNetlog();
      const topic = await netlog.createTopic("t");
      faulty.plan({ code: "ENOSPC", nth, lasting: true });
      const outcome = await netlog.updateTopic("t", { retention_size: 5000 }).then(
        () => "done",
        (error: { code: string }) => error.code,
      );
      const isHit = faulty.hit !== undefined;
      // One copy on the disk is enough.
      const isEnough = !isHit || faulty.hit!.path.includes("settings.copy");
      expect(isEnough ? ["done"] : ["storage_full", "sync_failed", "done"]).toContain(outcome);
      expect(topic.settings.retention_size).toBe(outcome === "done" ? 5000 : 0);
      faulty.plan();
      const again = await openNetlog({ disk: disk.crashPower(() => 0), runtime });
      const { retention_size: kept } = again.netlog.topic("t").settings;
      expect(kept).toBe(outcome === "done" ? 5000 : 0);
      if (!isHit) return;
    }
  });

  it("of two at once loses neither", async () => {
    const { netlog } = await openNetlog();
    const topic = await netlog.createTopic("t");
    await Promise.all([
      netlog.updateTopic("t", { segment_size: 2048 }),
      netlog.updateTopic("t", { retention_size: 4096 }),
    ]);
    expect(topic.settings).toMatchObject({ segment_size: 2048, retention_size: 4096 });
  });

  it("never reaches a topic of the same name that is made after it", async () => {
    const { netlog } = await openNetlog();
    await netlog.createTopic("t");
    const changed = netlog.updateTopic("t", { segment_size: 2048 });
    const deleted = netlog.deleteTopic("t", { force: true });
    const made = netlog.createTopic("t");
    const late = netlog.updateTopic("other", { segment_size: 2048 });
    await expect(late).rejects.toMatchObject({ code: "topic_not_found" });
    await Promise.all([changed, deleted]);
    expect((await made).settings).toEqual(DEFAULT_SETTINGS);
  });

  it("holds for segments from then on: their size, and their age", async () => {
    const { netlog, runtime } = await openNetlog();
    const topic = await netlog.createTopic("t");
    await publishTogether(topic, ["x".repeat(900)]);
    await netlog.updateTopic("t", { segment_size: 1024 });
    await publishTogether(topic, ["y".repeat(900)]);
    expect((await topic.info()).segments.map(({ first_offset }) => first_offset)).toEqual([0, 1]);
    await runtime.advance(2 * DAY_MS);
    expect((await topic.info()).first_offset).toBe(0);
    await netlog.updateTopic("t", { segment_age: "1day" });
    await runtime.advance(20_000);
    expect((await topic.info()).first_offset).toBe(2);
  });

  it("holds for sets from then on: their compression, and how long one waits", async () => {
    const { netlog, runtime } = await openNetlog();
    const topic = await netlog.createTopic("t", { compression_type: 2, batch_interval: "1h" });
    const early = topic.publish({ payload: Buffer.from("early") });
    await netlog.updateTopic("t", { compression_type: 1 });
    expect((await early).offset).toBe(0);
    expect(await publishAll(topic, ["now"])).toEqual([1]);
    await netlog.updateTopic("t", { compression_type: 3, batch_interval: "1m" });
    let isLate = false;
    const late = topic.publish({ payload: Buffer.from("late") }).then(() => {
      isLate = true;
    });
    await runtime.advance(59_000);
    expect(isLate).toBe(false);
    await runtime.advance(1000);
    await late;
    const frames = await topic.openCursor().collectFrames(0, { maxMessages: 9, maxBytes: 9000 });
    expect(frames.endOffset).toBe(3);
  });

  it("lets nothing linger again once the server is stopping", async () => {
    const { netlog } = await openNetlog();
    const topic = await netlog.createTopic("t");
    netlog.beginShutdown();
    await netlog.updateTopic("t", { compression_type: 2, batch_interval: "1h" });
    expect(await publishAll(topic, ["now"])).toEqual([0]);
  });

  it("from written to synced puts on the disk what can be read", async () => {
    const { netlog, disk, runtime } = await openNetlog();
    const topic = await netlog.createTopic("t", { durability: "written", sync_interval: "1day" });
    await publishAll(topic, texts(3));
    await netlog.updateTopic("t", { durability: "synced" });
    expect(await topic.publish({ payload: Buffer.from("more") })).toMatchObject({
      offset: 3,
      durability: "synced",
    });
    const again = await openNetlog({ disk: disk.crashPower(() => 0), runtime });
    expect((await again.netlog.topic("t").info()).latest_offset).toBe(3);
  });

  it("from written to synced changes nothing when the disk does not sync", async () => {
    const { netlog, faulty, disk } = await faultyNetlog();
    const topic = await netlog.createTopic("t", { durability: "written", sync_interval: "1day" });
    await publishAll(topic, texts(1));
    faulty.plan({ code: "EIO", kinds: ["sync"] });
    await expect(netlog.updateTopic("t", { durability: "synced" })).rejects.toMatchObject({
      code: "sync_failed",
    });
    expect(topic.settings.durability).toBe("written");
    expect((await disk.readFile(`${DATA_FOLDER}/t/settings.json`)).toString()).toContain(
      '"durability":"written"',
    );
  });
});
