/** What damaged files cost: the frame that the damage is in, and nothing else. */
import { beforeAll, describe, expect, it } from "vitest";
import {
  copyOf,
  type Filled,
  fill,
  findingsOf,
  MESSAGES,
  readAll,
  scanAll,
  without,
} from "../../support/damage-fixture.ts";
import { flipBit, pathsOf, type Stretch, stretchesOf } from "../../support/data-files.ts";
import type { MemoryDisk } from "../../support/memory-disk.ts";
import { DATA_FOLDER, openNetlog, texts } from "../../support/netlog-fixture.ts";
import { seededRandom } from "../../support/seeded-random.ts";

const SEED = 7;
const TOPIC_FOLDER = `${DATA_FOLDER}/t`;

let closed: Filled;
let killed: Filled;

beforeAll(async () => {
  closed = await fill("closed");
  killed = await fill("killed");
});

/** Bits of the data files of `folder`, chosen by seed: some in every stretch. */
function sampleBits(
  disk: MemoryDisk,
  folder: string,
  aStretch: number,
): { stretch: Stretch; position: number; bit: number }[] {
  const random = seededRandom(SEED);
  const below = (bound: number): number => Math.floor(random() * bound);
  return pathsOf(disk, folder, ".data").flatMap((path) =>
    stretchesOf(disk, path).flatMap((stretch) =>
      Array.from({ length: aStretch }, () => {
        const position = stretch.start + below(stretch.end - stretch.start);
        return { stretch, position, bit: below(8) };
      }),
    ),
  );
}

describe.each(["t", "gzipped"])("a flipped bit in a data file of topic %s", (name) => {
  it("is detected, and costs the frame it is in alone", async () => {
    const sound = await copyOf(closed);
    for (const { stretch, position, bit } of sampleBits(sound, `${DATA_FOLDER}/${name}`, 4)) {
      const disk = await copyOf(closed);
      flipBit(disk, stretch.path, position, bit);
      const where = `${stretch.path} byte ${position} bit ${bit} (seed ${SEED})`;

      const offline = await findingsOf(disk);
      expect(offline, where).toEqual([
        expect.objectContaining({
          kind: "damage",
          topic: name,
          file: stretch.path,
          position: stretch.start,
          offset: stretch.offset,
          nextOffset: stretch.nextOffset,
        }),
      ]);

      const { netlog } = await openNetlog({ disk, runtime: closed.runtime });
      const topic = netlog.topic(name);
      expect(await readAll(topic), where).toEqual(without(stretch));
      const isHeader = stretch.offset === stretch.nextOffset;
      expect(await scanAll(topic), where).toEqual({
        texts: without(stretch).filter((text) => text !== undefined),
        errors: isHeader ? 0 : 1,
      });
      const isMended = isHeader && stretch.path === pathsOf(disk, `${DATA_FOLDER}/${name}`, ".data").at(-1);
      const named = { offset: stretch.offset, odelta: stretch.nextOffset - stretch.offset };
      expect(await topic.check(0), where).toEqual(isMended ? [] : [expect.objectContaining(named)]);
      expect(await readAll(netlog.topic("other"), 3), where).toEqual(texts(3));
      await netlog.close();
    }
  });

  it("after a kill costs its frame below the synced mark, and at most the tail above it", async () => {
    const sound = await copyOf(killed);
    const active = pathsOf(sound, `${DATA_FOLDER}/${name}`, ".data").at(-1)!;
    // Nothing vouches for the last group: one publisher syncs each message before the next.
    const frames = stretchesOf(sound, active).slice(1);
    for (const { stretch, position, bit } of sampleBits(sound, `${DATA_FOLDER}/${name}`, 2)) {
      const disk = await copyOf(killed);
      flipBit(disk, stretch.path, position, bit);
      const { netlog } = await openNetlog({ disk, runtime: killed.runtime });
      const topic = netlog.topic(name);
      const isTail = stretch.path === active && stretch.end === frames.at(-1)!.end;
      const end = (await topic.info()).latest_offset + 1;
      expect(end).toBe(isTail ? stretch.offset : MESSAGES);
      expect(await readAll(topic, end)).toEqual(without(stretch).slice(0, end));
      await netlog.close();
    }
  });
});

describe("a scanner before a damaged frame", () => {
  it.each(["auto", "explicit"] as const)(
    "with ack=%s can seek past it, before the error and after",
    async (ack) => {
      const disk = await copyOf(closed);
      const stretch = stretchesOf(disk, pathsOf(disk, TOPIC_FOLDER, ".data")[0]!)[2]!;
      flipBit(disk, stretch.path, stretch.end - 1, 3);
      const { netlog } = await openNetlog({ disk, runtime: closed.runtime });
      const topic = netlog.topic("t");
      const { scanner } = await topic.findOrCreateScanner({ id: ack, from: stretch.offset, ack });
      await scanner.seek(stretch.nextOffset);
      expect((await scanner.scan({ waitMs: 0 }))!.message.offset).toBe(stretch.nextOffset);
      await scanner.seek(stretch.offset);
      await expect(scanner.scan({ waitMs: 0 })).rejects.toMatchObject({
        code: "checksum_error",
        details: { offset: stretch.offset, nextOffset: stretch.nextOffset },
      });
      await scanner.seek(stretch.nextOffset + 1);
      expect((await scanner.scan({ waitMs: 0 }))!.message.offset).toBe(stretch.nextOffset + 1);
      await netlog.close();
    },
  );
});

describe("an index", () => {
  /** Every answer that an index has a part in. */
  async function answersOf(disk: MemoryDisk): Promise<unknown> {
    const { netlog, runtime } = await openNetlog({ disk, runtime: closed.runtime });
    const topic = netlog.topic("t");
    const begin = runtime.now() - 6000;
    const times = Array.from({ length: 14 }, (_, i) => new Date(begin + i * 500).toISOString());
    const answers = {
      texts: await readAll(topic),
      times: await Promise.all(times.map((time) => topic.resolveOffset(time))),
      check: await topic.check(0),
    };
    await netlog.close();
    return answers;
  }

  it("that is deleted, cut or garbled is made anew, and changes no answer", async () => {
    const sound = await copyOf(closed);
    const indexes = pathsOf(sound, TOPIC_FOLDER, ".index");
    expect(indexes.length).toBeGreaterThan(2);
    const expected = await answersOf(sound);
    expect(expected).toMatchObject({ texts: texts(MESSAGES), check: [] });
    const random = seededRandom(SEED);
    const below = (bound: number): number => Math.floor(random() * bound);
    const changes: ((disk: MemoryDisk, path: string) => void | Promise<void>)[] = [
      (disk, path) => disk.remove(path),
      (disk, path) => disk.replaceBytes(path, Buffer.alloc(0)),
      (disk, path) => disk.replaceBytes(path, disk.bytesOf(path).subarray(0, below(48))),
      (disk, path) => disk.replaceBytes(path, Buffer.from(Array.from({ length: 48 }, () => below(256)))),
      (disk, path) => flipBit(disk, path, below(disk.bytesOf(path).length), below(8)),
      (disk, path) => flipBit(disk, path, 8 + below(8), below(8)),
      (disk, path) => disk.replaceBytes(path, disk.bytesOf(indexes[path === indexes[0] ? 1 : 0]!)),
    ];
    for (const path of indexes) {
      for (const [number, change] of changes.entries()) {
        const disk = await copyOf(closed);
        await change(disk, path);
        const isNoted = (await findingsOf(disk)).every(({ kind }) => kind === "note");
        expect(isNoted, `${path}, change ${number}`).toBe(true);
        expect(await answersOf(disk), `${path}, change ${number}`).toEqual(expected);
        expect(await findingsOf(disk), `${path}, change ${number}`).toEqual([]);
      }
    }
  });

  it("that is gone with all others changes no answer", async () => {
    const disk = await copyOf(closed);
    const expected = await answersOf(await copyOf(closed));
    for (const path of pathsOf(disk, TOPIC_FOLDER, ".index")) await disk.remove(path);
    expect(await answersOf(disk)).toEqual(expected);
  });
});
