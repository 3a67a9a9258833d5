import { describe, expect, it } from "vitest";
import { LIMITS, type Limits } from "../../../lib/index.ts";
import { LogBuilder } from "../../../lib/log/index.ts";
import { LOG_FOLDER, openFixture, readAll } from "../../support/log-fixture.ts";
import { ManualRuntime } from "../../support/manual-runtime.ts";
import { MemoryDisk } from "../../support/memory-disk.ts";

const START_MS = Date.UTC(2025, 5, 1);

async function emptyFolder(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  await disk.makeFolder(LOG_FOLDER);
  await disk.syncFolder("/data");
  return disk;
}

interface Step {
  readonly offset: number;
  readonly count?: number;
  readonly text?: string;
}

/** A log that begins at the first step's offset, or at `baseOffset`; a second between entries. */
async function build(
  steps: readonly Step[],
  given: { end?: number; base?: number; caps?: Partial<Limits> } = {},
) {
  const disk = await emptyFolder();
  const builder = new LogBuilder({
    disk,
    runtime: new ManualRuntime(),
    folder: LOG_FOLDER,
    limits: { ...LIMITS, ...given.caps },
  });
  builder.beginSegment({ baseOffset: given.base ?? steps[0]?.offset ?? 0, createdAtMs: START_MS });
  for (const [i, { offset, count = 1, text = `at ${offset}` }] of steps.entries()) {
    const frame = { baseOffset: offset, timestampMs: START_MS + i * 1000, messageCount: count };
    await builder.append(frame, Buffer.from(text));
  }
  const last = steps.at(-1);
  await builder.finish(given.end ?? (last === undefined ? 0 : last.offset + (last.count ?? 1)));
  return { disk, builder };
}

/** Opened after the power went: nothing of a log that is finished may be lost. */
async function open(disk: MemoryDisk) {
  return await openFixture(
    disk.crashPower(() => 0),
    new ManualRuntime(),
  );
}

function basesOf(disk: MemoryDisk): number[] {
  const names = disk.paths().filter((path) => path.endsWith(".data"));
  return names.map((path) => Number(path.slice(-25, -5))).toSorted((a, b) => a - b);
}

describe("a built log", () => {
  it("has the offsets and times that it was given, and goes on behind them", async () => {
    const { disk } = await build([{ offset: 7 }, { offset: 8, count: 3 }, { offset: 11 }]);
    const { log } = await open(disk);
    expect([log.logStartOffset, log.logEndOffset, log.highWatermark]).toEqual([7, 12, 12]);
    expect(await readAll(log)).toEqual(
      new Map([
        [7, "at 7"],
        [8, "at 8"],
        [11, "at 11"],
      ]),
    );
    expect(await log.offsetAt(START_MS + 1500)).toBe(11);
    const [appended] = log.append([{ bytes: Buffer.from("next"), count: 1, durability: "synced" }]);
    expect(await appended).toMatchObject({ baseOffset: 12 });
  });

  it("opens without looking through its data, as after a clean stop", async () => {
    const { disk } = await build([{ offset: 0 }, { offset: 1 }]);
    const index = disk.bytesOf(`${LOG_FOLDER}/00000000000000000000.index`);
    const data = disk.bytesOf(`${LOG_FOLDER}/00000000000000000000.data`);
    expect(index.readBigUInt64BE(index.length - 40)).toBe(BigInt(data.length));
  });

  it("begins a segment behind each gap, whose offsets are damaged and no others", async () => {
    const { disk } = await build([{ offset: 0 }, { offset: 1 }, { offset: 5 }]);
    expect(basesOf(disk)).toEqual([0, 5]);
    const { log } = await open(disk);
    const cursor = log.openCursor();
    const damage = { code: "checksum_error", details: { offset: 2, nextOffset: 5 } };
    await expect(cursor.read(3, 1)).rejects.toMatchObject(damage);
    expect(await readAll(log, 5)).toEqual(new Map([[5, "at 5"]]));
  });

  it("begins where it was said to, when the first offsets are a gap", async () => {
    const { disk } = await build([{ offset: 4 }], { base: 2 });
    expect(basesOf(disk)).toEqual([2, 4]);
    const { log } = await open(disk);
    expect(log.logStartOffset).toBe(2);
    await expect(log.openCursor().read(2, 1)).rejects.toMatchObject({
      details: { offset: 2, nextOffset: 4 },
    });
    // What holds nothing is as old as what follows it: retention does not drop it before its time.
    await log.applyRetention(START_MS - 1);
    expect(log.logStartOffset).toBe(2);
  });

  it("ends where it was said to, when the last offsets are a gap", async () => {
    const { disk } = await build([{ offset: 0 }], { end: 6 });
    expect(basesOf(disk)).toEqual([0, 6]);
    const { log } = await open(disk);
    expect(log.logEndOffset).toBe(6);
    await expect(log.openCursor().read(3, 1)).rejects.toMatchObject({
      details: { offset: 1, nextOffset: 6 },
    });
  });

  it("may be nothing but a gap, or nothing at all", async () => {
    const gap = await open((await build([], { base: 3, end: 9 })).disk);
    expect([gap.log.logStartOffset, gap.log.logEndOffset]).toEqual([3, 9]);
    const { disk, builder } = await build([], { base: 3, end: 3 });
    expect(builder.segmentCount).toBe(1);
    const { log } = await open(disk);
    expect([log.logStartOffset, log.logEndOffset]).toEqual([3, 3]);
  });

  it("begins a segment where it was told to", async () => {
    const disk = await emptyFolder();
    const builder = new LogBuilder({
      disk,
      runtime: new ManualRuntime(),
      folder: LOG_FOLDER,
      limits: LIMITS,
    });
    for (const baseOffset of [0, 1, 2]) {
      builder.beginSegment({ baseOffset, createdAtMs: START_MS });
      if (baseOffset === 2) continue;
      await builder.append({ baseOffset, timestampMs: START_MS, messageCount: 1 }, Buffer.from("x"));
    }
    await builder.finish(2);
    expect(basesOf(disk)).toEqual([0, 1, 2]);
    const header = disk.bytesOf(`${LOG_FOLDER}/00000000000000000001.data`);
    expect(Number(header.readBigUInt64BE(4))).toBe(START_MS);
  });

  it("begins a segment before one grows too large, unless a single entry is", async () => {
    const steps = [{ offset: 0 }, { offset: 1 }, { offset: 2, text: "x".repeat(500) }, { offset: 3 }];
    const { disk } = await build(steps, { caps: { segmentSizeMaxBytes: 150 } });
    expect(basesOf(disk)).toEqual([0, 2, 3]);
    const spread = [
      { offset: 0, count: 6 },
      { offset: 6, count: 6 },
    ];
    expect(basesOf((await build(spread, { caps: { segmentPosition: 10 } })).disk)).toEqual([0, 6]);
  });

  it("writes entries that are larger than its buffer", async () => {
    const large = "y".repeat(3 * 1024 * 1024);
    const { disk } = await build([{ offset: 0 }, { offset: 1, text: large }, { offset: 2 }]);
    const { log } = await open(disk);
    expect(await readAll(log)).toEqual(
      new Map([
        [0, "at 0"],
        [1, large],
        [2, "at 2"],
      ]),
    );
  });

  it("syncs as it goes, so that the end does not wait for all of it", async () => {
    const syncs: string[] = [];
    const schedule = (operation: string) => {
      if (operation.startsWith("fdatasync ") && operation.endsWith(".data")) syncs.push(operation);
      return Promise.resolve();
    };
    const disk = new MemoryDisk({ schedule });
    await disk.makeFolder(LOG_FOLDER);
    const limits = { ...LIMITS, indexCheckpointBytes: 2 * 1024 * 1024 };
    const builder = new LogBuilder({ disk, runtime: new ManualRuntime(), folder: LOG_FOLDER, limits });
    builder.beginSegment({ baseOffset: 0, createdAtMs: START_MS });
    const entry = Buffer.alloc(1024 * 1024, 1);
    for (let baseOffset = 0; baseOffset < 8; baseOffset++) {
      await builder.append({ baseOffset, timestampMs: START_MS, messageCount: 1 }, entry);
    }
    // Its header is the first.
    expect(syncs.length).toBeGreaterThan(2);
    builder.close();
  });
});

it("offsets and times that go back are a defect of who gives them", async () => {
  const disk = await emptyFolder();
  const builder = new LogBuilder({ disk, runtime: new ManualRuntime(), folder: LOG_FOLDER, limits: LIMITS });
  builder.beginSegment({ baseOffset: 5, createdAtMs: START_MS });
  const entry = Buffer.from("x");
  await builder.append({ baseOffset: 5, timestampMs: START_MS, messageCount: 2 }, entry);
  const back = { baseOffset: 6, timestampMs: START_MS, messageCount: 1 };
  await expect(builder.append(back, entry)).rejects.toThrow("offsets of a log never go back");
  const earlier = { baseOffset: 7, timestampMs: START_MS - 1, messageCount: 1 };
  await expect(builder.append(earlier, entry)).rejects.toThrow("times of a log never go back");
  builder.close();
});
