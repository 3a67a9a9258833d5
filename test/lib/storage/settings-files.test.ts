/** The two copies of a topic's settings: damaged, lost, old, and broken off in the middle of a change. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Topic } from "../../../lib/index.ts";
import { DEFAULT_SETTINGS, type TopicSettings } from "../../../lib/topic/setting-table.ts";
import { findingsOf } from "../../support/damage-fixture.ts";
import { diskOf, type Snapshot, snapshotOf } from "../../support/data-files.ts";
import { type Fault, FaultyDisk } from "../../support/faulty-disk.ts";
import { ManualRuntime } from "../../support/manual-runtime.ts";
import { MemoryDisk } from "../../support/memory-disk.ts";
import { DATA_FOLDER, openNetlog, publishAll, texts } from "../../support/netlog-fixture.ts";
import { seededRandom } from "../../support/seeded-random.ts";

const FOLDER = `${DATA_FOLDER}/t`;
const COPIES = [`${FOLDER}/settings.json`, `${FOLDER}/settings.copy.json`] as const;
const SETTINGS: TopicSettings = { ...DEFAULT_SETTINGS, segment_age: "10year", segment_size: 2048 };
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let files: Snapshot;

beforeAll(async () => {
  const { netlog, disk } = await openNetlog();
  await publishAll(await netlog.createTopic("t", { segment_age: "10year" }), texts(3));
  await netlog.updateTopic("t", { segment_size: 2048 });
  await netlog.close();
  files = snapshotOf(disk);
});

/** The topic on a disk whose files were changed, opened. */
async function opened(change: (disk: MemoryDisk) => unknown, seen?: (disk: MemoryDisk) => FaultyDisk) {
  const runtime = new ManualRuntime();
  const disk = await diskOf(files, () => runtime.now());
  await change(disk);
  const options = { disk, runtime, monitorIntervalMs: HOUR_MS };
  const fixture = await openNetlog(seen === undefined ? options : { ...options, seen });
  return { ...fixture, topic: fixture.netlog.topic("t") };
}

async function readTexts(topic: Topic, count = 3): Promise<string[]> {
  const found: string[] = [];
  for (let offset = 0; offset < count; offset++) found.push((await topic.message(offset)).payload.toString());
  return found;
}

/** A flipped bit, a cut, or zeros, by chance. */
function damaged(bytes: Buffer, random: () => number): Buffer {
  const below = (bound: number): number => Math.floor(random() * bound);
  const harmed = Buffer.from(bytes);
  const kind = below(3);
  if (kind === 0) harmed[below(harmed.length)]! ^= 1 << below(8);
  else if (kind === 1) return harmed.subarray(0, below(harmed.length));
  else harmed.fill(0, below(harmed.length));
  return harmed;
}

describe("the settings of a topic on the disk", () => {
  it("lie there twice, for people too, and with a checksum", async () => {
    const [main, copy] = COPIES.map((path) => files.get(path)?.toString());
    expect(main).toMatch(/^\{.*\}\n\{"sequence":2,"crc32":\d+\}\n$/);
    expect(JSON.parse(main!.split("\n")[0]!)).toEqual(SETTINGS);
    expect(copy).toBe(main);
    expect(await findingsOf(await diskOf(files, () => 0))).toEqual([]);
  });

  it("survive any damage to one copy, which is reported, and written anew", async () => {
    const random = seededRandom(1);
    for (let round = 0; round < 1200; round++) {
      const path = COPIES[round % 2]!;
      const harmed = damaged(files.get(path)!, random);
      const { netlog, topic, disk } = await opened(async (disk) => {
        disk.replaceBytes(path, harmed);
        const [finding, ...others] = await findingsOf(disk);
        expect(others).toEqual([]);
        expect(finding, `round ${round}`).toMatchObject({ file: path, topic: "t" });
        // A copy that was cut behind its first line is whole, and lacks the checksum.
        const line = files.get(path)!.toString().split("\n")[0]!;
        const isPlain = [line, `${line}\n`].includes(harmed.toString());
        expect(finding!.kind, `round ${round}`).toBe(isPlain ? "note" : "damage");
      });
      expect(topic.settings, `round ${round}`).toEqual(SETTINGS);
      expect(netlog.failedTopics()).toEqual([]);
      expect(await publishAll(topic, ["next"])).toEqual([3]);
      expect(disk.bytesOf(COPIES[0]).equals(disk.bytesOf(COPIES[1])), `round ${round}`).toBe(true);
      await netlog.close();
      expect(await findingsOf(disk), `round ${round}`).toEqual([]);
    }
  });

  it("may lack either copy", async () => {
    for (const path of COPIES) {
      const { topic, disk } = await opened(async (disk) => {
        await disk.remove(path);
        expect(await findingsOf(disk)).toMatchObject([{ kind: "note", file: path }]);
      });
      expect(topic.settings).toEqual(SETTINGS);
      expect(disk.bytesOf(path)).toEqual(files.get(path));
    }
  });

  it("of an earlier version, or of a person, have no checksum, count before any copy, and get one", async () => {
    const plain = Buffer.from('\ufeff{"segment_age": "7day"}');
    for (const isAlone of [true, false]) {
      const { topic, disk } = await opened(async (disk) => {
        disk.replaceBytes(COPIES[0], plain);
        if (isAlone) await disk.remove(COPIES[1]);
        expect((await findingsOf(disk)).map(({ kind }) => kind)).not.toContain("damage");
      });
      expect(topic.settings).toEqual({ ...DEFAULT_SETTINGS, segment_age: "7day" });
      expect(disk.bytesOf(COPIES[0]).toString()).toContain(`"sequence":${isAlone ? 1 : 3},`);
      expect(disk.bytesOf(COPIES[1])).toEqual(disk.bytesOf(COPIES[0]));
    }
  });

  it("are taken from a sound copy where the system does not let the other one be read, which stays", async () => {
    for (const path of COPIES) {
      const fault: Fault = { code: "EIO", kinds: ["readFile"], path: new RegExp(path), lasting: true };
      const { topic, logger, disk } = await opened(
        () => {},
        (disk) => new FaultyDisk(disk, fault),
      );
      expect(topic.settings).toEqual(SETTINGS);
      expect(logger.messages("warn")).toEqual([
        "a copy of the settings cannot be read (EIO); the other one counts",
      ]);
      expect(disk.bytesOf(path)).toEqual(files.get(path));
    }
  });

  it("serve though no copy can be mended", async () => {
    const fault: Fault = { code: "ENOSPC", kinds: ["create"], path: /settings/, lasting: true };
    const { topic, netlog } = await opened(
      (disk) => disk.remove(COPIES[0]),
      (disk) => new FaultyDisk(disk, fault),
    );
    expect(topic.settings).toEqual(SETTINGS);
    expect(netlog.failedTopics()).toEqual([]);
  });
});

describe("a change of settings", () => {
  /** Breaks the change off at its `step`th operation; `undefined` when it has fewer. */
  async function brokenOff(step: number): Promise<MemoryDisk | undefined> {
    const runtime = new ManualRuntime();
    let steps = 0;
    let isChanging = false;
    const schedule = async (): Promise<void> => {
      if (isChanging && ++steps >= step) await new Promise<void>(() => {});
    };
    const { netlog, disk } = await openNetlog({ runtime, disk: new MemoryDisk({ schedule }) });
    await netlog.createTopic("t");
    isChanging = true;
    let isAnswered = false;
    netlog.updateTopic("t", { retention_size: 5000 }).then(
      () => {
        isAnswered = true;
      },
      () => {},
    );
    for (let turn = 0; turn < 20; turn++) await runtime.turn();
    isChanging = false;
    return isAnswered ? undefined : disk;
  }

  it("that is broken off anywhere leaves the old settings or the new ones, and what was told stays", async () => {
    let changedCount = 0;
    for (let step = 1; ; step++) {
      const broken = await brokenOff(step);
      if (broken === undefined) {
        expect(step).toBeGreaterThan(8);
        break;
      }
      for (let seed = 0; seed < 10; seed++) {
        const left = (await brokenOff(step))!;
        const crashed = seed === 0 ? left.crashProcess() : left.crashPower(seededRandom(seed));
        expect((await findingsOf(crashed)).filter(({ kind }) => kind === "damage")).toEqual([]);
        const found = await openNetlog({ disk: crashed });
        const told = found.netlog.topic("t").settings;
        expect([0, 5000], `step ${step}, seed ${seed}`).toContain(told.retention_size);
        expect(told).toEqual({ ...DEFAULT_SETTINGS, retention_size: told.retention_size });
        if (told.retention_size === 5000) changedCount++;
        const again = await openNetlog({ disk: found.disk.crashPower(seededRandom(seed)) });
        expect(again.netlog.topic("t").settings, `step ${step}, seed ${seed}`).toEqual(told);
      }
    }
    expect(changedCount).toBeGreaterThan(10);
  });

  it("is answered when one copy is on the disk, and that one counts", async () => {
    const { netlog, topic, disk, logger } = await opened(
      () => {},
      (disk) => new FaultyDisk(disk, { code: "ENOSPC", kinds: ["create"], path: /copy/, lasting: true }),
    );
    await netlog.updateTopic("t", { retention_size: 9000 });
    expect(topic.settings.retention_size).toBe(9000);
    expect(logger.messages("warn")).toEqual([expect.stringContaining("was not written")]);
    const crashed = disk.crashPower(() => 0);
    expect(await findingsOf(crashed)).toMatchObject([{ kind: "note", file: COPIES[1] }]);
    const again = await openNetlog({ disk: crashed });
    expect(again.netlog.topic("t").settings.retention_size).toBe(9000);
    expect(crashed.bytesOf(COPIES[1])).toEqual(crashed.bytesOf(COPIES[0]));
  });
});

describe("a topic whose settings are lost", () => {
  const lose = (disk: MemoryDisk): void => {
    const random = seededRandom(2);
    for (const path of COPIES) disk.replaceBytes(path, damaged(files.get(path)!, random));
  };
  const REASON = /settings are lost \(settings\.json .*, settings\.copy\.json .*\).*PATCH \/:topic/;

  it("is read, is listed with what mends it, and takes no message by any door", async () => {
    const { netlog, topic, logger } = await opened(async (disk) => {
      lose(disk);
      const kinds = (await findingsOf(disk)).map(({ kind, file }) => [kind, file]);
      expect(kinds).toEqual(COPIES.map((path) => ["damage", path]));
    });
    expect(await readTexts(topic)).toEqual(texts(3));
    const scanner = await topic.createScanner({ from: 1, persist: true });
    expect((await scanner.scan({ waitMs: 0 }))?.message.offset).toBe(1);
    expect(netlog.failedTopics()).toEqual([{ name: "t", reason: expect.stringMatching(REASON) }]);
    expect((await netlog.stats()).openTopicCount).toBe(0);
    expect(logger.messages("error")).toEqual([expect.stringMatching(REASON)]);
    const unavailable = { code: "topic_unavailable", reason: expect.stringMatching(REASON) };
    await expect(topic.publish({ payload: Buffer.from("x") })).rejects.toMatchObject(unavailable);
    await expect(
      topic.publish({ payload: Buffer.from("x") }, { durability: "synced" }),
    ).rejects.toMatchObject(unavailable);
    const batch = await topic.batches.parseJson(Buffer.from('["x"]'));
    await expect(topic.publishBatch(batch)).rejects.toMatchObject(unavailable);
    const stream = topic.openStreamIn({ format: "lines", durability: undefined, onRoom: () => {} });
    stream.write(Buffer.from("x\n"));
    stream.end();
    await expect(stream.ended).rejects.toMatchObject(unavailable);
    expect((await topic.info()).latest_offset).toBe(2);
  });

  it("drops no message, however old, and takes them again once they are set anew", async () => {
    const { netlog, topic, runtime, disk } = await opened(lose);
    await runtime.advance(60 * DAY_MS);
    expect(await readTexts(topic)).toEqual(texts(3));
    await netlog.updateTopic("t", { segment_age: "10year" });
    expect(netlog.failedTopics()).toEqual([]);
    expect(topic.settings).toEqual({ ...DEFAULT_SETTINGS, segment_age: "10year" });
    expect(await publishAll(topic, ["next"])).toEqual([3]);
    await runtime.advance(DAY_MS);
    const again = await openNetlog({ disk: disk.crashPower(() => 0), runtime });
    expect(again.netlog.topic("t").settings).toEqual({ ...DEFAULT_SETTINGS, segment_age: "10year" });
    expect(await readTexts(again.netlog.topic("t"), 4)).toEqual([...texts(3), "next"]);
  });

  it("stays so while they cannot be written", async () => {
    const { netlog, topic } = await opened(
      lose,
      (disk) => new FaultyDisk(disk, { code: "ENOSPC", kinds: ["create"], path: /settings/, lasting: true }),
    );
    const change = netlog.updateTopic("t", { segment_age: "1day" });
    await expect(change).rejects.toMatchObject({ code: "storage_full" });
    await expect(topic.publish({ payload: Buffer.from("x") })).rejects.toMatchObject({
      code: "topic_unavailable",
    });
  });
});
