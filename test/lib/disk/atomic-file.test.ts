import { describe, expect, test } from "vitest";
import { replaceFile } from "../../../lib/disk/atomic-file.ts";
import { nodeDisk } from "../../../lib/disk/node-disk.ts";
import { FaultyDisk } from "../../support/faulty-disk.ts";
import { MemoryDisk } from "../../support/memory-disk.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const PATH = "/data/settings.json";
const OLD = Buffer.alloc(700, "o");
const NEW = Buffer.alloc(1500, "n");

test("makes a file, and replaces it whole, on the real disk", async () => {
  const folder = temporaryFolder();
  await replaceFile(nodeDisk, `${folder}/a`, Buffer.from("a longer one"));
  await replaceFile(nodeDisk, `${folder}/a`, Buffer.from("short"));
  expect((await nodeDisk.readFile(`${folder}/a`)).toString()).toBe("short");
  expect(await nodeDisk.list(folder)).toEqual(["a"]);
});

test("is durable when it resolves", async () => {
  const disk = diskWithOld();
  await replaceFile(disk, PATH, NEW);
  const after = disk.crashPower(() => 0);
  expect(after.paths()).toEqual([PATH]);
  expect(after.bytesOf(PATH)).toEqual(NEW);
});

test("leaves the old file or the new one, whenever the power goes", async () => {
  const outcomes = new Set<string>();
  for (let seed = 0; seed < 200; seed += 1) {
    const disk = diskWithOld();
    const replaced = replaceFile(disk, PATH, NEW).catch(() => {});
    for (let step = 0; step < seed % 20; step += 1) await Promise.resolve();
    const bytes = disk.crashPower(seededRandom(seed)).bytesOf(PATH);
    outcomes.add(bytes.equals(OLD) ? "old" : bytes.equals(NEW) ? "new" : "neither");
    await replaced;
  }
  expect(outcomes).toEqual(new Set(["old", "new"]));
});

test("replaces a temporary file that a crash left", async () => {
  const disk = diskWithOld();
  disk.replaceBytes(`${PATH}.tmp`, Buffer.alloc(5000, "t"));
  await replaceFile(disk, PATH, NEW);
  expect(disk.paths()).toEqual([PATH]);
  expect(disk.bytesOf(PATH)).toEqual(NEW);
});

describe("when the disk fails", () => {
  test.each(["create", "write", "sync", "rename", "stat"] as const)(
    "at %s, keeps the old file alone",
    async (kind) => {
      const memory = diskWithOld();
      const disk = new FaultyDisk(memory, { code: "EIO", kinds: [kind] });
      await expect(replaceFile(disk, PATH, NEW)).rejects.toThrow(expect.objectContaining({ code: "EIO" }));
      expect(memory.paths()).toEqual([PATH]);
      expect(memory.bytesOf(PATH)).toEqual(OLD);
    },
  );

  test("tells the first failure when the temporary file cannot be removed either", async () => {
    const memory = diskWithOld();
    memory.capacityBytes = OLD.length + 10;
    const disk = new FaultyDisk(memory, { code: "EIO", kinds: ["remove"] });
    await expect(replaceFile(disk, PATH, NEW)).rejects.toThrow(expect.objectContaining({ code: "ENOSPC" }));
    expect(memory.bytesOf(PATH)).toEqual(OLD);
  });

  test("gives back the room that the temporary file took", async () => {
    const memory = diskWithOld();
    memory.capacityBytes = OLD.length + 10;
    await expect(replaceFile(memory, PATH, NEW)).rejects.toThrow(expect.objectContaining({ code: "ENOSPC" }));
    await replaceFile(memory, "/data/small", Buffer.alloc(10));
    expect(memory.bytesOf("/data/small").length).toBe(10);
  });

  test("at the sync of the folder, says so", async () => {
    const disk = new FaultyDisk(diskWithOld(), { code: "EIO", kinds: ["syncFolder"] });
    await expect(replaceFile(disk, PATH, NEW)).rejects.toThrow(expect.objectContaining({ code: "EIO" }));
  });

  test("to write all at once, writes the rest", async () => {
    const memory = diskWithOld();
    const create = memory.create.bind(memory);
    memory.create = (path) => {
      const file = create(path);
      const write = file.write.bind(file);
      file.write = (bytes, position) => write(bytes.subarray(0, 400), position);
      return file;
    };
    await replaceFile(memory, PATH, NEW);
    expect(memory.bytesOf(PATH)).toEqual(NEW);
  });
});

function diskWithOld(): MemoryDisk {
  const disk = new MemoryDisk();
  disk.replaceBytes(PATH, OLD);
  return disk;
}
