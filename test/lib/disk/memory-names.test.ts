import { describe, expect, test } from "vitest";
import { MemoryDisk } from "../../support/memory-disk.ts";
import { seededRandom } from "../../support/seeded-random.ts";

const NOTHING_MORE = () => 0;
const EVERYTHING = () => 0.999999;

describe("a power cut, names", () => {
  test("loses a file whose name was never synced, synced contents or not", async () => {
    const disk = new MemoryDisk();
    await disk.create("/data/a").sync();
    expect(disk.crashPower(NOTHING_MORE).paths()).toEqual([]);
  });

  test("brings a removed file back, with what was synced of it", async () => {
    const disk = diskWith({ a: "hello" });
    disk.open("/data/a").write(Buffer.from("J"), 0);
    await disk.remove("/data/a");
    const after = disk.crashPower(NOTHING_MORE);
    expect(after.bytesOf("/data/a").toString()).toBe("hello");
  });

  test("undoes a rename whole, or not at all", async () => {
    const seen = await outcomes(async (disk) => {
      await disk.rename("/data/new", "/data/old");
    });
    expect(seen).toEqual(new Set(["new=new old=old", "old=new"]));
  });

  test("keeps the name of a new file that was renamed, or neither name", async () => {
    const seen = await outcomes(async (disk) => {
      const file = disk.create("/data/tmp");
      file.write(Buffer.from("tmp"), 0);
      await file.sync();
      await disk.rename("/data/tmp", "/data/old");
    });
    expect(seen).toEqual(new Set(["new=new old=old", "new=new old=old tmp=tmp", "new=new old=tmp"]));
  });

  test("leaves a file of two names one file, or takes the second name", async () => {
    const seen = await outcomes(async (disk) => {
      await disk.link("/data/old", "/data/b");
    });
    expect(seen).toEqual(new Set(["new=new old=old", "b=old new=new old=old"]));
    const disk = diskWith({ a: "hello" });
    await disk.link("/data/a", "/data/b");
    await disk.syncFolder("/data");
    const after = disk.crashPower(NOTHING_MORE);
    after.open("/data/a").write(Buffer.from("J"), 0);
    expect(after.bytesOf("/data/b").toString()).toBe("Jello");
  });

  test("never leaves a renamed file under two names", async () => {
    const seen = await outcomes(async (disk) => {
      await disk.rename("/data/old", "/data/b");
      await disk.rename("/data/b", "/data/c");
    });
    expect(seen).toEqual(new Set(["new=new old=old", "b=old new=new", "c=old new=new"]));
  });

  test("decides about each name for itself", async () => {
    const seen = await outcomes(async (disk) => {
      await disk.remove("/data/old");
      await disk.remove("/data/new");
    });
    expect(seen).toEqual(new Set(["new=new old=old", "new=new", "old=old", ""]));
  });

  test("keeps what the sync of its folder covered", async () => {
    const disk = diskWith({ old: "old", new: "new" });
    await disk.rename("/data/new", "/data/old");
    const sync = disk.syncFolder("/data");
    disk.create("/data/later");
    await sync;
    const after = disk.crashPower(NOTHING_MORE);
    expect(contents(after)).toBe("old=new");
  });

  test("needs the sync of each folder on the way", async () => {
    const disk = new MemoryDisk();
    await disk.makeFolder("/data/topic");
    disk.create("/data/topic/a");
    await disk.syncFolder("/data/topic");
    expect(disk.crashPower(NOTHING_MORE).paths()).toEqual([]);

    const synced = new MemoryDisk();
    await synced.makeFolder("/data/topic");
    synced.create("/data/topic/a");
    await synced.syncFolder("/data/topic");
    await synced.syncFolder("/data");
    expect(synced.crashPower(NOTHING_MORE).paths()).toEqual(["/data/topic/a"]);
  });

  test("never loses a file between two folders", async () => {
    for (const folders of [["/data"], ["/data/sub"], ["/data", "/data/sub"]]) {
      const disk = diskWith({ a: "a" });
      await disk.makeFolder("/data/sub");
      await disk.syncFolder("/data");
      disk.create("/data/sub/a");
      await disk.rename("/data/a", "/data/sub/a");
      for (const folder of folders) await disk.syncFolder(folder);
      const after = disk.crashPower(NOTHING_MORE);
      expect(after.paths()).toEqual(["/data/sub/a"]);
      expect(after.bytesOf("/data/sub/a").toString()).toBe("a");
    }
  });

  test("may leave part of a folder that was being removed", async () => {
    const seen = await outcomes(async (disk) => {
      await disk.removeTree("/data");
    });
    expect(seen).toContain("new=new");
    expect(seen).toContain("");
    const disk = diskWith({ a: "a" });
    await disk.removeTree("/data");
    expect(disk.crashPower(EVERYTHING).paths()).toEqual([]);
  });

  test("leaves the name of the lock, and frees it", async () => {
    const disk = new MemoryDisk();
    await disk.lock("/data");
    const after = disk.crashPower(EVERYTHING);
    expect(await after.list("/data")).toEqual([".lock"]);
    await (await after.lock("/data")).release();
  });
});

/** All that a power cut can leave of the files `old` and `new` after `change`, over many seeds. */
async function outcomes(change: (disk: MemoryDisk) => Promise<void>): Promise<Set<string>> {
  const seen = new Set<string>();
  for (let seed = 0; seed < 60; seed += 1) {
    const disk = diskWith({ old: "old", new: "new" });
    await change(disk);
    seen.add(contents(disk.crashPower(seededRandom(seed))));
  }
  return seen;
}

function contents(disk: MemoryDisk): string {
  const paths = disk.paths();
  return paths.map((path) => `${path.slice("/data/".length)}=${disk.bytesOf(path)}`).join(" ");
}

function diskWith(files: Record<string, string>): MemoryDisk {
  const disk = new MemoryDisk();
  for (const [name, text] of Object.entries(files)) disk.replaceBytes(`/data/${name}`, Buffer.from(text));
  return disk;
}
