import { describe, expect, it } from "vitest";
import { SEGMENT_HEADER_BYTES } from "../../support/data-files.ts";
import { type Fault, FaultyDisk } from "../../support/faulty-disk.ts";
import {
  appendAll,
  entry,
  LOG_FOLDER,
  type LogFixture,
  newLog,
  numbered,
  openFixture,
  readAll,
  texts,
} from "../../support/log-fixture.ts";
import type { MemoryDisk } from "../../support/memory-disk.ts";

const DAY_MS = 24 * 3600 * 1000;

function dataPath(baseOffset: number): string {
  return `${LOG_FOLDER}/${String(baseOffset).padStart(20, "0")}.data`;
}

async function baseOffsets({ log }: LogFixture): Promise<number[]> {
  return (await log.describe()).segments.map((segment) => segment.baseOffset);
}

/** A log of many small segments, 60 messages. */
async function manySegments(): Promise<LogFixture> {
  const fixture = await newLog({ segmentSizeBytes: 1024 });
  await appendAll(fixture.log, texts(60));
  return fixture;
}

describe("rolling", () => {
  it("begins a new segment when the next frame would take it over segment_size", async () => {
    const fixture = await manySegments();
    const { segments } = await fixture.log.describe();
    expect(segments.length).toBeGreaterThan(3);
    for (const segment of segments) expect(segment.dataSizeBytes).toBeLessThanOrEqual(1024);
    expect(await readAll(fixture.log)).toEqual(numbered(texts(60)));
  });

  it("gives a frame larger than segment_size a segment of its own", async () => {
    const fixture = await newLog({ segmentSizeBytes: 1024 });
    const large = "x".repeat(5000);
    const appended = ["a", large, "b"];
    await appendAll(fixture.log, appended);
    expect(await baseOffsets(fixture)).toEqual([0, 1, 2]);
    expect(await readAll(fixture.log)).toEqual(numbered(appended));
  });

  it("keeps the order of appends that wait for a roll", async () => {
    const fixture = await newLog({ segmentSizeBytes: 1024 });
    const appended = texts(100);
    const promises = appended.flatMap((text) => fixture.log.append([entry(text)]));
    const offsets = (await Promise.all(promises)).map(({ baseOffset }) => baseOffset);
    expect(offsets).toEqual(appended.map((_, i) => i));
    expect(await readAll(fixture.log)).toEqual(numbered(appended));
  });

  it("rolls a quiet log when its first message is older than an eighth of segment_age", async () => {
    const fixture = await newLog({ segmentAgeMs: 8 * DAY_MS });
    await appendAll(fixture.log, ["a"]);
    await fixture.runtime.advance(DAY_MS);
    await fixture.log.applyRetention(0);
    expect(await baseOffsets(fixture)).toEqual([0]);
    await fixture.runtime.advance(1);
    await fixture.log.applyRetention(0);
    expect(await baseOffsets(fixture)).toEqual([0, 1]);
  });

  it.each<[string, Fault]>([
    ["creating the file fails", { code: "ENOSPC", kinds: ["create"], path: /\.data$/ }],
    ["syncing the new file fails", { code: "ENOSPC", kinds: ["sync"], path: /0[1-9]\d?\.data$/ }],
    ["syncing the folder fails", { code: "ENOSPC", kinds: ["syncFolder"] }],
    ["writing the index fails", { code: "ENOSPC", kinds: ["write"], path: /index/ }],
  ])("refuses the append that needed the roll when %s, and goes on afterwards", async (_name, fault) => {
    let faulty!: FaultyDisk;
    const seen = (disk: MemoryDisk) => {
      faulty = new FaultyDisk(disk);
      return faulty;
    };
    const fixture = await newLog({ segmentSizeBytes: 1024 }, { seen });
    const appended = texts(10);
    await appendAll(fixture.log, appended);
    faulty.plan(fault);
    const large = entry("y".repeat(900));
    await expect(fixture.log.append([large])[0]).rejects.toMatchObject({ code: "storage_full" });
    expect(faulty.hit).toBeDefined();
    expect(await fixture.log.append([large])[0]).toMatchObject({ baseOffset: 10 });
    const reopened = await openFixture(
      fixture.disk.crashPower(() => 0),
      fixture.runtime,
    );
    expect([...(await readAll(reopened.log)).keys()]).toEqual([...appended.keys(), 10]);
  });
});

describe("opening many segments", () => {
  it("reads through all of them, with and without index files", async () => {
    const { log, disk, runtime } = await manySegments();
    await log.close();
    const crashed = disk.crashProcess();
    const withIndexes = await openFixture(crashed, runtime);
    expect(await readAll(withIndexes.log)).toEqual(numbered(texts(60)));
    const bare = withIndexes.disk.crashProcess();
    for (const path of bare.paths()) if (path.endsWith(".index")) await bare.remove(path);
    const withoutIndexes = await openFixture(bare, runtime);
    expect(await readAll(withoutIndexes.log)).toEqual(numbered(texts(60)));
  });

  it("costs a missing sealed segment its own offsets alone", async () => {
    const fixture = await manySegments();
    const bases = await baseOffsets(fixture);
    const crashed = fixture.disk.crashProcess();
    await crashed.remove(dataPath(bases[2]!));
    const { log } = await openFixture(crashed, fixture.runtime);
    await expect(log.openCursor().read(bases[2]!, 1)).rejects.toMatchObject({
      code: "checksum_error",
      details: { offset: bases[2]!, nextOffset: bases[3]! },
    });
    expect(await readAll(log, bases[3]!)).toEqual(numbered(texts(60 - bases[3]!, bases[3]!), bases[3]!));
  });

  it("serves what a cut sealed segment still holds, and what follows it", async () => {
    const fixture = await manySegments();
    const bases = await baseOffsets(fixture);
    const crashed = fixture.disk.crashProcess();
    const path = dataPath(bases[1]!);
    crashed.replaceBytes(path, crashed.bytesOf(path).subarray(0, 200));
    const { log } = await openFixture(crashed, fixture.runtime);
    const cursor = log.openCursor();
    expect(await cursor.read(bases[1]!, 1)).toMatchObject({ baseOffset: bases[1]! });
    const lastKept = bases[1]! + 2;
    await expect(cursor.read(lastKept + 1, 1)).rejects.toMatchObject({ details: { nextOffset: bases[2]! } });
    expect(await cursor.read(bases[2]!, 1)).toMatchObject({ baseOffset: bases[2]! });
  });

  it("finds the way across a damaged header in a sealed segment", async () => {
    const fixture = await manySegments();
    await fixture.log.close();
    const crashed = fixture.disk.crashProcess();
    const bytes = crashed.bytesOf(dataPath(0));
    bytes[SEGMENT_HEADER_BYTES + 5]! ^= 1;
    crashed.replaceBytes(dataPath(0), bytes);
    const { log } = await openFixture(crashed, fixture.runtime);
    await expect(log.openCursor().read(0, 1)).rejects.toMatchObject({
      details: { offset: 0, nextOffset: 1 },
    });
    expect(await readAll(log, 1)).toEqual(numbered(texts(59, 1), 1));
  });
});

describe("retention", () => {
  it("drops sealed segments whose last message is too old, oldest first", async () => {
    const fixture = await newLog({ segmentAgeMs: 8 * DAY_MS });
    for (const text of ["a", "b", "c"]) {
      await appendAll(fixture.log, [text]);
      await fixture.runtime.advance(DAY_MS + 1);
    }
    await fixture.log.applyRetention(0);
    expect(await baseOffsets(fixture)).toEqual([0, 1, 2, 3]);
    await fixture.log.applyRetention(fixture.runtime.now() - 2 * DAY_MS);
    expect(await baseOffsets(fixture)).toEqual([2, 3]);
    expect(fixture.disk.paths().filter((path) => path.endsWith(".data"))).toEqual([dataPath(2), dataPath(3)]);
    await expect(fixture.log.openCursor().read(1, 1)).rejects.toMatchObject({
      code: "offset_not_found",
      details: { firstOffset: 2 },
    });
  });

  it("drops the oldest while the log is over retention_size", async () => {
    const fixture = await newLog({ segmentSizeBytes: 1024, retentionSizeBytes: 3000 });
    await appendAll(fixture.log, texts(100));
    await fixture.log.applyRetention(0);
    const { segments } = await fixture.log.describe();
    expect(segments.reduce((sum, { dataSizeBytes }) => sum + dataSizeBytes, 0)).toBeLessThanOrEqual(3000);
    expect(segments.length).toBeGreaterThan(1);
  });

  it("keeps a log within retention_size although segment_size is larger", async () => {
    const fixture = await newLog({ retentionSizeBytes: 4096 });
    await appendAll(fixture.log, texts(200));
    await fixture.log.applyRetention(0);
    const { segments } = await fixture.log.describe();
    expect(segments.reduce((sum, { dataSizeBytes }) => sum + dataSizeBytes, 0)).toBeLessThanOrEqual(4096);
  });

  it("ages a segment that was stamped in the future from when it was first seen", async () => {
    const fixture = await newLog({ segmentSizeBytes: 1024 });
    const now = fixture.runtime.now();
    fixture.runtime.setClock(now + 365 * DAY_MS);
    await appendAll(fixture.log, texts(30));
    fixture.runtime.setClock(now + DAY_MS);
    await fixture.log.applyRetention(now);
    expect((await baseOffsets(fixture))[0]).toBe(0);
    const reopened = await openFixture(fixture.disk.crashProcess(), fixture.runtime, {
      segmentSizeBytes: 1024,
    });
    fixture.runtime.setClock(now + 40 * DAY_MS);
    await reopened.log.applyRetention(now + 10 * DAY_MS);
    expect((await baseOffsets(reopened))[0]).toBeGreaterThan(0);
  });

  it("starts where it did after a restart", async () => {
    const fixture = await newLog({ segmentSizeBytes: 1024, retentionSizeBytes: 3000 });
    await appendAll(fixture.log, texts(100));
    await fixture.log.applyRetention(0);
    const start = fixture.log.logStartOffset;
    const reopened = await openFixture(
      fixture.disk.crashPower(() => 0),
      fixture.runtime,
    );
    expect(reopened.log.logStartOffset).toBe(start);
    expect(reopened.log.logEndOffset).toBe(100);
  });
});
