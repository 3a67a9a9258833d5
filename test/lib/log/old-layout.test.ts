/** Logs whose files were written before frames were masked: read, recovered once, sealed, and never appended to. */
import { describe, expect, it } from "vitest";
import { rewriteFileName } from "../../../lib/log/segment-name.ts";
import { SparseIndex } from "../../../lib/log/sparse-index.ts";
import { flipBit } from "../../support/data-files.ts";
import {
  appendAll,
  entry,
  LOG_FOLDER,
  numbered,
  openFixture,
  readAll,
  texts,
} from "../../support/log-fixture.ts";
import { ManualRuntime } from "../../support/manual-runtime.ts";
import { MemoryDisk } from "../../support/memory-disk.ts";
import {
  OLD_SEGMENT_HEADER_BYTES,
  oldDataFile,
  plainFrame,
  plainFramesOf,
} from "../../support/old-layout.ts";

const FIRST_DATA = `${LOG_FOLDER}/00000000000000000000.data`;
const FIRST_INDEX = `${LOG_FOLDER}/00000000000000000000.index`;
const HOUR_MS = 3_600_000;

const runtime = new ManualRuntime();
const nowMs = runtime.now();

function entries(list: readonly string[]): Buffer[] {
  return list.map((text) => Buffer.from(text));
}

async function diskWith(bytes: Uint8Array): Promise<MemoryDisk> {
  const disk = new MemoryDisk({ now: () => runtime.now() });
  await disk.makeFolder(LOG_FOLDER);
  await disk.syncFolder("/data");
  disk.replaceBytes(FIRST_DATA, bytes);
  return disk;
}

function namesOf(disk: MemoryDisk, suffix: string): string[] {
  return disk.paths().filter((path) => path.endsWith(suffix));
}

/** Frames whose headers are sound, with messages that nobody sent. */
function forged(from: number, count: number, timestampMs = nowMs): Buffer {
  const messages = Array.from({ length: count }, (_, i) => Buffer.from(`forged ${from + i}`));
  return plainFramesOf(messages, from, timestampMs);
}

/** A frame that says of itself to hold four thousand million messages. */
function crowded(baseOffset: number): Buffer {
  const facts = { baseOffset, timestampMs: nowMs, unsyncedCount: 0, messageCount: 4_000_000_000 };
  return plainFrame(facts, Buffer.from("forged"));
}

describe("a log of the old layout", () => {
  it("serves what it has, and takes the next message in a segment of its own", async () => {
    const bytes = oldDataFile(1, plainFramesOf(entries(texts(5))));
    const { log, disk } = await openFixture(await diskWith(bytes), runtime);
    expect(namesOf(disk, ".data")).toHaveLength(2);
    await appendAll(log, texts(3, 5));
    expect(await readAll(log)).toEqual(numbered(texts(8)));
    expect(disk.bytesOf(FIRST_DATA).equals(bytes)).toBe(true);
    const { log: reopened } = await openFixture(disk.crashProcess(), runtime);
    expect(await readAll(reopened)).toEqual(numbered(texts(8)));
    await reopened.close();
  });

  it("that has no message yet is made one of the new layout", async () => {
    const { log, disk } = await openFixture(await diskWith(oldDataFile(1, Buffer.alloc(0))), runtime);
    await appendAll(log, texts(2));
    expect(namesOf(disk, ".data")).toEqual([FIRST_DATA]);
    expect(disk.bytesOf(FIRST_DATA)[0]).toBe(3);
    const { log: reopened } = await openFixture(disk.crashProcess(), runtime);
    expect(await readAll(reopened)).toEqual(numbered(texts(2)));
  });

  it("whose first message was torn begins anew, and retention does not take it for two segments", async () => {
    const facts = { baseOffset: 0, timestampMs: nowMs, unsyncedCount: 0, messageCount: 1 };
    const first = plainFrame(facts, Buffer.alloc(100, "torn"));
    for (let kept = 0; kept < first.length; kept++) {
      const { log, disk } = await openFixture(
        await diskWith(oldDataFile(1, first.subarray(0, kept))),
        runtime,
      );
      await appendAll(log, texts(3));
      await log.applyRetention(nowMs + 1000 * HOUR_MS);
      expect((await log.describe()).segments, `${kept} bytes`).toHaveLength(1);
      const { log: reopened } = await openFixture(disk.crashProcess(), runtime);
      expect(await readAll(reopened)).toEqual(numbered(texts(3)));
    }
  });

  describe("that has no message, and an index from a clean stop", () => {
    const emptyIndex = new SparseIndex(0, 4096).encode({
      dataPosition: OLD_SEGMENT_HEADER_BYTES,
      endOffset: 0,
      lastTimestampMs: 0,
      mask: undefined,
    });

    async function openEmpty(bytes: Buffer) {
      const disk = await diskWith(bytes);
      disk.replaceBytes(FIRST_INDEX, emptyIndex);
      return await openFixture(disk, runtime);
    }

    it("is opened again wherever a crash tore its new header", async () => {
      const before = Buffer.concat([oldDataFile(1, Buffer.alloc(0)), Buffer.alloc(8)]);
      const after = (await openEmpty(before.subarray(0, OLD_SEGMENT_HEADER_BYTES))).disk.bytesOf(FIRST_DATA);
      expect(after).toHaveLength(before.length);
      for (let at = 0; at <= after.length; at++) {
        for (const halves of [
          [after, before],
          [before, after],
        ] as const) {
          const torn = Buffer.concat([halves[0].subarray(0, at), halves[1].subarray(at)]);
          const { log, disk } = await openEmpty(torn);
          await appendAll(log, texts(2));
          const { log: reopened } = await openFixture(disk.crashProcess(), runtime);
          expect(await readAll(reopened), `byte ${at}`).toEqual(numbered(texts(2)));
        }
      }
    });

    it("is read when its new header is damaged later, and no index of the old layout speaks for it", async () => {
      const { log, disk } = await openEmpty(oldDataFile(1, Buffer.alloc(0)));
      await appendAll(log, texts(3));
      const killed = disk.crashProcess();
      flipBit(killed, FIRST_DATA, 5, 0);
      const { log: reopened } = await openFixture(killed, runtime);
      expect(await readAll(reopened)).toEqual(numbered(texts(3)));
    });
  });

  it("is opened at once when a copy of its end, which an interrupted rewrite left, holds all of its messages", async () => {
    const frames = plainFramesOf(entries(texts(3)));
    const disk = await diskWith(oldDataFile(1, Buffer.alloc(0)));
    disk.replaceBytes(`${LOG_FOLDER}/${rewriteFileName(0, OLD_SEGMENT_HEADER_BYTES)}`, frames);
    const { log } = await openFixture(disk, runtime);
    expect(await readAll(log)).toEqual(numbered(texts(3)));
  });

  it("serves reads where the disk has no room for the next segment, and takes messages when it has", async () => {
    const disk = await diskWith(oldDataFile(1, plainFramesOf(entries(texts(3)))));
    disk.capacityBytes = 0;
    const { log } = await openFixture(disk, runtime);
    expect(await readAll(log)).toEqual(numbered(texts(3)));
    await expect(log.append([entry("refused")])[0]).rejects.toMatchObject({ code: "storage_full" });
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    expect(await log.append([entry("next")])[0]).toMatchObject({ baseOffset: 3 });
    expect(await readAll(log, 3)).toEqual(new Map([[3, "next"]]));
  });

  it.each([1, 2])("with a damaged header (byte %i) is read all the same", async (at) => {
    const bytes = oldDataFile(1, plainFramesOf(entries(texts(4))));
    bytes[at]! ^= 0x40;
    const { log } = await openFixture(await diskWith(bytes), runtime);
    expect(await readAll(log)).toEqual(numbered(texts(4)));
  });
});

describe("the first opening of a log of the old layout after a crash", () => {
  /** Two messages that were synced, then one that holds frames, cut after so many bytes of it. */
  async function openTorn(payload: Buffer, keptBytes: number) {
    const sound = plainFramesOf(entries(texts(2)), 0, nowMs);
    const facts = { baseOffset: 2, timestampMs: nowMs, unsyncedCount: 0, messageCount: 1 };
    const torn = plainFrame(facts, payload).subarray(0, keptBytes);
    return await openFixture(await diskWith(oldDataFile(1, Buffer.concat([sound, torn]))), runtime);
  }

  it("takes nothing from within a message whose header is whole, wherever that is cut", async () => {
    const payload = Buffer.concat([Buffer.from("payload "), forged(3, 6)]);
    for (let kept = 0; kept < 40 + payload.length; kept += 1) {
      const { log } = await openTorn(payload, kept);
      expect(log.logEndOffset, `${kept} bytes`).toBe(2);
      expect(await readAll(log)).toEqual(numbered(texts(2)));
      expect(await log.append([entry("next")])[0]).toMatchObject({ baseOffset: 2 });
    }
  });

  async function openBehindZeros(frames: Buffer) {
    const sound = plainFramesOf(entries(texts(2)), 0, nowMs);
    const bytes = oldDataFile(1, Buffer.concat([sound, Buffer.alloc(60), frames, Buffer.alloc(10)]));
    return await openFixture(await diskWith(bytes), runtime);
  }

  it.each([
    ["offsets that have no room in between", forged(1_000_000, 4)],
    ["offsets near 2^53", forged(Number.MAX_SAFE_INTEGER - 10, 4)],
    ["times of more than a day ahead", forged(3, 4, nowMs + 25 * HOUR_MS)],
    [
      "such times behind a plausible one",
      Buffer.concat([forged(3, 2), forged(5, 2, Number.MAX_SAFE_INTEGER)]),
    ],
    ["more messages in one than a frame can have", crowded(3)],
  ])("takes no frames with %s", async (_, frames) => {
    const { log } = await openBehindZeros(frames);
    expect(log.logEndOffset).toBe(2);
    expect(await log.append([entry("next")])[0]).toMatchObject({ baseOffset: 2 });
  });

  it("keeps frames that are plausible and say that the bad place had been synced", async () => {
    const { log } = await openBehindZeros(forged(3, 4, nowMs + HOUR_MS));
    expect(log.logEndOffset).toBe(7);
    expect(await readAll(log, 3)).toEqual(
      new Map([3, 4, 5, 6].map((offset) => [offset, `forged ${offset}`])),
    );
  });

  it("keeps frames that were stamped while the clock was ahead, as the time of the file shows", async () => {
    const disk = await diskWith(
      oldDataFile(1, Buffer.concat([plainFramesOf(entries(texts(2))), Buffer.alloc(60), forged(3, 4)])),
    );
    const behind = new ManualRuntime({ nowMs: 1_000_000 });
    const { log } = await openFixture(disk, behind);
    expect(log.logEndOffset).toBe(7);
  });
});

it("a sealed segment of the old layout is looked into as before", async () => {
  const disk = await diskWith(oldDataFile(1, plainFramesOf(entries(texts(5)))));
  const { log } = await openFixture(disk, runtime);
  await appendAll(log, texts(2, 5));
  await log.close();
  const bytes = disk.bytesOf(FIRST_DATA);
  bytes[OLD_SEGMENT_HEADER_BYTES + 2 * (40 + 14) + 45]! ^= 1;
  disk.replaceBytes(FIRST_DATA, bytes);
  const { log: reopened } = await openFixture(disk, runtime);
  await expect(reopened.openCursor().read(2, 1)).rejects.toMatchObject({
    code: "checksum_error",
    details: { offset: 2, nextOffset: 3 },
  });
  expect(await readAll(reopened, 3)).toEqual(numbered(texts(4, 3), 3));
});
