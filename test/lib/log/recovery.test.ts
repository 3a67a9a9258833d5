import { describe, expect, it } from "vitest";
import { FRAME_HEADER_BYTES } from "../../../lib/log/frame.ts";
import { framesOf } from "../../../lib/log/index.ts";
import { plainFrames, SEGMENT_HEADER_BYTES } from "../../support/data-files.ts";
import {
  appendAll,
  entry,
  LOG_FOLDER,
  newLog,
  numbered,
  openFixture,
  readAll,
  texts,
} from "../../support/log-fixture.ts";
import type { MemoryDisk } from "../../support/memory-disk.ts";

const FIRST_DATA = `${LOG_FOLDER}/00000000000000000000.data`;
const FIRST_INDEX = `${LOG_FOLDER}/00000000000000000000.index`;

/** A crashed disk whose only data file went through `change`. */
function changed(disk: MemoryDisk, change: (bytes: Buffer) => Uint8Array): MemoryDisk {
  const crashed = disk.crashProcess();
  crashed.replaceBytes(FIRST_DATA, change(crashed.bytesOf(FIRST_DATA)));
  return crashed;
}

/** Positions at which the frames of a data file begin, and its size. */
function frameStarts(bytes: Buffer): number[] {
  const starts = [SEGMENT_HEADER_BYTES];
  for (const frame of framesOf(plainFrames(bytes))) {
    starts.push(starts.at(-1)! + FRAME_HEADER_BYTES + frame.header.entryBytes);
  }
  return starts;
}

describe("opening after a crash", () => {
  it("keeps everything after a kill of the process", async () => {
    const { log, disk, runtime } = await newLog();
    const appended = texts(50);
    await appendAll(log, appended);
    const { log: reopened } = await openFixture(disk.crashProcess(), runtime);
    expect(await readAll(reopened)).toEqual(numbered(appended));
    expect(await reopened.append([entry("next")])[0]).toMatchObject({ baseOffset: 50 });
  });

  it("opens to a prefix when the active data file is cut at any length", async () => {
    const { log, disk, runtime } = await newLog();
    const appended = texts(5);
    await appendAll(log, appended);
    const whole = disk.crashProcess();
    const bytes = whole.bytesOf(FIRST_DATA);
    const starts = frameStarts(bytes);
    let crashed = whole;
    for (let length = 0; length <= bytes.length; length++) {
      crashed.replaceBytes(FIRST_DATA, bytes.subarray(0, length));
      const { log: reopened } = await openFixture(crashed, runtime);
      const count = Math.max(0, starts.filter((start) => start <= length).length - 1);
      expect(await readAll(reopened)).toEqual(numbered(appended.slice(0, count)));
      expect(await reopened.append([entry("next")])[0]).toMatchObject({ baseOffset: count });
      crashed = crashed.crashProcess();
    }
  });

  it("ignores a torn last frame, and keeps its bytes beside the segment", async () => {
    const { log, disk, runtime } = await newLog();
    await appendAll(log, texts(3));
    const torn = changed(disk, (bytes) => bytes.subarray(0, bytes.length - 1));
    const { log: reopened, disk: after } = await openFixture(torn, runtime);
    expect(await readAll(reopened)).toEqual(numbered(texts(2)));
    expect(after.paths().filter((path) => path.includes(".torn-"))).toHaveLength(1);
  });

  it("cuts frame N+1 together with a torn frame N that was not synced", async () => {
    const { log, disk, runtime } = await newLog({ durability: "written" });
    for (const text of texts(4)) await log.append([entry(text, 1, "written")])[0];
    const torn = changed(disk, (bytes) => flipped(bytes, frameStarts(bytes)[2]! + FRAME_HEADER_BYTES + 3));
    const { log: reopened } = await openFixture(torn, runtime);
    expect(await readAll(reopened)).toEqual(numbered(texts(2)));
  });

  it("keeps what follows a damaged entry below the synced mark, and tells where it goes on", async () => {
    const { log, disk, runtime } = await newLog();
    await appendAll(log, texts(6));
    const damaged = changed(disk, (bytes) => flipped(bytes, frameStarts(bytes)[2]! + FRAME_HEADER_BYTES + 3));
    const { log: reopened } = await openFixture(damaged, runtime);
    expect(reopened.logEndOffset).toBe(6);
    await expect(reopened.openCursor().read(2, 1)).rejects.toMatchObject({
      code: "checksum_error",
      details: { offset: 2, nextOffset: 3, place: expect.stringContaining(FIRST_DATA) },
    });
    expect(await readAll(reopened, 3)).toEqual(numbered(texts(3, 3), 3));
  });

  it("finds the way across a damaged header below the synced mark", async () => {
    const { log, disk, runtime } = await newLog();
    await appendAll(log, texts(6));
    const damaged = changed(disk, (bytes) => flipped(bytes, frameStarts(bytes)[2]! + 5));
    const { log: reopened } = await openFixture(damaged, runtime);
    expect(await readAll(reopened, 3)).toEqual(numbered(texts(3, 3), 3));
    await expect(reopened.openCursor().read(2, 1)).rejects.toMatchObject({
      details: { offset: 2, nextOffset: 3 },
    });
  });

  it("loses one frame alone to any flipped bit below the synced mark", async () => {
    const { log, disk, runtime } = await newLog();
    const appended = texts(4);
    await appendAll(log, appended);
    let crashed = disk.crashProcess();
    const bytes = crashed.bytesOf(FIRST_DATA);
    const starts = frameStarts(bytes);
    for (let position = SEGMENT_HEADER_BYTES; position < starts[2]!; position++) {
      crashed.replaceBytes(FIRST_DATA, flipped(bytes, position));
      const { log: reopened } = await openFixture(crashed, runtime);
      const lost = position < starts[1]! ? 0 : 1;
      await expect(reopened.openCursor().read(lost, 1)).rejects.toMatchObject({ code: "checksum_error" });
      expect(await readAll(reopened, lost + 1)).toEqual(numbered(appended.slice(lost + 1), lost + 1));
      crashed = crashed.crashProcess();
    }
  });

  it("does not take a frame inside a payload for one of its own", async () => {
    const { log, disk, runtime } = await newLog();
    await appendAll(log, texts(3));
    const copied = await log.openCursor().read(1, 1);
    await log.append([
      { bytes: Buffer.concat([copied!.bytes, copied!.bytes]), count: 1, durability: "synced" },
    ])[0];
    await appendAll(log, texts(2, 4));
    const damaged = changed(disk, (bytes) => flipped(bytes, frameStarts(bytes)[3]! + 5));
    const { log: reopened } = await openFixture(damaged, runtime);
    await expect(reopened.openCursor().read(3, 1)).rejects.toMatchObject({
      details: { offset: 3, nextOffset: 4 },
    });
    expect(await readAll(reopened, 4)).toEqual(numbered(texts(2, 4), 4));
  });

  it("makes a segment without a valid header anew", async () => {
    const { disk, runtime } = await newLog();
    const crashed = changed(disk, () => Buffer.alloc(7));
    const { log: reopened, disk: after } = await openFixture(crashed, runtime);
    expect(await reopened.append([entry("a")])[0]).toMatchObject({ baseOffset: 0 });
    const again = await openFixture(after.crashProcess(), runtime);
    expect(await readAll(again.log)).toEqual(new Map([[0, "a"]]));
  });

  it("mends a damaged segment header and loses no message", async () => {
    const { log, disk, runtime } = await newLog();
    await appendAll(log, texts(3));
    const { log: reopened } = await openFixture(
      changed(disk, (bytes) => flipped(bytes, 6)),
      runtime,
    );
    expect(await readAll(reopened)).toEqual(numbered(texts(3)));
  });

  it("refuses a file of the Go NetLog and says what reads it", async () => {
    const { disk, runtime } = await newLog();
    const header = Buffer.from("01106b00da0400000000000000000000", "hex");
    await expect(
      openFixture(
        changed(disk, () => header),
        runtime,
      ),
    ).rejects.toMatchObject({
      code: "topic_unavailable",
      reason: expect.stringContaining("netlog import"),
    });
  });

  it("leaves a file alone that has neither a valid header nor a frame", async () => {
    const { disk, runtime } = await newLog();
    const crashed = changed(disk, () =>
      Buffer.from("0110 a file of others' making, with a header that was damaged"),
    );
    const before = crashed.bytesOf(FIRST_DATA);
    await expect(openFixture(crashed, runtime)).rejects.toMatchObject({ code: "topic_unavailable" });
    expect(crashed.bytesOf(FIRST_DATA)).toEqual(before);
  });

  it("needs no walk after a clean close: it trusts the index", async () => {
    const { log, disk, runtime } = await newLog();
    await appendAll(log, texts(20));
    await log.close();
    const damaged = changed(disk, (bytes) => flipped(bytes, bytes.length - 1));
    const { log: reopened } = await openFixture(damaged, runtime);
    expect(reopened.logEndOffset).toBe(20);
    await expect(reopened.openCursor().read(19, 1)).rejects.toMatchObject({ code: "checksum_error" });
  });

  it.each([
    ["deleted", undefined],
    ["cut", (bytes: Buffer) => bytes.subarray(0, 20)],
    ["garbled in a timestamp", (bytes: Buffer) => flipped(bytes, 12)],
    ["empty", () => Buffer.alloc(0)],
  ])("gives the same answers when the index was %s", async (_name, change) => {
    const { log, disk, runtime } = await newLog();
    await appendAll(log, texts(20));
    await log.close();
    const crashed = disk.crashProcess();
    if (change === undefined) await crashed.remove(FIRST_INDEX);
    else crashed.replaceBytes(FIRST_INDEX, change(crashed.bytesOf(FIRST_INDEX)));
    const { log: reopened } = await openFixture(crashed, runtime);
    expect(await readAll(reopened)).toEqual(numbered(texts(20)));
    expect(await reopened.offsetAt(runtime.now() + 1)).toBe(20);
  });
});

describe("what recovery keeps", () => {
  it("is on the disk before it is readable, also when a sync had failed before the crash", async () => {
    const { log, disk, runtime } = await newLog({ durability: "written" });
    await log.append([entry("a", 1, "written")])[0];
    const reopened = await openFixture(disk.crashProcess(), runtime, { durability: "synced" });
    expect(reopened.log.highWatermark).toBe(1);
    const again = await openFixture(
      reopened.disk.crashPower(() => 0),
      runtime,
    );
    expect(await readAll(again.log)).toEqual(new Map([[0, "a"]]));
  });
});

function flipped(bytes: Buffer, position: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[position]! ^= 0x10;
  return copy;
}
