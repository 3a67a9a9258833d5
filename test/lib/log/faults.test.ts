import { describe, expect, it } from "vitest";
import { FaultyDisk } from "../../support/faulty-disk.ts";
import {
  appendAll,
  entry,
  type LogFixture,
  newLog,
  numbered,
  openFixture,
  readAll,
  texts,
} from "../../support/log-fixture.ts";
import type { MemoryDisk } from "../../support/memory-disk.ts";

/** A log on a disk that can be made to fail. */
async function faultyLog(
  durability: "synced" | "written" = "synced",
): Promise<LogFixture & { faulty: FaultyDisk }> {
  let faulty!: FaultyDisk;
  const seen = (disk: MemoryDisk) => {
    faulty = new FaultyDisk(disk);
    return faulty;
  };
  const fixture = await newLog({ durability }, { seen });
  return { ...fixture, faulty };
}

describe("a failed write", () => {
  it("is refused, leaves no trace, and the log goes on", async () => {
    const { log, faulty, disk, runtime } = await faultyLog();
    await appendAll(log, texts(3));
    faulty.plan({ code: "ENOSPC", kinds: ["write"] });
    await expect(log.append([entry("refused")])[0]).rejects.toMatchObject({ code: "storage_full" });
    expect(await log.append([entry("entry number 3")])[0]).toMatchObject({ baseOffset: 3 });
    const reopened = await openFixture(disk.crashProcess(), runtime);
    expect(await readAll(reopened.log)).toEqual(numbered(texts(4)));
  });

  it.each([1, 39, 40, 45, 60, 100])("is taken back when the disk took %i bytes of it", async (shortBytes) => {
    const { log, faulty, disk, runtime } = await faultyLog();
    await appendAll(log, texts(3));
    faulty.plan({ code: "ENOSPC", kinds: ["write"], shortBytes });
    const group = log.append([entry("first refused"), entry("second refused".repeat(20))]);
    for (const append of group) await expect(append).rejects.toMatchObject({ code: "storage_full" });
    const reopened = await openFixture(
      disk.crashPower(() => 0.5),
      runtime,
    );
    expect(await readAll(reopened.log)).toEqual(numbered(texts(3)));
  });

  it("tells a disk that failed from one that is full", async () => {
    const { log, faulty } = await faultyLog();
    faulty.plan({ code: "EIO", kinds: ["write"] });
    await expect(log.append([entry("refused")])[0]).rejects.toMatchObject({ code: "topic_unavailable" });
    expect(await log.append([entry("a")])[0]).toMatchObject({ baseOffset: 0 });
  });

  it("that cannot be taken back closes the log to appends, and reads go on", async () => {
    const { log, faulty } = await faultyLog();
    await appendAll(log, texts(3));
    faulty.plan({ code: "EIO", kinds: ["write", "truncate"], shortBytes: 5, lasting: true });
    await expect(log.append([entry("unknown")])[0]).rejects.toMatchObject({ code: "sync_failed" });
    faulty.plan();
    await expect(log.append([entry("refused")])[0]).rejects.toMatchObject({ code: "topic_unavailable" });
    expect(await readAll(log)).toEqual(numbered(texts(3)));
  });
});

describe("a failed sync", () => {
  it("fails what waited for it, is never tried again, and reads go on below the high watermark", async () => {
    const { log, faulty } = await faultyLog();
    await appendAll(log, texts(2));
    faulty.plan({ code: "EIO", kinds: ["sync"] });
    const [waiting] = log.append([entry("unknown")]);
    await expect(waiting).rejects.toMatchObject({ code: "sync_failed" });
    await expect(log.append([entry("refused")])[0]).rejects.toMatchObject({ code: "topic_unavailable" });
    await expect(log.sync()).rejects.toMatchObject({ code: "topic_unavailable" });
    expect(log.highWatermark).toBe(2);
    expect(await readAll(log)).toEqual(numbered(texts(2)));
  });

  it("leaves a log that is whole again after reopening, on the disk as well", async () => {
    const { log, faulty, disk, runtime } = await faultyLog();
    await appendAll(log, texts(2));
    faulty.plan({ code: "EIO", kinds: ["sync"] });
    await expect(log.append([entry("entry number 2")])[0]).rejects.toMatchObject({ code: "sync_failed" });
    const reopened = await openFixture(disk.crashProcess(), runtime);
    expect(await readAll(reopened.log)).toEqual(numbered(texts(3)));
    const again = await openFixture(
      reopened.disk.crashPower(() => 0),
      runtime,
    );
    expect(await readAll(again.log)).toEqual(numbered(texts(3)));
  });
});

describe("a failed read", () => {
  it("is an error of the disk, not damage, and the next read succeeds", async () => {
    const first = await faultyLog();
    await appendAll(first.log, texts(3));
    await first.log.close();
    let faulty!: FaultyDisk;
    const seen = (disk: MemoryDisk) => {
      faulty = new FaultyDisk(disk);
      return faulty;
    };
    const { log } = await openFixture(first.disk, first.runtime, {}, { seen });
    faulty.plan({ code: "EIO", kinds: ["read"] });
    await expect(log.openCursor().read(1, 1)).rejects.toMatchObject({ code: "topic_unavailable" });
    expect(await log.openCursor().read(1, 1)).toMatchObject({ baseOffset: 1 });
  });
});
