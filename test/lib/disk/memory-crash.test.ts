import { describe, expect, test } from "vitest";
import { within } from "../../support/deadline.ts";
import { FaultyDisk } from "../../support/faulty-disk.ts";
import { MemoryDisk } from "../../support/memory-disk.ts";
import { seededRandom } from "../../support/seeded-random.ts";

const NOTHING_MORE = () => 0;
const EVERYTHING = () => 0.999999;
const SECTOR_BYTES = 512;

describe("a crash of the process", () => {
  test("keeps all that was written, and closes what was open", async () => {
    const disk = new MemoryDisk();
    const file = disk.create("/data/a");
    file.write(Buffer.from("hello"), 0);
    const lock = await disk.lock("/data");
    const after = disk.crashProcess();
    expect(after.bytesOf("/data/a").toString()).toBe("hello");
    expect(() => file.write(Buffer.from("J"), 0)).toThrow("crashed");
    expect(() => file.close()).toThrow("crashed");
    expect(() => disk.open("/data/a")).toThrow("crashed");
    await expect(disk.list("/data")).rejects.toThrow("crashed");
    await expect(lock.release()).rejects.toThrow("crashed");
    await (await after.lock("/data")).release();
    expect(after.bytesOf("/data/a").toString()).toBe("hello");
  });

  test("makes nothing durable", async () => {
    const disk = new MemoryDisk();
    const file = disk.create("/data/a");
    await file.sync();
    await disk.syncFolder("/data");
    file.write(Buffer.from("hello"), 0);
    disk.create("/data/b");
    const after = disk.crashProcess().crashPower(NOTHING_MORE);
    expect(after.paths()).toEqual(["/data/a"]);
    expect(after.bytesOf("/data/a").length).toBe(0);
  });

  test("fails what was in flight, and does not do it", async () => {
    const disk = new MemoryDisk();
    const file = disk.create("/data/a");
    await disk.syncFolder("/data");
    file.write(Buffer.from("hello"), 0);
    const running = Promise.allSettled([file.sync(), disk.remove("/data/a")]);
    const after = disk.crashProcess();
    const outcomes = await within("the operations in flight", running);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(["rejected", "rejected"]);
    expect(after.paths()).toEqual(["/data/a"]);
    expect(after.crashPower(NOTHING_MORE).bytesOf("/data/a").length).toBe(0);
  });
});

describe("a crash at any step", () => {
  test("lets nothing of the old disk through to the next one", async () => {
    const outcomes = new Set<string>();
    for (let steps = 0; steps < 12; steps += 1) {
      const disk = diskWith("hello");
      const file = disk.open("/data/a");
      file.write(Buffer.from("J"), 0);
      const running = Promise.allSettled([file.sync(), disk.rename("/data/a", "/data/b")]);
      for (let step = 0; step < steps; step += 1) await Promise.resolve();
      const after = disk.crashProcess();
      const [path] = after.paths();
      const [sync, rename] = await within("the operations in flight", running);
      expect(after.paths()).toEqual([path]);
      expect(rename.status).toBe(path === "/data/b" ? "fulfilled" : "rejected");
      await after.syncFolder("/data");
      const bytes = after.crashPower(NOTHING_MORE).bytesOf(path!);
      expect(bytes.toString()).toBe(sync.status === "fulfilled" ? "Jello" : "hello");
      outcomes.add(`${sync.status} ${rename.status}`);
    }
    expect(outcomes).toContain("fulfilled fulfilled");
    expect(outcomes).toContain("rejected rejected");
  });
});

describe("a power cut, contents", () => {
  test("keeps what was written before a sync began, and no more for sure", async () => {
    const disk = diskWith("hello");
    const file = disk.open("/data/a");
    file.write(Buffer.from("J"), 0);
    const sync = file.sync();
    file.write(Buffer.from("!"), 5);
    await sync;
    expect(disk.crashPower(NOTHING_MORE).bytesOf("/data/a").toString()).toBe("Jello");
  });

  test("may keep everything", async () => {
    const disk = diskWith("hello");
    const file = disk.open("/data/a");
    file.truncate(2);
    file.write(Buffer.from("!"), 3);
    expect(disk.crashPower(EVERYTHING).bytesOf("/data/a")).toEqual(Buffer.from("he\0!"));
  });

  test("may undo a truncate, and with it bring old bytes back", async () => {
    const disk = diskWith("hello");
    disk.open("/data/a").truncate(2);
    expect(disk.crashPower(NOTHING_MORE).bytesOf("/data/a").toString()).toBe("hello");
  });

  test("keeps a synced truncate", async () => {
    const disk = diskWith("hello");
    const file = disk.open("/data/a");
    file.truncate(2);
    await file.sync();
    expect(disk.crashPower(NOTHING_MORE).bytesOf("/data/a").toString()).toBe("he");
  });

  test("leaves each sector of a write old, new, zero or garbled, each for itself", async () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 300; seed += 1) {
      const disk = diskWith("o".repeat(2 * SECTOR_BYTES));
      disk.open("/data/a").write(Buffer.alloc(4 * SECTOR_BYTES, "n"), 0);
      const bytes = disk.crashPower(seededRandom(seed)).bytesOf("/data/a");
      seen.add(sectorKinds(bytes));
    }
    for (const kinds of ["oo", "nnnn", "oo00", "no", "on0n"]) expect(seen).toContain(kinds);
    expect([...seen].join()).toContain("?");
    for (const kinds of seen) expect(kinds).toMatch(/^[on?][on?]([0n?][0n?])?$/);
  });

  test("cuts off anywhere where the file was growing", async () => {
    const sizes = new Set<number>();
    for (let seed = 0; seed < 200; seed += 1) {
      const disk = diskWith("");
      const file = disk.open("/data/a");
      for (let position = 0; position < 5; position += 1) file.write(Buffer.from("x"), position);
      sizes.add(disk.crashPower(seededRandom(seed)).bytesOf("/data/a").length);
    }
    expect([...sizes].toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("harms nothing beside a write, and nothing that was synced", async () => {
    for (let seed = 0; seed < 100; seed += 1) {
      const disk = diskWith("synced bytes|");
      const file = disk.open("/data/a");
      file.write(Buffer.alloc(2000, "n"), 13);
      const bytes = disk.crashPower(seededRandom(seed)).bytesOf("/data/a");
      expect(bytes.subarray(0, 13).toString()).toBe("synced bytes|");
    }
  });

  test("is the same for the same seed", async () => {
    const outcomes = [];
    for (let run = 0; run < 2; run += 1) {
      const disk = diskWith("old");
      disk.open("/data/a").write(Buffer.alloc(5000, "n"), 0);
      disk.create("/data/b");
      const after = disk.crashPower(seededRandom(7));
      outcomes.push([after.paths(), after.bytesOf("/data/a").toString("hex")]);
    }
    expect(outcomes[0]).toEqual(outcomes[1]);
  });

  test("leaves a disk on which all that is there is durable", async () => {
    const disk = diskWith("");
    disk.open("/data/a").write(Buffer.from("hello"), 0);
    const after = disk.crashPower(EVERYTHING).crashPower(NOTHING_MORE);
    expect(after.bytesOf("/data/a").toString()).toBe("hello");
  });
});

describe("a failed sync", () => {
  test("loses what it covered at the next power cut, though readers see it and later syncs succeed", async () => {
    const { disk, after } = await afterFailedSync();
    expect(disk.bytesOf("/data/a").toString()).toBe("heLLo!");
    expect(after.bytesOf("/data/a").toString()).toBe("hello\0");
  });

  test("loses it also when no sync follows, though the file may have grown", async () => {
    const { after } = await afterFailedSync((disk) => disk.crashPower(EVERYTHING));
    expect(after.bytesOf("/data/a").toString()).toBe("hello\0");
  });

  test("loses it also when the process crashed in between", async () => {
    const { after } = await afterFailedSync((disk) => disk.crashProcess());
    expect(after.bytesOf("/data/a").toString()).toBe("hello\0");
  });

  test("loses nothing of what was written again", async () => {
    const { after } = await afterFailedSync((disk) => {
      disk.open("/data/a").write(Buffer.from("LLo!"), 2);
      return disk;
    });
    expect(after.bytesOf("/data/a").toString()).toBe("heLLo!");
  });

  /** Writes "heLLo!" over "hello", fails to sync that, goes on as told, syncs again and cuts the power. */
  async function afterFailedSync(goOn = (disk: MemoryDisk) => disk) {
    const first = diskWith("hello");
    const faulty = new FaultyDisk(first, { code: "EIO", kinds: ["sync"] });
    const file = faulty.open("/data/a");
    file.write(Buffer.from("LLo!"), 2);
    await expect(file.sync()).rejects.toThrow("EIO");
    const disk = goOn(first);
    await disk.open("/data/a").sync();
    return { disk, after: disk.crashPower(EVERYTHING) };
  }
});

function diskWith(text: string): MemoryDisk {
  const disk = new MemoryDisk();
  disk.replaceBytes("/data/a", Buffer.from(text));
  return disk;
}

/** A letter a sector: the byte that fills it, 0 for zeros, ? for anything else. */
function sectorKinds(bytes: Buffer): string {
  const kinds = [];
  for (let position = 0; position < bytes.length; position += SECTOR_BYTES) {
    const sector = bytes.subarray(position, position + SECTOR_BYTES);
    const whole = sector.every((byte) => byte === sector[0]);
    kinds.push(!whole ? "?" : sector[0] === 0 ? "0" : String.fromCharCode(sector[0]!));
  }
  return kinds.join("");
}
