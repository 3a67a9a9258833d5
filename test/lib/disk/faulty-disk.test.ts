import { expect, test } from "vitest";
import type { Disk } from "../../../lib/disk/disk.ts";
import { FaultyDisk, type OperationKind } from "../../support/faulty-disk.ts";
import { MemoryDisk } from "../../support/memory-disk.ts";

test("passes everything on while there is no plan", async () => {
  const disk = new FaultyDisk(new MemoryDisk());
  await workload(disk);
  expect(disk.matched).toBe(0);
  expect(await disk.list("/data")).toEqual([".lock", "sub"]);
});

test("fails each operation in its turn until a run sees none", async () => {
  const hits: string[] = [];
  for (let nth = 1; ; nth += 1) {
    const disk = new FaultyDisk(new MemoryDisk(), { code: "EIO", nth });
    const outcome = await workload(disk).then(
      () => "fine",
      (error) => error.code,
    );
    if (disk.hit === undefined) {
      expect(outcome).toBe("fine");
      break;
    }
    expect(outcome).toBe("EIO");
    hits.push(disk.hit.kind);
  }
  expect(hits).toEqual(EVERY_OPERATION);
});

test("does not do what it fails", async () => {
  const memory = new MemoryDisk();
  memory.replaceBytes("/data/a", Buffer.from("hello"));
  const disk = new FaultyDisk(memory, { code: "EIO", lasting: true });
  await expect(disk.rename("/data/a", "/data/b")).rejects.toThrow("EIO");
  await expect(disk.remove("/data/a")).rejects.toThrow("EIO");
  await expect(disk.removeTree("/data")).rejects.toThrow("EIO");
  await expect(disk.makeFolder("/data/sub")).rejects.toThrow("EIO");
  expect(() => disk.create("/data/b")).toThrow("EIO");
  expect(memory.paths()).toEqual(["/data/a"]);
  expect(await memory.list("/data")).toEqual(["a"]);
});

test("counts what matches by kind and path, and fails that once", async () => {
  const disk = new FaultyDisk(new MemoryDisk(), { code: "ENOSPC", nth: 2, kinds: ["write"], path: /\/b$/ });
  const [a, b] = [disk.create("/data/a"), disk.create("/data/b")];
  for (const file of [a, a, b, a]) file.write(Buffer.from("x"), 0);
  expect(() => b.write(Buffer.from("x"), 0)).toThrow(expect.objectContaining({ code: "ENOSPC" }));
  expect(disk.hit).toEqual({ kind: "write", path: "/data/b" });
  expect(b.write(Buffer.from("x"), 0)).toBe(1);
  expect(disk.matched).toBe(3);
});

test("goes on failing when the fault lasts, until another plan begins", () => {
  const disk = new FaultyDisk(new MemoryDisk(), { code: "EIO", nth: 2, kinds: ["write"], lasting: true });
  const file = disk.create("/data/a");
  file.write(Buffer.from("x"), 0);
  for (let round = 0; round < 3; round += 1) expect(() => file.write(Buffer.from("x"), 0)).toThrow("EIO");
  disk.plan();
  expect(disk.hit).toBeUndefined();
  expect(file.write(Buffer.from("x"), 0)).toBe(1);
});

test("writes short, then fails the rest, and nothing of another file", () => {
  const memory = new MemoryDisk();
  const disk = new FaultyDisk(memory, { code: "ENOSPC", kinds: ["write"], shortBytes: 3 });
  const [a, b] = [disk.create("/data/a"), disk.create("/data/b")];
  expect(a.write(Buffer.from("hello"), 0)).toBe(3);
  expect(b.write(Buffer.from("hello"), 0)).toBe(5);
  expect(() => a.write(Buffer.from("lo"), 3)).toThrow("ENOSPC");
  expect(memory.bytesOf("/data/a").toString()).toBe("hel");
  expect(a.write(Buffer.from("lo"), 3)).toBe(2);
});

test("never writes all of what is to be short", () => {
  const disk = new FaultyDisk(new MemoryDisk(), {
    code: "EIO",
    kinds: ["write"],
    shortBytes: 9,
    lasting: true,
  });
  const file = disk.create("/data/a");
  expect(file.write(Buffer.from("hello"), 0)).toBe(4);
  expect(() => file.write(Buffer.from("o"), 4)).toThrow("EIO");
  expect(() => file.write(Buffer.from("o"), 4)).toThrow("EIO");
});

const EVERY_OPERATION: OperationKind[] = [
  "lock",
  "makeFolder",
  "create",
  "write",
  "truncate",
  "sync",
  "sizeBytes",
  "rename",
  "syncFolder",
  "open",
  "read",
  "stat",
  "readFile",
  "list",
  "remove",
  "removeTree",
];

/** Each operation once, in the order above. */
async function workload(disk: Disk): Promise<void> {
  await disk.lock("/data");
  await disk.makeFolder("/data/sub");
  const file = disk.create("/data/a");
  file.write(Buffer.from("hello"), 0);
  file.truncate(4);
  await file.sync();
  file.sizeBytes();
  file.close();
  await disk.rename("/data/a", "/data/b");
  await disk.syncFolder("/data");
  const opened = disk.open("/data/b");
  await opened.read(Buffer.alloc(4), 0);
  opened.close();
  await disk.stat("/data/b");
  await disk.readFile("/data/b");
  await disk.list("/data");
  await disk.remove("/data/b");
  await disk.removeTree("/data/none");
}
