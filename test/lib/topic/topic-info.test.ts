import { describe, expect, it } from "vitest";
import { openNetlog, publishAll, publishTogether, texts } from "../../support/netlog-fixture.ts";

describe("a topic's info", () => {
  it("tells of an empty one in the words and order of the wire", async () => {
    const { netlog } = await openNetlog();
    const topic = await netlog.createTopic("demo");
    const info = await topic.info();
    const time = "2026-01-01T00:00:00.000Z";
    expect(info).toEqual({
      name: "demo",
      path: "demo",
      disk_size: 64,
      first_offset: 0,
      latest_offset: -1,
      segments: [{ first_offset: 0, disk_size: 64, data_size: 24, mod_time: time }],
      mod_time: time,
      scanners: {},
      id: topic.id,
      settings: {
        segment_age: "30day",
        segment_size: 1073741824,
        batch_num_messages: 100,
        batch_interval: "0s",
        compression_type: 1,
        durability: "synced",
        sync_interval: "1s",
        retention_size: 0,
        idempotency_window: "10m0s",
      },
    });
    expect(Object.keys(info)).toEqual([
      "name",
      "path",
      "disk_size",
      "first_offset",
      "latest_offset",
      "segments",
      "mod_time",
      "scanners",
      "id",
      "settings",
    ]);
  });

  it("tells offsets, sizes of segments, and scanners by id", async () => {
    const { netlog, runtime } = await openNetlog();
    const topic = await netlog.createTopic("demo", { segment_size: 1024 });
    const scanner = await topic.createScanner({ from: 0, persist: true });
    await publishTogether(topic, texts(5));
    await runtime.advance(5000);
    await publishAll(topic, texts(30));
    const info = await topic.info();
    expect(info).toMatchObject({ first_offset: 0, latest_offset: 34, mod_time: "2026-01-01T00:00:05.000Z" });
    expect(info.scanners).toEqual({ [scanner.id]: scanner.info() });
    expect(info.segments.length).toBeGreaterThan(1);
    expect(info.segments[0]!.first_offset).toBe(0);
    expect(info.disk_size).toBe(info.segments.reduce((sum, segment) => sum + segment.disk_size, 0));
  });
});
