import { describe, expect, it } from "vitest";
import { isNetlogError } from "../../../lib/index.ts";
import { SEGMENT_HEADER_BYTES } from "../../../lib/log/index.ts";
import { FaultyDisk } from "../../support/faulty-disk.ts";
import type { MemoryDisk } from "../../support/memory-disk.ts";
import { openNetlog } from "../../support/netlog-fixture.ts";
import { ack, lease, leaseAll, openWork, reopenWork, type WorkFixture } from "../../support/work-fixture.ts";

const PATH = "/data/t/scanners/w.leases";
const DATA_PATH = "/data/t/00000000000000000000.data";

function openFaulty(messageCount: number, settings: object = {}) {
  let faulty: FaultyDisk | undefined;
  const seen = (disk: MemoryDisk) => {
    faulty = new FaultyDisk(disk);
    return faulty;
  };
  return openWork(messageCount, {}, { seen }, settings).then((fixture) => ({
    ...fixture,
    faulty: faulty!,
  }));
}

function replace(disk: MemoryDisk, bytes: Uint8Array, path = PATH): void {
  const file = disk.open(path);
  file.truncate(0);
  if (bytes.length > 0) file.write(bytes, 0);
  file.close();
}

function powerCut({ disk }: WorkFixture): MemoryDisk {
  return disk.crashPower(() => 0);
}

describe("what was acknowledged", () => {
  it("stays so when the power goes right after, in a synced topic", async () => {
    const fixture = await openWork(3);
    await leaseAll(fixture.scanner);
    await ack(fixture.scanner, [0, 2]);
    const { scanner } = await reopenWork(powerCut(fixture), fixture);
    expect(await leaseAll(scanner)).toEqual([[1, 2]]);
  });

  it("stays so over kill -9 in a written topic, and is synced a moment later", async () => {
    const fixture = await openWork(3, {}, {}, { durability: "written" });
    await leaseAll(fixture.scanner);
    await ack(fixture.scanner, [0]);
    const second = await reopenWork(fixture.disk.crashProcess(), fixture);
    expect(await leaseAll(second.scanner)).toEqual([
      [1, 2],
      [2, 2],
    ]);
    await ack(second.scanner, [1]);
    await fixture.runtime.advance(1000);
    const third = await reopenWork(powerCut(second), fixture);
    expect(await leaseAll(third.scanner)).toEqual([[2, 3]]);
  });

  it("stays so when the topic is synced", async () => {
    const fixture = await openWork(2, {}, {}, { durability: "written" });
    await leaseAll(fixture.scanner);
    await ack(fixture.scanner, [0]);
    await fixture.topic.sync();
    const { scanner } = await reopenWork(powerCut(fixture), fixture);
    expect(await leaseAll(scanner)).toEqual([[1, 2]]);
  });

  it("after a sync that failed and a kill is written anew: the next sync would confirm what it does not write", async () => {
    const fixture = await openFaulty(3);
    await leaseAll(fixture.scanner);
    fixture.faulty.plan({ code: "EIO", kinds: ["sync"], path: /leases/, lasting: true });
    await expect(ack(fixture.scanner, [0])).rejects.toMatchObject({ code: "sync_failed" });
    const killed = await reopenWork(fixture.disk.crashProcess(), fixture);
    // Settled as the page cache has it; a second ack confirms that.
    await ack(killed.scanner, [0]);
    const { scanner } = await reopenWork(powerCut(killed), fixture);
    expect((await leaseAll(scanner)).map(([offset]) => offset)).toEqual([1, 2]);
  });

  it("shares syncs", async () => {
    const { scanner, faulty } = await openFaulty(200);
    await leaseAll(scanner);
    faulty.plan({ code: "EIO", kinds: ["sync"], path: /leases/, nth: 1000 });
    await Promise.all(Array.from({ length: 200 }, (_, offset) => ack(scanner, [offset])));
    expect(faulty.matched).toBeLessThan(5);
  });
});

describe("a seek", () => {
  it("survives the power going right after", async () => {
    const fixture = await openWork(5);
    await leaseAll(fixture.scanner);
    await fixture.scanner.seek(3);
    const { scanner } = await reopenWork(powerCut(fixture), fixture);
    expect(await leaseAll(scanner)).toEqual([
      [3, 1],
      [4, 1],
    ]);
  });

  it("of a plain scanner does as well", async () => {
    const fixture = await openWork(5);
    const plain = await fixture.topic.createScanner({ from: 0, persist: true });
    await plain.seek(4);
    await plain.seek(2);
    const { topic } = await reopenWork(powerCut(fixture), fixture);
    expect(topic.scanner(plain.id).info().next).toBe(2);
  });
});

describe("a write or sync that fails", () => {
  it.each(["write", "sync"] as const)("rejects, and the next %s makes good for it", async (kind) => {
    const fixture = await openFaulty(3);
    await leaseAll(fixture.scanner);
    await fixture.runtime.turn();
    fixture.faulty.plan({ code: kind === "write" ? "ENOSPC" : "EIO", kinds: [kind], path: /leases/ });
    const failed = await ack(fixture.scanner, [0]).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(isNetlogError(failed, kind === "write" ? "storage_full" : "sync_failed")).toBe(true);
    // Settling twice is 200, and must be as durable.
    expect(await ack(fixture.scanner, [0])).toEqual({ settled: 1, refused: [] });
    const { scanner } = await reopenWork(powerCut(fixture), fixture);
    expect((await leaseAll(scanner)).map(([offset]) => offset)).toEqual([1, 2]);
  });

  it("rejects again as long as the disk is full, and the log says so once", async () => {
    const fixture = await openFaulty(3);
    await leaseAll(fixture.scanner);
    await fixture.runtime.turn();
    fixture.faulty.plan({ code: "ENOSPC", kinds: ["write", "create"], path: /leases/, lasting: true });
    for (let i = 0; i < 3; i++) await expect(ack(fixture.scanner, [0])).rejects.toThrow("storage full");
    fixture.faulty.plan();
    await ack(fixture.scanner, [1]);
    const { scanner } = await reopenWork(powerCut(fixture), fixture);
    expect((await leaseAll(scanner)).map(([offset]) => offset)).toEqual([0, 2]);
    expect(fixture.logger.messages().filter((line) => line.includes("a scanner's state"))).toEqual([
      "a scanner's state was not kept",
      "a scanner's state is kept again",
    ]);
  });
});

describe("the journal", () => {
  it("is begun anew when it has grown, and tells the same state", async () => {
    const limits = { leaseJournalBytes: 500 };
    const fixture = await openWork(300, {}, { limits });
    for (let i = 0; i < 299; i++)
      await ack(fixture.scanner, [(await lease(fixture.scanner))!.message.offset]);
    expect((await fixture.disk.stat(PATH))!.sizeBytes).toBeLessThan(2000);
    const { scanner } = await reopenWork(powerCut(fixture), fixture);
    expect(await leaseAll(scanner)).toEqual([[299, 1]]);
  });

  it("holds no more than max_pending allows", async () => {
    const limits = { leaseJournalBytes: 1000 };
    const { scanner, disk } = await openWork(1000, { maxPending: 1000 }, { limits });
    await leaseAll(scanner);
    for (let i = 0; i < 1000; i += 2) await ack(scanner, [i]);
    expect((await disk.stat(PATH))!.sizeBytes).toBeLessThan(5 * 13_000);
  });

  it("may end in a torn block, wherever it was cut", async () => {
    const fixture = await openWork(3);
    await leaseAll(fixture.scanner);
    await fixture.runtime.turn();
    const disk = fixture.disk.crashProcess();
    const whole = await disk.readFile(PATH);
    for (let cut = whole.length - 1; cut > whole.length - 55; cut -= 9) {
      replace(disk, whole.subarray(0, cut));
      const { scanner, netlog } = await reopenWork(disk, fixture);
      expect((await leaseAll(scanner)).map(([offset]) => offset)).toEqual([0, 1, 2]);
      expect(await ack(scanner, [0])).toEqual({ settled: 1, refused: [] });
      await netlog.close();
    }
  });

  it("that is damaged where it was synced is a failed scanner, which can be deleted", async () => {
    const fixture = await openWork(3);
    await leaseAll(fixture.scanner);
    for (const offset of [0, 1, 2]) await ack(fixture.scanner, [offset]);
    await fixture.netlog.close();
    const { disk, runtime } = fixture;
    const whole = await disk.readFile(PATH);
    for (const position of [0, 30, 60, whole.length - 60]) {
      const damaged = Buffer.from(whole);
      damaged[position]! ^= 0x5a;
      replace(disk, damaged);
      const { netlog } = await openNetlog({ disk, runtime });
      const topic = netlog.topic("t");
      expect(() => topic.scanner("w"), String(position)).toThrow("topic unavailable");
      await expect(topic.findOrCreateScanner({ id: "w" })).rejects.toThrow("topic unavailable");
      await topic.deleteScanner("w");
      expect((await topic.findOrCreateScanner({ id: "w", ack: "explicit" })).isNew).toBe(true);
      await netlog.close();
    }
  });

  it("forgets messages that a loss of power took from the topic, before others have their offsets", async () => {
    const fixture = await openWork(3, {}, {}, { durability: "written" });
    await leaseAll(fixture.scanner);
    await ack(fixture.scanner, [0, 2]);
    await fixture.netlog.close();
    const { disk } = fixture;
    const bytes = await disk.readFile(DATA_PATH);
    // The scanner's file speaks of three messages, and none of them was on the disk.
    replace(disk, bytes.subarray(0, SEGMENT_HEADER_BYTES), DATA_PATH);
    await disk.remove(DATA_PATH.replace(".data", ".index"));
    const { scanner, topic } = await reopenWork(disk, fixture);
    expect(scanner.describe()).toMatchObject({ next: 0, pending: 0, lag: 0 });
    await topic.publish({ payload: Buffer.from("other") });
    expect(await leaseAll(scanner)).toEqual([[0, 1]]);
  });

  it("is gone with its scanner, and with nothing left open", async () => {
    const { topic, disk, scanner } = await openWork(2);
    await leaseAll(scanner);
    const pending = ack(scanner, [0]);
    await topic.deleteScanner("w");
    await expect(pending).rejects.toThrow("scanner not found");
    expect(await disk.stat(PATH)).toBeUndefined();
    await expect(scanner.work.ack({ offsets: [0], lease: undefined })).rejects.toThrow("scanner not found");
  });
});
