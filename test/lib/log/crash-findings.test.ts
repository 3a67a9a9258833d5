/** What simulated crashes found, each as a test of its own. */
import { describe, expect, it } from "vitest";
import { framesOf } from "../../../lib/log/index.ts";
import { plainFrames } from "../../support/data-files.ts";
import { FaultyDisk } from "../../support/faulty-disk.ts";
import {
  appendAll,
  entry,
  newLog,
  numbered,
  openFixture,
  readAll,
  texts,
} from "../../support/log-fixture.ts";
import type { MemoryDisk } from "../../support/memory-disk.ts";

describe("a crash", () => {
  it("in the middle of a roll leaves a segment whose name is made durable before it takes messages", async () => {
    let faulty!: FaultyDisk;
    const seen = (disk: MemoryDisk) => {
      faulty = new FaultyDisk(disk);
      return faulty;
    };
    const { log, disk, runtime } = await newLog({ segmentSizeBytes: 1024 }, { seen });
    await appendAll(log, ["x".repeat(900)]);
    faulty.plan({ code: "EIO", kinds: ["syncFolder", "remove"], nth: 2, lasting: true });
    await expect(log.append([entry("y".repeat(900))])[0]).rejects.toMatchObject({
      code: "topic_unavailable",
    });
    expect(disk.paths().filter((path) => path.endsWith(".data"))).toHaveLength(2);
    const reopened = await openFixture(disk.crashProcess(), runtime, { segmentSizeBytes: 1024 });
    await appendAll(reopened.log, ["z"]);
    const again = await openFixture(
      reopened.disk.crashPower(() => 0),
      runtime,
    );
    expect([...(await readAll(again.log)).values()]).toEqual(["x".repeat(900), "z"]);
  });

  it("after a cut brings nothing back of a refused message, also when the segment was sealed since", async () => {
    let faulty!: FaultyDisk;
    const seen = (disk: MemoryDisk) => {
      faulty = new FaultyDisk(disk);
      return faulty;
    };
    const { log, disk, runtime } = await newLog({ segmentSizeBytes: 1024 }, { seen });
    await appendAll(log, texts(3));
    faulty.plan({ code: "ENOSPC", kinds: ["write"], shortBytes: 20 });
    await expect(log.append([entry("refused")])[0]).rejects.toMatchObject({ code: "storage_full" });
    await appendAll(log, ["x".repeat(900)]);
    const reopened = await openFixture(
      disk.crashPower(() => 0),
      runtime,
    );
    const bytes = reopened.disk.bytesOf("/data/t/00000000000000000000.data");
    expect([...framesOf(plainFrames(bytes))]).toHaveLength(3);
    expect(await readAll(reopened.log)).toEqual(numbered([...texts(3), "x".repeat(900)]));
  });

  it("after an index checkpoint finds the frames written behind it while it was made", async () => {
    const caps = { indexCheckpointBytes: 1, indexIntervalBytes: 1 };
    const { log, disk, runtime } = await newLog({ durability: "written" }, { caps });
    await log.append([entry("a", 1, "written")])[0];
    const synced = log.sync();
    await runtime.advance(10);
    await log.append([entry("b", 1, "written")])[0];
    await synced;
    await runtime.turn();
    const reopened = await openFixture(disk.crashProcess(), runtime, {}, { caps });
    expect(await readAll(reopened.log)).toEqual(numbered(["a", "b"]));
  });

  it("right after a roll lets no time go back, even when the clock did", async () => {
    const { log, disk, runtime } = await newLog({ segmentAgeMs: 8 });
    const start = runtime.now();
    await appendAll(log, ["a"]);
    await runtime.advance(100);
    await log.applyRetention(0);
    runtime.setClock(start - 1_000_000);
    const { log: reopened } = await openFixture(disk.crashProcess(), runtime);
    const { timestampMs } = (await reopened.append([entry("b")])[0])!;
    expect(timestampMs).toBe(start);
  });

  it("rewrites the end of a segment without a copy when the disk is full", async () => {
    const { log, disk, runtime } = await newLog();
    await appendAll(log, texts(2));
    const killed = disk.crashProcess();
    killed.capacityBytes = 0;
    expect(await readAll((await openFixture(killed, runtime)).log)).toEqual(numbered(texts(2)));
  });
});
