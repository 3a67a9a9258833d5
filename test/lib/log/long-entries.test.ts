import { describe, expect, it } from "vitest";
import { LONG_BYTES } from "../../../lib/base/loop-share.ts";
import { FRAME_HEADER_BYTES, framesOf, type LogEntry } from "../../../lib/log/index.ts";
import { FaultyDisk } from "../../support/faulty-disk.ts";
import { entry, LOG_FOLDER, type LogFixture, newLog, openFixture } from "../../support/log-fixture.ts";
import type { MemoryDisk } from "../../support/memory-disk.ts";

const LIMITS = { segmentSizeBytes: 64 * LONG_BYTES };
const DATA = `${LOG_FOLDER}/00000000000000000000.data`;
const LONG = 3 * LONG_BYTES + 5;

function long(fill: string, headroomBytes: number): LogEntry {
  const memory = Buffer.alloc(headroomBytes + LONG, fill);
  return { bytes: memory.subarray(headroomBytes), headroomBytes, count: 1, durability: "synced" };
}

async function entriesOf({ log }: LogFixture): Promise<string[]> {
  const found: string[] = [];
  const cursor = log.openCursor();
  let run = await cursor.read(log.logStartOffset, LONG_BYTES);
  while (run !== undefined) {
    for (const { entry: bytes } of framesOf(run.bytes)) {
      const isWhole = bytes.every((byte) => byte === bytes[0] || bytes.length < 10);
      found.push(`${bytes.length} ${bytes.toString("latin1", 0, 3)}${isWhole ? "" : " torn"}`);
    }
    run = await cursor.read(run.endOffset, LONG_BYTES);
  }
  return found;
}

async function faultyLog(): Promise<LogFixture & { faulty: FaultyDisk }> {
  let faulty!: FaultyDisk;
  const seen = (disk: MemoryDisk) => {
    faulty = new FaultyDisk(disk);
    return faulty;
  };
  return { ...(await newLog(LIMITS, { seen })), faulty };
}

describe("a long entry", () => {
  it("is written in pieces, and others have the event loop in between", async () => {
    const { log, disk, runtime } = await newLog(LIMITS);
    const appended = log.append([long("a", FRAME_HEADER_BYTES)])[0];
    const sizes = new Set<number>();
    while (log.logEndOffset === 0) {
      sizes.add((await disk.stat(DATA))!.sizeBytes);
      await runtime.turn();
    }
    await appended;
    const steps = [...sizes];
    expect(steps.length).toBeGreaterThan(3);
    for (const [i, size] of steps.entries()) expect(size - (steps[i - 1] ?? 0)).toBeLessThan(LONG_BYTES);
  });

  it.each([FRAME_HEADER_BYTES, 57, 3, 0, 8 * LONG_BYTES])(
    "with %i bytes of room is read like any other, in the order of appends, and after reopening",
    async (headroomBytes) => {
      const fixture = await newLog(LIMITS);
      const { log, disk, runtime } = fixture;
      const entries = [entry("one"), long("a", headroomBytes), entry("two"), long("b", headroomBytes)];
      const together = log.append(entries);
      const behind = log.append([entry("end")]);
      const appended = await Promise.all([...together, ...behind]);
      expect(appended.map(({ baseOffset }) => baseOffset)).toEqual([0, 1, 2, 3, 4]);
      const expected = ["3 one", `${LONG} aaa`, "3 two", `${LONG} bbb`, "3 end"];
      expect(await entriesOf(fixture)).toEqual(expected);
      await log.close();
      expect(await entriesOf(await openFixture(disk, runtime, LIMITS))).toEqual(expected);
    },
  );

  it.each([1, 2, 4])("is taken back when piece %i of it cannot be written", async (nth) => {
    const fixture = await faultyLog();
    const { log, faulty, disk, runtime } = fixture;
    await log.append([entry("one")])[0];
    faulty.plan({ code: "ENOSPC", kinds: ["write"], nth, shortBytes: 5000 });
    const answers = await Promise.allSettled(log.append([long("a", FRAME_HEADER_BYTES), entry("two")]));
    expect(answers.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
    const expected = ["3 one", "3 two"];
    expect(await entriesOf(fixture)).toEqual(expected);
    const crashed = await openFixture(disk.crashProcess(), runtime, LIMITS);
    expect(await entriesOf(crashed)).toEqual(expected);
  });

  it("that is half written when the process dies is not there", async () => {
    const { log, disk, runtime } = await newLog(LIMITS);
    await log.append([entry("one")])[0];
    const appended = log.append([long("a", FRAME_HEADER_BYTES)])[0];
    appended?.catch(() => {});
    const before = (await disk.stat(DATA))!.sizeBytes;
    while ((await disk.stat(DATA))!.sizeBytes < before + LONG_BYTES) await runtime.turn();
    expect(await entriesOf(await openFixture(disk.crashProcess(), runtime, LIMITS))).toEqual(["3 one"]);
  });

  it("has an unknown outcome when a sync fails while it is written", async () => {
    const { log, faulty } = await faultyLog();
    faulty.plan({ code: "EIO", kinds: ["sync"] });
    const answers = Promise.allSettled([
      ...log.append([entry("one")]),
      ...log.append([long("a", FRAME_HEADER_BYTES)]),
    ]);
    const codes = (await answers).map((answer) => answer.status === "rejected" && answer.reason.code);
    expect(codes).toEqual(["sync_failed", "sync_failed"]);
  });

  it("is refused when the log is deleted while it is written", async () => {
    const { log, runtime } = await newLog(LIMITS);
    const appended = log.append([long("a", FRAME_HEADER_BYTES)])[0];
    const refused = expect(appended).rejects.toMatchObject({ code: "topic_not_found" });
    await runtime.turn();
    await log.delete();
    await refused;
  });

  it("closes the log behind it where it is to", async () => {
    const { log } = await newLog(LIMITS);
    const behind = log.append([{ ...long("a", FRAME_HEADER_BYTES), closes: true }, entry("late")]);
    const answers = await Promise.allSettled(behind);
    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(log.isEnded).toBe(true);
  });
});

describe("many entries that come together", () => {
  it("are written in groups, with the event loop given back behind each", async () => {
    const { log, runtime } = await newLog(LIMITS);
    const entries = Array.from({ length: 100 }, () => ({
      ...entry("x".repeat(60_000)),
      durability: "written" as const,
    }));
    const all = Promise.all(log.append(entries));
    expect(log.logEndOffset).toBeLessThan(40);
    await runtime.turn();
    expect((await all).map(({ baseOffset }) => baseOffset)).toEqual(entries.map((_, i) => i));
  });
});
