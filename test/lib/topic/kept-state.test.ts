import { describe, expect, it } from "vitest";
import { LIMITS } from "../../../lib/limits.ts";
import { FaultyDisk } from "../../support/faulty-disk.ts";
import { HeldPauses } from "../../support/held-pauses.ts";
import {
  COPY,
  damage,
  expectRemembered,
  newestOf,
  once,
  publishOnce,
  STATE,
} from "../../support/kept-state-fixture.ts";
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

  it("is not missed by a topic that never had one: its first key reads no message", async () => {
    const { netlog, disk, runtime } = await openNetlog();
    await publishAll(await netlog.createTopic("t"), texts(3));
    await netlog.close();
    const { netlog: again, logger } = await openNetlog({ disk, runtime });
    await publishOnce(again.topic("t"), 0, 1);
    expect(logger.messages("error")).toEqual([]);
    expect(logger.messages("info")).not.toContain("making the topic's state from its messages");
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

  it("takes the index of the log along, so that an opening walks as little as it replays", async () => {
    const { netlog, disk, runtime } = await openNetlog({ limits: { stateCheckpointAppends: 10 } });
    await publishOnce(await netlog.createTopic("t"), 0, 25);
    for (let turn = 0; turn < 20; turn++) await runtime.turn();
    const through = (await disk.readFile(await newestOf(disk))).readDoubleBE(12);
    const index = await disk.readFile(`${DATA_FOLDER}/t/00000000000000000000.index`);
    const indexedEnd = Number(index.readBigUInt64BE(index.length - 32));
    expect(through).toBeGreaterThanOrEqual(20);
    expect(indexedEnd).toBeGreaterThanOrEqual(through);
  });

  it("keeps up over kills: what an opening has replayed counts", async () => {
    const limits = { stateCheckpointAppends: 10 };
    let { netlog, disk, runtime } = await openNetlog({ limits });
    await publishOnce(await netlog.createTopic("t"), 0, 1);
    for (let life = 1; life < 12; life++) {
      ({ netlog, disk, runtime } = await openNetlog({ limits, disk: disk.crashProcess(), runtime }));
      await publishOnce(netlog.topic("t"), life, life + 1);
      for (let turn = 0; turn < 20; turn++) await runtime.turn();
    }
    const through = (await disk.readFile(await newestOf(disk))).readDoubleBE(12);
    expect(through).toBeGreaterThanOrEqual(9);
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

  it("has what the frames behind it say, whatever else is in their fields", async () => {
    const { netlog, disk, runtime } = await openNetlog();
    const topic = await netlog.createTopic("t");
    await publishOnce(topic, 0, 1);
    const payload = Buffer.from("a");
    const idempotency = { key: "once", digest: Buffer.alloc(32, 7) };
    const fields = { key: "k", contentType: "text/plain", headers: [["x-meta-a", "b"] as const] };
    await topic.publish({ payload, ...fields }, { idempotency });
    const both = { idempotency: { ...idempotency, key: "both" }, producer: { id: "p", epoch: 0, seq: 0 } };
    await topic.publish({ payload, ...fields }, both);
    await topic.publish({ payload, ...fields });
    await topic.publish({ payload }, { producer: { id: "p", epoch: 0, seq: 1 } });
    const again = (await openNetlog({ disk: disk.crashProcess(), runtime })).netlog.topic("t");
    expect(await again.publish({ payload }, { idempotency })).toMatchObject({ offset: 1, isDuplicate: true });
    expect(await again.publish({ payload }, both)).toMatchObject({ offset: 2, isDuplicate: true });
    const third = { producer: { id: "p", epoch: 0, seq: 1 } };
    expect(await again.publish({ payload }, third)).toMatchObject({ offset: 4, isDuplicate: true });
    const other = { idempotency: { ...idempotency, digest: Buffer.alloc(32, 8) } };
    expect(await rejection(again.publish({ payload }, other))).toMatchObject({
      code: "idempotency_mismatch",
    });
  });

  it("is not replayed after a clean stop", async () => {
    const { netlog, disk, runtime } = await openNetlog();
    const topic = await netlog.createTopic("t");
    await publishOnce(topic, 0, 3);
    await netlog.close();
    const again = await openNetlog({ disk, runtime });
    await expectRemembered(again.netlog.topic("t"), 3);
  });
});
