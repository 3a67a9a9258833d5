import { describe, expect, it } from "vitest";
import { NetlogError } from "../../../../lib/base/errors.ts";
import { silentLogger } from "../../../../lib/base/logger.ts";
import { StreamScannerStore } from "../../../../lib/jetstream/scanners/stream-scanner-store.ts";
import { LIMITS } from "../../../../lib/limits.ts";
import type { ScannerSettings } from "../../../../lib/scanner/scanner-settings.ts";
import type { StoredPosition, StoredWork } from "../../../../lib/scanner/scanner-store.ts";
import { ManualRuntime } from "../../../support/manual-runtime.ts";
import { MemoryKeptStore, UNKNOWN } from "./kept-store-fixture.ts";

const PLAIN: ScannerSettings = { work: undefined, expireMs: undefined, keys: undefined };
const WORK = { ack_wait: "30s", max_deliver: 0, max_pending: 1000, dead_letter: null };

function scannersOf(store: MemoryKeptStore) {
  const runtime = new ManualRuntime();
  const told: string[] = [];
  const note = (_fields: object, message: string): void => void told.push(message);
  const logger = { ...silentLogger, info: note, warn: note, error: note };
  const options = { runtime, logger, limits: LIMITS, store, subjectPrefix: "n.scan.t.s." };
  return { runtime, told, scanners: new StreamScannerStore(options) };
}

/** As another server finds them. */
async function reload(store: MemoryKeptStore, logEndOffset = 1_000_000) {
  const { scanners } = scannersOf(store);
  return { scanners, loaded: await scanners.load(store.files(), logEndOffset) };
}

async function position(store: MemoryKeptStore): Promise<StoredPosition> {
  return (await reload(store)).loaded[0] as StoredPosition;
}

async function work(store: MemoryKeptStore, logEndOffset?: number): Promise<StoredWork> {
  return (await reload(store, logEndOffset)).loaded[0] as StoredWork;
}

describe("a scanner's position on NATS", () => {
  it("is there with its settings before anything was scanned", async () => {
    const store = new MemoryKeptStore();
    const settings = { ...PLAIN, expireMs: 60_000, keys: ["ä", "b"] };
    await scannersOf(store).scanners.create("a.b", 5, settings);
    expect(await position(store)).toMatchObject({
      id: "a.b",
      from: 5,
      next: 5,
      expireMs: 60_000,
      keys: ["ä", "b"],
    });
  });

  it.each([undefined, ["key"]])(
    "is the newest, with keys %j; positions of a short time share a record",
    async (keys) => {
      const store = new MemoryKeptStore();
      const { scanners, runtime } = scannersOf(store);
      const created = await scanners.create("s", 0, { ...PLAIN, keys });
      for (const next of [1, 2, 3]) created.store.save(next);
      await runtime.advance(LIMITS.enginePositionMs);
      created.store.save(4);
      await scanners.sync();
      expect(store.records.length).toBe(3);
      expect(await position(store)).toMatchObject({ next: 4, keys });
    },
  );

  it("is replaced from time to time, so that it stays small", async () => {
    const store = new MemoryKeptStore();
    const { scanners } = scannersOf(store);
    const created = await scanners.create("s", 0, PLAIN);
    for (let next = 1; next <= LIMITS.enginePositions + 2; next++) await created.store.move(next);
    expect(store.records.slice(-2).map(({ kind }) => kind)).toEqual(["whole", "more"]);
    expect(await position(store)).toMatchObject({ next: LIMITS.enginePositions + 2 });
  });

  it("is kept with the next one where NATS refused it", async () => {
    const store = new MemoryKeptStore();
    const { scanners } = scannersOf(store);
    const created = await scanners.create("s", 0, PLAIN);
    store.refusals = [UNKNOWN];
    await expect(created.store.move(7)).rejects.toThrow("sync failed");
    await scanners.sync();
    expect(await position(store)).toMatchObject({ next: 7 });
  });

  it("has one line in the log when it is not kept for long", async () => {
    const store = new MemoryKeptStore();
    const { scanners, runtime, told } = scannersOf(store);
    const created = await scanners.create("s", 0, PLAIN);
    for (const refusals of [[UNKNOWN, UNKNOWN, UNKNOWN], [], [UNKNOWN]]) {
      store.refusals = refusals;
      do {
        created.store.save(1);
        await runtime.advance(LIMITS.enginePositionMs);
      } while (refusals.length > 0);
    }
    const line = "the position of a scanner was not kept; it may repeat messages";
    await expect.poll(() => told).toEqual([line, line]);
  });

  it("is moved back to the end of its log, and that is kept", async () => {
    const store = new MemoryKeptStore();
    const { scanners } = scannersOf(store);
    await (await scanners.create("s", 0, PLAIN)).store.move(9);
    expect((await reload(store, 4)).loaded[0]).toMatchObject({ next: 4 });
    expect(await position(store)).toMatchObject({ next: 4 });
  });

  it("is damaged alone, and its scanner can be deleted", async () => {
    const store = new MemoryKeptStore();
    const { scanners } = scannersOf(store);
    await scanners.create("bad", 0, PLAIN);
    await scanners.create("good", 0, PLAIN);
    store.records[0]!.bytes[20]! ^= 1;
    const again = await reload(store);
    expect(again.loaded.map(({ id }) => id)).toEqual(["good"]);
    expect([again.scanners.isFailed("bad"), again.scanners.failedCount]).toEqual([true, 1]);
    await again.scanners.delete("bad");
    expect([again.scanners.isFailed("bad"), again.scanners.failedCount]).toEqual([false, 0]);
    expect((await reload(store)).scanners.failedCount).toBe(0);
  });
});

describe("the journal of a scanner with acknowledgements on NATS", () => {
  async function begin(store: MemoryKeptStore, messageCount: number) {
    const fixture = scannersOf(store);
    const stored = await fixture.scanners.createWork("w", 0, WORK, { ...PLAIN, work: WORK, keys: ["k"] });
    const record = (kind: "give" | "settle", offset: number) => {
      expect(stored.table.apply(kind, offset)).toBe(true);
      stored.journal.add(kind, offset);
    };
    for (let offset = 0; offset < messageCount; offset++) record("give", offset);
    return { ...fixture, ...stored, record };
  }

  it("tells what is pending and settled; what comes meanwhile shares a record", async () => {
    const store = new MemoryKeptStore();
    const { journal, record } = await begin(store, 3);
    const first = journal.commit();
    record("settle", 0);
    const second = journal.commit();
    record("settle", 2);
    await Promise.all([first, second, journal.commit()]);
    expect(store.records.length).toBe(2);
    const { table, keys, settings } = await work(store);
    expect({ next: table.next, pending: [...table.pending.keys()], keys, settings }).toEqual({
      next: 3,
      pending: [1],
      keys: ["k"],
      settings: WORK,
    });
  });

  it.each([true, false])(
    "counts nothing as kept after an unknown outcome, before all of it is (stored: %s)",
    async (isKept) => {
      const store = new MemoryKeptStore();
      store.keepsRefused = isKept;
      const { journal, record } = await begin(store, 2);
      await journal.commit();
      store.refusals = [UNKNOWN];
      record("settle", 0);
      await expect(journal.commit()).rejects.toThrow("sync failed");
      await journal.commit();
      expect(store.records.at(-1)!.kind).toBe("whole");
      record("settle", 1);
      await journal.commit();
      expect((await work(store)).table.pending.size).toBe(0);
    },
  );

  it("is written anew by itself when nobody waits", async () => {
    const store = new MemoryKeptStore();
    const { journal, record, runtime } = await begin(store, 1);
    store.refusals = [UNKNOWN];
    await expect(journal.commit()).rejects.toThrow("sync failed");
    record("settle", 0);
    await runtime.advance(LIMITS.scannerSyncMs);
    await expect.poll(() => store.records.at(-1)!.kind).toBe("whole");
    expect((await work(store)).table.pending.size).toBe(0);
  });

  it("has one line in the log when it is not kept for long, and one when it is kept again", async () => {
    const store = new MemoryKeptStore();
    const { journal, record, runtime, told } = await begin(store, 1);
    const refusals = [UNKNOWN, UNKNOWN, UNKNOWN];
    store.refusals = refusals;
    record("settle", 0);
    await expect(journal.commit()).rejects.toThrow("sync failed");
    while (refusals.length > 0) await runtime.advance(LIMITS.scannerSyncMs);
    await runtime.advance(LIMITS.scannerSyncMs);
    await expect
      .poll(() => told)
      .toEqual(["a scanner's state was not kept", "a scanner's state is kept again"]);
  });

  it("is replaced when it has grown long", async () => {
    const store = new MemoryKeptStore();
    const { journal, record } = await begin(store, 40_000);
    await journal.commit();
    expect(store.records.map(({ kind }) => kind)).toEqual(["whole", "whole"]);
    expect((await work(store)).table.next).toBe(40_000);
    for (let block = 0; store.records.at(-1)!.kind === "more" || block < 2; block++) {
      for (let offset = 40_000 + block * 30_000; offset < 70_000 + block * 30_000; offset++) {
        record("give", offset);
        record("settle", offset);
        if (offset % 10_000 === 9999) await journal.commit();
      }
    }
    expect(store.records.at(-1)!.kind).toBe("whole");
  });

  describe("a change", () => {
    const REFUSED = new NetlogError("storage_full");

    async function beginChange(offsets: number[]) {
      const store = new MemoryKeptStore();
      const fixture = await begin(store, 4);
      await fixture.journal.commit();
      const log: string[] = [];
      const keep = (...settled: number[]) =>
        fixture.journal
          .keep({
            records: settled.map((offset) => ({ kind: "settle", offset })),
            kept: () => {
              for (const offset of settled) expect(fixture.table.apply("settle", offset)).toBe(true);
              log.push(`kept ${settled}`);
            },
            refused: () => log.push(`refused ${settled}`),
          })
          .then(
            () => log.push(`done ${settled}`),
            (error: Error) => log.push(error.message),
          );
      const pendingOf = async () => [...(await work(store)).table.pending.keys()];
      return { ...fixture, store, keep, log, pendingOf, first: keep(...offsets) };
    }

    it("is made when it is kept, before anything else is written", async () => {
      const { keep, log, first, table, pendingOf } = await beginChange([0, 1]);
      expect(table.pending.size).toBe(4);
      await Promise.all([first, keep(2)]);
      expect(log).toEqual(["kept 0,1", "done 0,1", "kept 2", "done 2"]);
      expect(await pendingOf()).toEqual([3]);
    });

    it.each([REFUSED, UNKNOWN])(
      "that is refused (%s) is not in the state that is written next",
      async (refusal) => {
        const { store, keep, log, first, record, pendingOf } = await beginChange([0]);
        store.refusals = [refusal];
        await first;
        record("give", 4);
        await keep(1);
        expect(log).toEqual(["refused 0", refusal.message, "kept 1", "done 1"]);
        expect(store.records.at(-1)!.kind).toBe("whole");
        expect(await pendingOf()).toEqual([0, 2, 3, 4]);
        await keep(2);
        expect(await pendingOf()).toEqual([0, 3, 4]);
      },
    );

    it("that finds no room for the state is refused as well", async () => {
      const { store, keep, log, first, pendingOf } = await beginChange([0]);
      store.refusals = [REFUSED, REFUSED];
      await first;
      await Promise.all([keep(1), keep(2)]);
      expect(log.filter((line) => line.startsWith("refused"))).toEqual([
        "refused 0",
        "refused 1",
        "refused 2",
      ]);
      await keep(3);
      expect(await pendingOf()).toEqual([0, 1, 2]);
    });
  });

  it("forgets what lies behind the end of the log", async () => {
    const store = new MemoryKeptStore();
    const { journal } = await begin(store, 3);
    await journal.close();
    const { table } = await work(store, 1);
    expect([table.next, [...table.pending.keys()]]).toEqual([1, [0]]);
    expect((await work(store)).table.next).toBe(1);
  });

  it("is damaged where a record is missing", async () => {
    const store = new MemoryKeptStore();
    const { journal, record } = await begin(store, 1);
    await journal.commit();
    record("settle", 0);
    await journal.commit();
    store.records.splice(1, 1);
    expect((await reload(store)).scanners.isFailed("w")).toBe(true);
  });
});
