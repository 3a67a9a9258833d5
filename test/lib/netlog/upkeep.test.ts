import { describe, expect, it } from "vitest";
import { Monitor } from "../../../lib/netlog/monitor.ts";
import { within } from "../../support/deadline.ts";
import { FaultyDisk } from "../../support/faulty-disk.ts";
import { ManualRuntime } from "../../support/manual-runtime.ts";
import { openNetlog, publishAll, publishTogether, texts } from "../../support/netlog-fixture.ts";

const DAY_MS = 86_400_000;

describe("the monitor", () => {
  it("runs a round every interval, never two at once", async () => {
    const runtime = new ManualRuntime();
    let begun = 0;
    let finish = () => {};
    const monitor = new Monitor(runtime, 10_000, () => {
      begun++;
      return new Promise((resolve) => {
        finish = resolve;
      });
    });
    await runtime.advance(9999);
    expect(begun).toBe(0);
    await runtime.advance(1);
    await runtime.advance(60_000);
    expect(begun).toBe(1);
    finish();
    await runtime.turn();
    await runtime.advance(10_000);
    expect(begun).toBe(2);
    let isStopped = false;
    const stopped = monitor.stop().then(() => {
      isStopped = true;
    });
    await runtime.turn();
    expect(isStopped).toBe(false);
    finish();
    await within("stopped", stopped);
    await runtime.advance(60_000);
    expect(begun).toBe(2);
    expect(runtime.timerCount).toBe(0);
  });

  it("drops the segments of each topic whose messages have grown too old", async () => {
    const { netlog, runtime } = await openNetlog();
    const [old, kept] = [
      await netlog.createTopic("old", { segment_age: "1day" }),
      await netlog.createTopic("kept", { segment_age: "1month" }),
    ];
    for (const topic of [old, kept]) await publishAll(topic, texts(3));
    await runtime.advance(2 * DAY_MS);
    expect(await old.info()).toMatchObject({ first_offset: 3, latest_offset: 2 });
    expect(await kept.info()).toMatchObject({ first_offset: 0, latest_offset: 2 });
    expect(await publishAll(old, ["next"])).toEqual([3]);
  });

  it("goes on with the other topics when one of them fails, and logs it once", async () => {
    const first = await openNetlog();
    for (const name of ["a", "b"]) {
      await publishTogether(
        await first.netlog.createTopic(name, { segment_size: 1024, retention_size: 1024 }),
        texts(3),
      );
    }
    await first.netlog.close();
    const faulty = new FaultyDisk(first.disk);
    const { netlog, runtime, logger } = await openNetlog({
      disk: first.disk,
      runtime: first.runtime,
      seen: () => faulty,
    });
    for (const name of ["a", "b"]) await publishAll(netlog.topic(name), texts(60));
    faulty.plan({ code: "EIO", kinds: ["syncFolder", "remove"], path: /\/a/, lasting: true });
    await runtime.advance(60_000);
    expect((await netlog.topic("b").info()).first_offset).toBeGreaterThan(0);
    expect(logger.lines.filter(({ fields }) => fields.topic === "a").map(({ message }) => message)).toEqual([
      "old segments could not be dropped",
    ]);
  });
});

describe("a scanner that nobody uses", () => {
  it("is dropped after seven days, unless it is persistent", async () => {
    const { netlog, runtime } = await openNetlog({ monitorIntervalMs: 3_600_000 });
    const topic = await netlog.createTopic("t");
    const idle = await topic.createScanner({ from: 0, persist: false });
    const used = await topic.createScanner({ from: 0, persist: false });
    const waiting = await topic.createScanner({ from: 0, persist: false });
    const persistent = await topic.createScanner({ from: 0, persist: true });
    await runtime.advance(6 * DAY_MS + DAY_MS / 2);
    await expect(used.scan({ waitMs: 0 })).rejects.toMatchObject({ code: "end_of_topic" });
    const scan = waiting.scan({ waitMs: DAY_MS });
    expect(Object.keys((await topic.info()).scanners)).toHaveLength(4);
    await runtime.advance(DAY_MS / 2);
    const left = [used.id, waiting.id, persistent.id];
    expect(Object.keys((await topic.info()).scanners)).toEqual(left.sort());
    expect(() => topic.scanner(idle.id)).toThrow(expect.objectContaining({ code: "scanner_not_found" }));
    await publishAll(topic, ["x"]);
    expect((await within("the waiting scan", scan))!.message.offset).toBe(0);
  });

  it("is not dropped because the clock jumps", async () => {
    const { netlog, runtime } = await openNetlog();
    const topic = await netlog.createTopic("t");
    const scanner = await topic.createScanner({ from: 0, persist: false });
    runtime.setClock(runtime.now() + 365 * DAY_MS);
    await runtime.advance(20_000);
    expect(topic.scanner(scanner.id)).toBe(scanner);
  });
});
