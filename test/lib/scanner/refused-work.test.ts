/** What is refused because a scanner's state cannot be written changes nothing, in memory or on the disk. */
import { describe, expect, it } from "vitest";
import type { ScannerRequest } from "../../../lib/index.ts";
import { FaultyDisk } from "../../support/faulty-disk.ts";
import type { MemoryDisk } from "../../support/memory-disk.ts";
import { ack, lease, leaseAll, nack, openWork, reopenWork } from "../../support/work-fixture.ts";

function openFaulty(messageCount: number, request: ScannerRequest = {}) {
  let faulty: FaultyDisk | undefined;
  const seen = (disk: MemoryDisk) => {
    faulty = new FaultyDisk(disk);
    return faulty;
  };
  return openWork(messageCount, request, { seen }).then((fixture) => ({ ...fixture, faulty: faulty! }));
}

describe("a request that is refused", () => {
  const FULL = { code: "ENOSPC", kinds: ["write", "create"], path: /leases/, lasting: true } as const;

  /** Two messages of three are leased, and the disk is full. */
  async function openFull(request: ScannerRequest = {}) {
    const fixture = await openFaulty(3, { maxPending: 2, ...request });
    const held = [(await lease(fixture.scanner))!, (await lease(fixture.scanner))!];
    await fixture.topic.sync();
    const tokens = held.map((delivery) => delivery.lease!);
    fixture.faulty.plan(FULL);
    return { ...fixture, tokens };
  }

  it("leaves a message that was to be settled with its lease, and takes no room for others", async () => {
    const { scanner, faulty, tokens } = await openFull();
    await expect(ack(scanner, [0], tokens[0])).rejects.toMatchObject({ code: "storage_full" });
    expect(scanner.pendingMessages(-1, 9)).toMatchObject([{ offset: 0, state: "leased" }, { offset: 1 }]);
    expect(await leaseAll(scanner)).toEqual([]);
    faulty.plan();
    expect(await ack(scanner, [0], tokens[0])).toEqual({ settled: 1, refused: [] });
    expect(await leaseAll(scanner)).toEqual([[2, 1]]);
  });

  it("leaves it to come again when its lease ends, and after a kill", async () => {
    const fixture = await openFull({ maxPending: 3 });
    const { scanner, faulty, runtime } = fixture;
    await expect(ack(scanner, [0])).rejects.toMatchObject({ code: "storage_full" });
    faulty.plan();
    await runtime.advance(30_000);
    expect(await leaseAll(scanner)).toEqual([
      [0, 2],
      [1, 2],
      [2, 1],
    ]);
    const killed = await reopenWork(fixture.disk.crashProcess(), fixture);
    expect((await leaseAll(killed.scanner)).map(([offset]) => offset)).toEqual([0, 1, 2]);
  });

  it("leaves a lease that was to be given back, and a message that was to be condemned", async () => {
    const { scanner, faulty, runtime, tokens, netlog } = await openFull({ deadLetter: "dead" });
    // A state that is not written makes a nack wait for it as well.
    await expect(ack(scanner, [1])).rejects.toMatchObject({ code: "storage_full" });
    await expect(nack(scanner, [0])).rejects.toMatchObject({ code: "storage_full" });
    await expect(nack(scanner, [0], 0, true)).rejects.toMatchObject({ code: "storage_full" });
    expect(scanner.pendingMessages(-1, 1)).toMatchObject([{ offset: 0, deliveries: 1, state: "leased" }]);
    expect(() => netlog.topic("dead")).toThrow("topic not found");
    expect(await scanner.work.touch({ offsets: undefined, lease: tokens[0] })).toMatchObject({ settled: 1 });
    faulty.plan();
    await runtime.advance(30_000);
    expect(await lease(scanner)).toMatchObject({ message: { offset: 0, delivery: 2 } });
  });

  it("refuses all of a long list, also where some of it was written", async () => {
    const { scanner, faulty, topic } = await openFaulty(2000, { maxPending: 2000 });
    await leaseAll(scanner, 2000);
    await topic.sync();
    faulty.plan({ ...FULL, shortBytes: 9000 });
    const all = Array.from({ length: 2000 }, (_, offset) => offset);
    await expect(ack(scanner, all)).rejects.toMatchObject({ code: "storage_full" });
    expect(scanner.describe().pending).toBe(2000);
    faulty.plan();
    expect(await ack(scanner, all)).toEqual({ settled: 2000, refused: [] });
  });

  it("lets two that ask for the same wait for each other", async () => {
    const { scanner, faulty } = await openFull();
    const both = [ack(scanner, [0, 1]), ack(scanner, [1]), nack(scanner, [1])].map((asked) =>
      asked.then(
        () => faulty.plan(),
        (error: unknown) => {
          faulty.plan();
          return (error as Error).message;
        },
      ),
    );
    // The second is tried when the first was refused; the third finds what it means settled.
    expect(await Promise.all(both)).toEqual([expect.stringContaining("storage full"), undefined, undefined]);
    expect(scanner.describe().pending).toBe(1);
  });

  it("is of unknown outcome where its record was written, and only a sync was missing", async () => {
    const { scanner, faulty, runtime, topic } = await openFaulty(3);
    await leaseAll(scanner);
    await topic.sync();
    const first = ack(scanner, [0]);
    const second = runtime.turn().then(() => {
      faulty.plan(FULL);
      return ack(scanner, [1]);
    });
    await expect(second).rejects.toMatchObject({ code: "storage_full" });
    await first.catch((error: unknown) => expect(error).toMatchObject({ code: "sync_failed" }));
    expect(scanner.pendingMessages(-1, 9).map(({ offset }) => offset)).toEqual([1, 2]);
  });

  it("is of unknown outcome where the state was replaced, and only its name was not synced", async () => {
    const fixture = await openFull();
    const { scanner, faulty, disk } = fixture;
    await expect(ack(scanner, [0])).rejects.toMatchObject({ code: "storage_full" });
    faulty.plan({ code: "EIO", kinds: ["syncFolder"] });
    await expect(ack(scanner, [0])).rejects.toMatchObject({ code: "sync_failed" });
    const { scanner: after } = await reopenWork(disk.crashProcess(), fixture);
    expect((await leaseAll(after)).map(([offset]) => offset)).toEqual([1, 2]);
  });

  it("leaves a scanner that was to be moved where it is, with its leases", async () => {
    const { scanner, faulty, tokens } = await openFull();
    await expect(scanner.seek(2)).rejects.toMatchObject({ code: "storage_full" });
    expect(scanner.describe()).toMatchObject({ next: 2, pending: 2 });
    faulty.plan();
    expect(await ack(scanner, [0, 1], tokens[0])).toEqual({ settled: 1, refused: [1] });
    await scanner.seek(0);
    expect(await leaseAll(scanner)).toEqual([
      [0, 1],
      [1, 1],
    ]);
  });

  it("leaves a plain scanner where it is, also after a restart", async () => {
    const fixture = await openFaulty(5);
    const { topic, faulty, runtime, disk } = fixture;
    const { id } = await topic.createScanner({ from: 0, persist: true });
    await lease(topic.scanner(id));
    faulty.plan({ code: "ENOSPC", kinds: ["write"], path: /scanner$/ });
    await expect(topic.scanner(id).seek(4)).rejects.toMatchObject({ code: "storage_full" });
    expect(topic.scanner(id).info().next).toBe(1);
    faulty.plan({ code: "EIO", kinds: ["sync"], path: /scanner$/ });
    await expect(topic.scanner(id).seek(4)).rejects.toMatchObject({ code: "sync_failed" });
    expect((await lease(topic.scanner(id)))?.message.offset).toBe(1);
    await runtime.advance(1000);
    const after = await reopenWork(
      disk.crashPower(() => 0),
      fixture,
    );
    expect(after.topic.scanner(id).info().next).toBe(2);
  });
});
