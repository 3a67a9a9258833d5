import { describe, expect, test } from "vitest";
import { within } from "../../support/deadline.ts";
import { MemoryDisk } from "../../support/memory-disk.ts";
import { describeDisk } from "./disk-conformance.ts";

describeDisk("the memory disk", () => ({ disk: new MemoryDisk(), folder: "/data" }));

describe("a full disk", () => {
  test("writes what fits, and then refuses", () => {
    const disk = new MemoryDisk({ capacityBytes: 8 });
    const file = disk.create("/data/a");
    expect(file.write(Buffer.from("hello"), 0)).toBe(5);
    expect(file.write(Buffer.from("world"), 5)).toBe(3);
    expect(() => file.write(Buffer.from("ld"), 8)).toThrow(coded("ENOSPC"));
    expect(() => file.truncate(9)).toThrow(coded("ENOSPC"));
    expect(file.write(Buffer.from("W"), 5)).toBe(1);
    expect(disk.bytesOf("/data/a").toString()).toBe("helloWor");
  });

  test("takes no room for a write that does not fit, nor for what was open in a crash", async () => {
    const disk = new MemoryDisk({ capacityBytes: 8 });
    const file = disk.create("/data/a");
    expect(() => file.write(Buffer.from("x"), 10)).toThrow(coded("ENOSPC"));
    expect(file.write(Buffer.alloc(8), 0)).toBe(8);
    const after = disk.crashProcess();
    await after.remove("/data/a");
    expect(after.create("/data/b").write(Buffer.alloc(8), 0)).toBe(8);
  });

  test("has room again when it grows, or something goes", async () => {
    const disk = new MemoryDisk({ capacityBytes: 4 });
    const file = disk.create("/data/a");
    file.write(Buffer.from("full"), 0);
    disk.capacityBytes = 6;
    expect(file.write(Buffer.from("more"), 4)).toBe(2);
    file.truncate(3);
    expect(file.write(Buffer.from("abc"), 3)).toBe(3);
    const other = disk.create("/data/b");
    await disk.remove("/data/a");
    expect(() => other.write(Buffer.from("x"), 0)).toThrow(coded("ENOSPC"));
    file.close();
    expect(other.write(Buffer.from("x"), 0)).toBe(1);
    const after = disk.crashProcess();
    expect(after.open("/data/b").write(Buffer.from("123456789"), 0)).toBe(6);
  });
});

describe("time and order", () => {
  test("stamps files and folders with the injected clock", async () => {
    let nowMs = 1000;
    const disk = new MemoryDisk({ now: () => nowMs });
    const file = disk.create("/data/a");
    nowMs = 2000;
    disk.create("/data/b");
    nowMs = 3000;
    file.write(Buffer.from("x"), 0);
    expect((await disk.stat("/data/a"))?.modifiedAtMs).toBe(3000);
    expect((await disk.stat("/data/b"))?.modifiedAtMs).toBe(2000);
    expect((await disk.stat("/data"))?.modifiedAtMs).toBe(2000);
  });

  test("takes effect when the schedule says, and writes at once", async () => {
    const gates = new Map<string, () => void>();
    const schedule = (operation: string) => new Promise<void>((open) => void gates.set(operation, open));
    const disk = new MemoryDisk({ schedule });
    disk.create("/data/a").write(Buffer.from("x"), 0);
    const renamed = disk.rename("/data/a", "/data/b");
    const listed = disk.list("/data");
    gates.get("scandir /data")?.();
    expect(await within("the list", listed)).toEqual(["a"]);
    gates.get("rename /data/a")?.();
    await within("the rename", renamed);
    expect(disk.paths()).toEqual(["/data/b"]);
  });
});

describe("damage by a test", () => {
  test("changes what readers see, and is durable", async () => {
    const disk = new MemoryDisk();
    const file = disk.create("/data/a");
    file.write(Buffer.from("hello"), 0);
    await file.sync();
    await disk.syncFolder("/data");
    disk.replaceBytes("/data/a", Buffer.from("jelly beans"));
    disk.replaceBytes("/data/b", Buffer.from("new"));
    expect(file.sizeBytes()).toBe(11);
    const after = disk.crashPower(() => 0);
    expect(after.paths()).toEqual(["/data/a", "/data/b"]);
    expect(after.bytesOf("/data/a").toString()).toBe("jelly beans");
  });
});

function coded(code: string): unknown {
  return expect.objectContaining({ code });
}
