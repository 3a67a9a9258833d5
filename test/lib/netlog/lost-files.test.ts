/** Files of a data folder that are cut, missing or garbled as a whole: what that costs, and how it is reported. */
import { beforeAll, describe, expect, it } from "vitest";
import {
  copyOf,
  type Filled,
  fill,
  findingsOf,
  MESSAGES,
  readAll,
  scanAll,
} from "../../support/damage-fixture.ts";
import { pathsOf, stretchesOf } from "../../support/data-files.ts";
import type { MemoryDisk } from "../../support/memory-disk.ts";
import { DATA_FOLDER, openNetlog, publishAll, texts } from "../../support/netlog-fixture.ts";
import { seededRandom } from "../../support/seeded-random.ts";

const TOPIC_FOLDER = `${DATA_FOLDER}/t`;
const SEED = 11;

let closed: Filled;
let killed: Filled;

beforeAll(async () => {
  closed = await fill("closed");
  killed = await fill("killed");
});

/** Data files of the topic, oldest first. */
function dataFiles(disk: MemoryDisk): string[] {
  return pathsOf(disk, TOPIC_FOLDER, ".data");
}

function baseOffsetOf(path: string): number {
  return Number(/(\d{20})\.data$/.exec(path)![1]);
}

describe("an active data file that is cut", () => {
  it.each(["killed", "closed"])("at any length opens to a prefix, %s before", async (how) => {
    const filled = how === "closed" ? closed : killed;
    const sound = await copyOf(filled);
    const path = dataFiles(sound).at(-1)!;
    const stretches = stretchesOf(sound, path);
    const bytes = sound.bytesOf(path);
    for (let length = 0; length < bytes.length; length += 3) {
      const disk = await copyOf(filled);
      disk.replaceBytes(path, bytes.subarray(0, length));
      const last = stretches.findLast((stretch) => stretch.end <= length);
      const end = last?.nextOffset ?? baseOffsetOf(path);
      // Only an index that was written at a clean close can tell that there was more.
      const provenEnd = how === "closed" ? MESSAGES : end;
      const kinds = (await findingsOf(disk, ["t"])).map(({ kind }) => kind);
      const { netlog } = await openNetlog({ disk, runtime: filled.runtime });
      const topic = netlog.topic("t");
      expect((await topic.info()).latest_offset, `cut at ${length}`).toBe(provenEnd - 1);
      expect(await readAll(topic, end), `cut at ${length}`).toEqual(texts(end));
      expect(kinds.includes("damage"), `cut at ${length}`).toBe(how === "closed");
      const lost = how === "closed" ? [expect.objectContaining({ offset: end, odelta: MESSAGES - end })] : [];
      expect(await topic.check(0), `cut at ${length}`).toEqual(lost);
      expect((await scanAll(topic)).errors).toBe(lost.length);
      expect(await publishAll(topic, ["next"])).toEqual([provenEnd]);
      await netlog.close();
      // It stays so: what was lost is not given again, nor forgotten.
      const again = await openNetlog({ disk, runtime: filled.runtime });
      expect(await again.netlog.topic("t").check(0), `cut at ${length}`).toEqual(lost);
      expect((await again.netlog.topic("t").message(provenEnd)).payload.toString()).toBe("next");
      await again.netlog.close();
    }
  });

  it("in the middle of a frame has its torn bytes cut, kept beside, and reported", async () => {
    const disk = await copyOf(killed);
    const path = dataFiles(disk).at(-1)!;
    const last = stretchesOf(disk, path).at(-1)!;
    const torn = disk.bytesOf(path).subarray(last.start, last.end - 1);
    disk.replaceBytes(path, disk.bytesOf(path).subarray(0, last.end - 1));
    expect(await findingsOf(disk, ["t"])).toEqual([
      expect.objectContaining({ kind: "torn", file: path, position: last.start, offset: last.offset }),
    ]);
    const { netlog, logger } = await openNetlog({ disk, runtime: killed.runtime });
    expect(await readAll(netlog.topic("t"), last.offset)).toEqual(texts(last.offset));
    expect(disk.bytesOf(path)).toHaveLength(last.start);
    expect(disk.bytesOf(path.replace(/data$/, `torn-${last.start}`))).toEqual(torn);
    expect(logger.lines).toContainEqual({
      level: "warn",
      fields: expect.objectContaining({ file: path, position: last.start, tornBytes: torn.length }),
      message: expect.stringContaining("torn tail is cut"),
    });
    await netlog.close();
    expect(await findingsOf(disk, ["t"])).toEqual([
      expect.objectContaining({ kind: "note", message: expect.stringContaining("earlier start cut") }),
    ]);
  });
});

describe("a sealed data file", () => {
  it.each([
    ["missing", (disk: MemoryDisk, path: string) => disk.remove(path)],
    ["empty", (disk: MemoryDisk, path: string) => disk.replaceBytes(path, Buffer.alloc(0))],
    ["cut", (disk: MemoryDisk, path: string) => disk.replaceBytes(path, disk.bytesOf(path).subarray(0, 400))],
  ])("that is %s costs its own offsets; later ones serve", async (_how, change) => {
    const disk = await copyOf(closed);
    const [, path, next] = dataFiles(disk);
    const from = _how === "cut" ? cutOffset(disk, path!, 400) : baseOffsetOf(path!);
    const end = baseOffsetOf(next!);
    await change(disk, path!);
    const expected = texts(MESSAGES).map((text, offset) =>
      offset >= from && offset < end ? undefined : text,
    );

    const damages = (await findingsOf(disk, ["t"])).filter(({ kind }) => kind === "damage");
    const lost = new Set(damages.flatMap(({ offset, nextOffset }) => offsets(offset!, nextOffset!)));
    expect([...lost]).toEqual(offsets(from, end));

    const { netlog } = await openNetlog({ disk, runtime: closed.runtime });
    const topic = netlog.topic("t");
    expect(await readAll(topic)).toEqual(expected);
    expect((await scanAll(topic)).texts).toEqual(expected.filter((text) => text !== undefined));
    const named = (await topic.check(0)).flatMap(({ offset, odelta }) => offsets(offset, offset + odelta));
    expect(named).toEqual(offsets(from, end));
    expect(await publishAll(topic, ["next"])).toEqual([MESSAGES]);
    await netlog.close();
  });
});

describe("a garbled small file", () => {
  it("of a scanner, by any bytes: it goes on from a position it had, or is reported and the rest serves", async () => {
    const disk = await copyOf(closed);
    const { netlog, runtime } = await openNetlog({ disk, runtime: closed.runtime });
    const { id } = await netlog.topic("t").createScanner({ from: 2, persist: true });
    const { id: otherId } = await netlog.topic("t").createScanner({ from: 5, persist: true });
    for (const _ of [2, 3]) (await netlog.topic("t").scanner(id).scan({ waitMs: 0 }))!.settle(true);
    await netlog.close();
    const [path] = pathsOf(disk, TOPIC_FOLDER, `${id}.scanner`);
    const whole = disk.bytesOf(path!);
    const random = seededRandom(SEED);
    let failures = 0;
    for (let round = 0; round < 40; round++) {
      const bytes = Buffer.from(whole);
      const slots = round % 3 === 0 ? [0] : round % 3 === 1 ? [4096] : [0, 4096];
      for (const slot of slots) bytes[slot + Math.floor(random() * 32)]! ^= 1 << Math.floor(random() * 8);
      disk.replaceBytes(path!, bytes);
      const kinds = (await findingsOf(disk, ["t"])).map(({ kind }) => kind);
      const reopened = await openNetlog({ disk, runtime });
      const topic = reopened.netlog.topic("t");
      expect(topic.scanner(otherId).info().next).toBe(5);
      if (slots.length === 2) {
        failures++;
        expect(() => topic.scanner(id)).toThrow(expect.objectContaining({ code: "topic_unavailable" }));
        expect(kinds).toEqual(["damage"]);
      } else {
        expect([2, 3, 4]).toContain(topic.scanner(id).info().next);
        expect(kinds).toEqual(["note"]);
      }
      await reopened.netlog.close();
    }
    expect(failures).toBeGreaterThan(10);
  });
});

/** Offset of the first message that does not fit into `sizeBytes` of a file. */
function cutOffset(disk: MemoryDisk, path: string, sizeBytes: number): number {
  return stretchesOf(disk, path).findLast((stretch) => stretch.end <= sizeBytes)!.nextOffset;
}

function offsets(from: number, end: number): number[] {
  return Array.from({ length: end - from }, (_, i) => from + i);
}
