import { describe, expect, it } from "vitest";
import { framesOf } from "../../../lib/log/index.ts";
import {
  appendAll,
  entry,
  newLog,
  numbered,
  openFixture,
  readAll,
  texts,
} from "../../support/log-fixture.ts";

describe("appending and reading", () => {
  it("gives dense offsets from 0 and reads every entry back", async () => {
    const { log } = await newLog();
    const appended = await Promise.all(log.append([entry("a"), entry("bcd", 3), entry("e")]));
    expect(appended.map(({ baseOffset }) => baseOffset)).toEqual([0, 1, 4]);
    expect(log.logEndOffset).toBe(5);
    expect(await readAll(log)).toEqual(
      new Map([
        [0, "a"],
        [1, "bcd"],
        [4, "e"],
      ]),
    );
  });

  it("reads the frame that holds an offset in its middle", async () => {
    const { log } = await newLog();
    await Promise.all(log.append([entry("a"), entry("bcd", 3), entry("e")]));
    const run = await log.openCursor().read(2, 1);
    expect(run).toMatchObject({ baseOffset: 1, endOffset: 4 });
  });

  it("reads on in the middle of what one cursor read before", async () => {
    const { log } = await newLog();
    await Promise.all(log.append(texts(10).map((text) => entry(text))));
    const cursor = log.openCursor();
    expect(await cursor.read(0, 10_000)).toMatchObject({ baseOffset: 0, endOffset: 10 });
    expect(await cursor.read(4, 1)).toMatchObject({ baseOffset: 4, endOffset: 5 });
    expect(await cursor.read(5, 10_000)).toMatchObject({ baseOffset: 5, endOffset: 10 });
    expect(await cursor.read(10, 10_000)).toBeUndefined();
  });

  it("reads what was closed and opened again, from the disk", async () => {
    const first = await newLog();
    const appended = texts(500);
    await appendAll(first.log, appended);
    await first.log.close();
    const second = await openFixture(first.disk, first.runtime);
    expect(await readAll(second.log)).toEqual(numbered(appended));
    expect(second.log.highWatermark).toBe(500);
  });

  it("reads frames that span blocks, and frames larger than blocks", async () => {
    const caps = { blockBytes: 4096, tailBytes: 1, tailTotalBytes: 1 };
    const first = await newLog({}, { caps });
    const appended = Array.from({ length: 60 }, (_, i) =>
      String.fromCharCode(97 + (i % 26)).repeat(i * 300 + 1),
    );
    await appendAll(first.log, appended);
    await first.log.close();
    const second = await openFixture(first.disk, first.runtime, {}, { caps });
    expect(await readAll(second.log)).toEqual(numbered(appended));
  });

  it("stamps frames with times that never go back, even when the clock does", async () => {
    const { log, runtime } = await newLog();
    const start = runtime.now();
    await log.append([entry("a")])[0];
    runtime.setClock(start - 5000);
    await log.append([entry("b")])[0];
    const run = await log.openCursor().read(0, 10_000);
    expect([...framesOf(run!.bytes)].map((frame) => frame.header.timestampMs)).toEqual([start, start]);
  });

  it("finds the first message not older than a time, over several segments", async () => {
    const { log, runtime } = await newLog({ segmentSizeBytes: 1024 });
    const start = runtime.now();
    for (const text of texts(200)) {
      await log.append([entry(text)])[0];
      await runtime.advance(10);
    }
    expect((await log.describe()).segments.length).toBeGreaterThan(5);
    expect(await log.offsetAt(start - 1)).toBe(0);
    for (const offset of [0, 1, 57, 123, 199]) expect(await log.offsetAt(start + offset * 10)).toBe(offset);
    expect(await log.offsetAt(start + 571)).toBe(58);
    expect(await log.offsetAt(start + 2000)).toBe(200);
  });

  it("wakes waiters in order when their offset becomes readable, and not before", async () => {
    const { log } = await newLog();
    const woken: string[] = [];
    log.waitFor(1, () => woken.push("second"));
    log.waitFor(0, () => woken.push("first"));
    const cancel = log.waitFor(0, () => woken.push("cancelled"));
    cancel();
    await log.append([entry("a")])[0];
    expect(woken).toEqual(["first"]);
    await log.append([entry("b")])[0];
    expect(woken).toEqual(["first", "second"]);
    log.waitFor(0, (reason) => woken.push(reason));
    expect(woken.at(-1)).toBe("readable");
  });
});

describe("durability", () => {
  it("moves the high watermark of a synced log with syncs alone", async () => {
    const { log } = await newLog({ durability: "synced" });
    const [appended] = log.append([entry("a", 1, "written")]);
    expect(log.logEndOffset).toBe(1);
    expect(log.highWatermark).toBe(0);
    expect(await log.openCursor().read(0, 1)).toBeUndefined();
    await appended;
    await log.sync();
    expect(log.highWatermark).toBe(1);
  });

  it("shows written messages at once in a written log, before they are on the disk", async () => {
    const { log, disk, runtime } = await newLog({ durability: "written" });
    await log.append([entry("a", 1, "written")])[0];
    expect(log.highWatermark).toBe(1);
    const lost = await openFixture(
      disk.crashPower(() => 0),
      runtime,
    );
    expect(lost.log.logEndOffset).toBe(0);
  });

  it("syncs a written log each interval", async () => {
    const { log, disk, runtime } = await newLog({ durability: "written", syncIntervalMs: 1000 });
    await log.append([entry("a", 1, "written")])[0];
    await runtime.advance(1000);
    const kept = await openFixture(
      disk.crashPower(() => 0),
      runtime,
    );
    expect(kept.log.logEndOffset).toBe(1);
  });

  it("syncs everything before a written log becomes a synced one", async () => {
    const { log, disk, runtime } = await newLog({ durability: "written" });
    await log.append([entry("a", 1, "written")])[0];
    await log.setLimits({
      segmentSizeBytes: 1024,
      segmentAgeMs: 1e9,
      retentionSizeBytes: 0,
      durability: "synced",
      syncIntervalMs: 1000,
    });
    const kept = await openFixture(
      disk.crashPower(() => 0),
      runtime,
    );
    expect(await readAll(kept.log)).toEqual(new Map([[0, "a"]]));
  });
});

describe("the end of a log", () => {
  it("refuses appends and reads of a deleted log, and wakes waiters", async () => {
    const { log } = await newLog();
    await log.append([entry("a")])[0];
    const reasons: string[] = [];
    log.waitFor(1, (reason) => reasons.push(reason));
    await log.delete();
    expect(reasons).toEqual(["deleted"]);
    await expect(log.append([entry("b")])[0]).rejects.toMatchObject({ code: "topic_not_found" });
    await expect(log.openCursor().read(0, 1)).rejects.toMatchObject({ code: "topic_not_found" });
  });

  it("settles appends under way before it closes, and refuses later ones", async () => {
    const { log } = await newLog();
    const [appended] = log.append([entry("a")]);
    const closed = log.close();
    await expect(log.append([entry("b")])[0]).rejects.toMatchObject({ code: "shutting_down" });
    await closed;
    await expect(appended).resolves.toMatchObject({ baseOffset: 0 });
  });
});
