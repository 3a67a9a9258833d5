import { describe, expect, it } from "vitest";
import { crc32 } from "../../../lib/base/checksum.ts";
import { checkDataFolder, type PublishOptions, type Topic } from "../../../lib/index.ts";
import { LIMITS } from "../../../lib/limits.ts";
import { type Fault, FaultyDisk } from "../../support/faulty-disk.ts";
import { HeldPauses } from "../../support/held-pauses.ts";
import type { MemoryDisk } from "../../support/memory-disk.ts";
import {
  DATA_FOLDER,
  type NetlogFixture,
  openNetlog,
  publishAll,
  texts,
} from "../../support/netlog-fixture.ts";
import { rejection } from "../../support/rejection.ts";
import { seededRandom } from "../../support/seeded-random.ts";

const STATE = `${DATA_FOLDER}/t/state`;
const COPY = `${DATA_FOLDER}/t/state.copy`;

function once(key: string): PublishOptions {
  return { idempotency: { key, digest: Buffer.alloc(32) } };
}

async function publishOnce(topic: Topic, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) await topic.publish({ payload: Buffer.from(`${i}`) }, once(`k${i}`));
}

/** Every key of `[0, count)` is found at its offset, and nothing is stored. */
async function expectRemembered(topic: Topic, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const again = await topic.publish({ payload: Buffer.from(`${i}`) }, once(`k${i}`));
    expect(again).toMatchObject({ offset: i, isDuplicate: true });
  }
}

/** Forty keys in several segments, of a process that was killed. */
async function killed(): Promise<NetlogFixture> {
  const fixture = await openNetlog({ limits: { stateCheckpointAppends: 10 } });
  const topic = await fixture.netlog.createTopic("t", { segment_size: 1024 });
  await publishOnce(topic, 0, 40);
  for (let turn = 0; turn < 20; turn++) await fixture.runtime.turn();
  return { ...fixture, disk: fixture.disk.crashProcess() };
}

async function faultyNetlog(
  before: Partial<Pick<NetlogFixture, "disk" | "runtime">> = {},
): Promise<NetlogFixture & { readonly faulty: FaultyDisk }> {
  const disks: FaultyDisk[] = [];
  const seen = (inner: MemoryDisk): FaultyDisk => {
    disks.push(new FaultyDisk(inner));
    return disks[0]!;
  };
  const { disk, runtime } = before;
  const fixture = await openNetlog({ ...(disk && { disk }), ...(runtime && { runtime }), seen });
  return { ...fixture, faulty: disks[0]! };
}

async function damage(disk: MemoryDisk, path: string): Promise<void> {
  const bytes = await disk.readFile(path);
  const file = disk.open(path);
  file.write(Buffer.from([bytes[30]! ^ 1]), 30);
  await file.sync();
  file.close();
}

describe("the state of a topic", () => {
  it("is not there for a topic that remembers nothing", async () => {
    const { netlog, disk } = await openNetlog();
    const topic = await netlog.createTopic("t");
    await topic.publish({ payload: Buffer.from("a") });
    await topic.publish({ payload: Buffer.from("b") }, { expectedOffset: 1 });
    await netlog.close();
    expect(await disk.stat(STATE)).toBeUndefined();
    expect(await disk.stat(COPY)).toBeUndefined();
  });

  it("is there before the first append that it has to remember", async () => {
    const { netlog, disk } = await openNetlog();
    const topic = await netlog.createTopic("t");
    disk.capacityBytes = 0;
    expect(await rejection(publishOnce(topic, 0, 1))).toMatchObject({ code: "storage_full" });
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    await publishOnce(topic, 0, 1);
    expect(await disk.stat(STATE)).toBeDefined();
  });

  it.each([STATE, COPY])("survives the loss of %s", async (path) => {
    const { disk, runtime } = await killed();
    await damage(disk, path);
    const { netlog, logger } = await openNetlog({ disk, runtime });
    expect(logger.messages("warn")).toContain("a copy of the topic's state does not have its checksum");
    await expectRemembered(netlog.topic("t"), 40);
  });

  it.each(["damaged", "missing"])(
    "is made again from the messages where both copies are %s, and the log and the check say so",
    async (how) => {
      const { disk, runtime } = await killed();
      for (const path of [STATE, COPY]) {
        if (how === "damaged") await damage(disk, path);
        else await disk.remove(path);
      }
      const lost = expect.stringContaining("the next start makes the topic's state again from its messages");
      expect(await findingsOf(disk)).toContainEqual(lost);
      const { netlog, logger } = await openNetlog({ disk, runtime });
      await expectRemembered(netlog.topic("t"), 40);
      expect(logger.messages("info")).toContain("the topic's state is made");
      expect(logger.messages("error")).toContain(
        "the topic's state is lost, and made again from its messages",
      );
    },
  );

  it("is not missed by a topic that never had one: its first key reads no message", async () => {
    const { netlog, disk, runtime } = await openNetlog();
    await publishAll(await netlog.createTopic("t"), texts(3));
    await netlog.close();
    const { netlog: again, logger } = await openNetlog({ disk, runtime });
    await publishOnce(again.topic("t"), 0, 1);
    expect(logger.messages("error")).toEqual([]);
    expect(logger.messages("info")).not.toContain("making the topic's state from its messages");
  });

  it("is made again where its file is no state", async () => {
    const { disk, runtime } = await killed();
    await disk.remove(COPY);
    disk.replaceBytes(STATE, Buffer.from("no state of a topic, but some other text"));
    const { netlog } = await openNetlog({ disk, runtime });
    await expectRemembered(netlog.topic("t"), 40);
  });

  it("of a later version leaves the topic alone, and the check says so", async () => {
    const { disk, runtime } = await killed();
    const newest = await newestOf(disk);
    disk.replaceBytes(newest, withVersion(await disk.readFile(newest), 2));
    const trouble =
      "is of version 2, and this program reads version 1; start the version of netlog that wrote it";
    expect(await findingsOf(disk)).toEqual([
      `${newest}: it ${trouble}; the next start does not serve the topic`,
    ]);
    const { netlog } = await openNetlog({ disk, runtime });
    expect(() => netlog.topic("t")).toThrow(
      expect.objectContaining({ code: "topic_unavailable", reason: `the topic's state ${trouble}` }),
    );
  });

  it.each([STATE, COPY])("counts as the other copy has it where %s cannot be read", async (path) => {
    const { disk, runtime } = await killed();
    const seen = (inner: MemoryDisk) => new FaultyDisk(inner, cannotRead(new RegExp(`${path}$`)));
    const { netlog, logger } = await openNetlog({ disk, runtime, seen });
    expect(logger.messages("warn")).toContain("a copy of the topic's state cannot be read (EIO)");
    await expectRemembered(netlog.topic("t"), 40);
  });

  it("keeps the topic from being served where neither copy can be read", async () => {
    const { disk, runtime } = await killed();
    const seen = (inner: MemoryDisk) => new FaultyDisk(inner, cannotRead(/state(\.copy)?$/));
    const { netlog } = await openNetlog({ disk, runtime, seen });
    expect(() => netlog.topic("t")).toThrow(
      expect.objectContaining({ code: "topic_unavailable", reason: "state cannot be read (EIO)" }),
    );
  });

  it("that speaks of more than the log has does not count", async () => {
    const { disk, runtime } = await killed();
    const kept = await disk.readFile(STATE);
    const later = await openNetlog({ disk, runtime });
    await publishOnce(later.netlog.topic("t"), 40, 60);
    await later.netlog.close();
    const [state, copy] = [await disk.readFile(STATE), await disk.readFile(COPY)];
    expect(state.equals(kept)).toBe(false);
    // The folder of before, with the state of later.
    const before = await killed();
    for (const [path, bytes] of [
      [STATE, state],
      [COPY, copy],
    ] as const) {
      await before.disk.remove(path);
      const file = before.disk.create(path);
      file.write(bytes, 0);
      file.close();
    }
    const { netlog } = await openNetlog({ disk: before.disk, runtime: before.runtime });
    const topic = netlog.topic("t");
    await expectRemembered(topic, 40);
    expect((await topic.publish({ payload: Buffer.from("40") }, once("k40"))).isDuplicate).toBeUndefined();
  });

  it("does not stop retention where the disk has no room for the first one", async () => {
    const { netlog, disk, runtime } = await openNetlog();
    const topic = await netlog.createTopic("t", { segment_size: 1024, retention_size: 1500 });
    await publishAll(topic, texts(100));
    disk.capacityBytes = 0;
    expect(await rejection(publishOnce(topic, 0, 1))).toMatchObject({ code: "storage_full" });
    await runtime.advance(10_000);
    expect((await topic.info()).first_offset).toBeGreaterThan(0);
  });

  it("is there before the message that closes the topic", async () => {
    const { netlog, disk, faulty } = await faultyNetlog();
    const topic = await netlog.createTopic("t");
    faulty.plan({ code: "EIO", kinds: ["create"], path: /state/ });
    const closing = { closes: true } as const;
    expect(await rejection(topic.publish({ payload: Buffer.from("a") }, closing))).toMatchObject({
      code: "topic_unavailable",
    });
    expect([topic.isClosed, topic.readableOffsets.end]).toEqual([false, 0]);
    await topic.publish({ payload: Buffer.from("a") }, closing);
    expect(await disk.stat(STATE)).toBeDefined();
  });

  it("needs no message of a topic that has remembered nothing", async () => {
    const first = await openNetlog();
    const large = texts(10).map((text) => text.padEnd(LIMITS.blockBytes, "-"));
    await publishAll(await first.netlog.createTopic("t"), large);
    await first.netlog.close();
    const { netlog, faulty } = await faultyNetlog(first);
    faulty.plan({ code: "EIO", kinds: ["read"], lasting: true });
    const topic = netlog.topic("t");
    expect(await topic.publish({ payload: Buffer.from("a") }, once("k"))).toMatchObject({ offset: 10 });
    await topic.publish({ payload: Buffer.from("b") }, { closes: true });
    expect(topic.isClosed).toBe(true);
  });

  it("keeps up with the index of the log, so that an opening has as little to read", async () => {
    const { netlog, disk, runtime } = await openNetlog({ limits: { indexCheckpointBytes: 2000 } });
    const topic = await netlog.createTopic("t");
    await publishOnce(topic, 0, 1);
    await publishAll(topic, texts(200));
    await runtime.turn();
    const through = (await disk.readFile(await newestOf(disk))).readDoubleBE(12);
    expect(through).toBeGreaterThan(140);
  });

  it("keeps up in a topic that syncs seldom, and is synced with what it speaks of", async () => {
    const { netlog, disk, runtime } = await openNetlog({ limits: { stateCheckpointAppends: 10 } });
    const topic = await netlog.createTopic("t", { durability: "written", sync_interval: "1h" });
    await publishOnce(topic, 0, 25);
    for (let turn = 0; turn < 20; turn++) await runtime.turn();
    const through = (await disk.readFile(await newestOf(disk))).readDoubleBE(12);
    expect(through).toBeGreaterThanOrEqual(20);
    const again = await openNetlog({ disk: disk.crashPower(seededRandom(1)), runtime });
    expect(again.netlog.topic("t").readableOffsets.end).toBeGreaterThanOrEqual(through);
  });

  it("is written in pieces, between which others have their turn", async () => {
    const { netlog, disk, runtime } = await openNetlog();
    const topic = await netlog.createTopic("t");
    const keys = Array.from({ length: 8000 }, (_, i) =>
      topic.publish({ payload: Buffer.from("a") }, once(`k${i}`)),
    );
    await Promise.all(keys);
    const held = new HeldPauses(runtime);
    const closing = netlog.close();
    while (held.heldCount === 0) await runtime.turn();
    const sizes: number[] = [];
    while (held.heldCount > 0) {
      sizes.push((await disk.stat(`${COPY}.tmp`))?.sizeBytes ?? 0);
      await held.step();
    }
    await closing;
    expect(sizes.length).toBeGreaterThanOrEqual(3);
    const { sizeBytes } = (await disk.stat(COPY))!;
    expect(sizes).toEqual([...new Set(sizes)].toSorted((a, b) => a - b));
    expect(sizes.at(-1)).toBeLessThanOrEqual(sizeBytes);
    const again = await openNetlog({ disk, runtime });
    await expectRemembered(again.netlog.topic("t"), 100);
  });

  it("is not written after the topic was closed, also where it is being made again", async () => {
    const first = await openNetlog();
    const topic = await first.netlog.createTopic("t");
    await topic.publish({ payload: Buffer.alloc(200_000) }, once("k"));
    const disk = first.disk.crashProcess();
    for (const path of [STATE, COPY]) if ((await disk.stat(path)) !== undefined) await damage(disk, path);
    const { runtime } = first;
    const held = new HeldPauses(runtime);
    const { netlog, faulty } = await faultyNetlog({ disk, runtime });
    while (held.heldCount === 0) await runtime.turn();
    const closing = netlog.close();
    for (let turn = 0; turn < 20; turn++) await runtime.turn();
    faulty.plan({ code: "EIO", kinds: ["create"], nth: Infinity });
    held.release();
    await closing;
    for (let turn = 0; turn < 20; turn++) await runtime.turn();
    expect(faulty.matched).toBe(0);
  });

  it("is not replayed after a clean stop", async () => {
    const { netlog, disk, runtime } = await openNetlog();
    const topic = await netlog.createTopic("t");
    await publishOnce(topic, 0, 3);
    await netlog.close();
    const again = await openNetlog({ disk, runtime });
    await expectRemembered(again.netlog.topic("t"), 3);
  });

  it("is looked at by the check of a folder: a whole one is no finding, a damaged one is", async () => {
    const { disk } = await killed();
    expect(await findingsOf(disk)).toEqual([]);
    await damage(disk, COPY);
    expect(await findingsOf(disk)).toEqual([
      `${COPY}: it does not have its checksum; the other copy counts, and what follows it is read from the messages`,
    ]);
    await damage(disk, STATE);
    expect(await findingsOf(disk)).toContain(
      `${STATE}: it does not have its checksum; the next start makes the topic's state again from its messages`,
    );
  });
});

/** The path of the copy that counts. */
async function newestOf(disk: MemoryDisk): Promise<string> {
  const sequences = await Promise.all(
    [STATE, COPY].map(async (path) => (await disk.readFile(path)).readDoubleBE(4)),
  );
  return sequences[0]! > sequences[1]! ? STATE : COPY;
}

/** The state with another version, and its checksum. */
function withVersion(bytes: Buffer, version: number): Buffer {
  bytes.writeUInt8(version, 24);
  bytes.writeUInt32BE(crc32(bytes.subarray(24), crc32(bytes.subarray(0, 20))), 20);
  return bytes;
}

function cannotRead(path: RegExp): Fault {
  return { code: "EIO", kinds: ["readFile"], path, lasting: true };
}

async function findingsOf(disk: MemoryDisk): Promise<string[]> {
  const found: string[] = [];
  await checkDataFolder({
    limits: LIMITS,
    disk,
    folder: DATA_FOLDER,
    topics: [],
    onFinding: (finding) => {
      if (finding.kind === "damage") found.push(`${finding.file}: ${finding.message}`);
    },
    onProgress: () => {},
    isCancelled: () => false,
  });
  return found;
}
