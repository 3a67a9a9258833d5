/** What every disk does alike: the suite runs over the real disk and over the memory disk. */
import { describe, expect, test } from "vitest";
import type { Disk } from "../../../lib/disk/disk.ts";
import { within } from "../../support/deadline.ts";

/** A disk and an empty folder on it that belong to the running test. */
export type DiskMaker = () => { readonly disk: Disk; readonly folder: string };

export function describeDisk(name: string, make: DiskMaker): void {
  describe(`${name}, open files`, () => describeFiles(make));
  describe(`${name}, names`, () => describeNames(make));
  describe(`${name}, renaming and removing`, () => describeRenames(make));
  describe(`${name}, the lock`, () => describeLock(make));
}

function describeFiles(make: DiskMaker): void {
  test("reads back what was written, and fewer bytes only at the end of the file", async () => {
    const { disk, folder } = make();
    const file = disk.create(`${folder}/a`);
    expect(file.write(Buffer.from("hello"), 0)).toBe(5);
    expect(file.write(Buffer.from("LP"), 2)).toBe(2);
    const into = Buffer.alloc(4);
    expect(await file.read(into, 0)).toBe(4);
    expect(into.toString()).toBe("heLP");
    expect(await file.read(into, 3)).toBe(2);
    expect(into.toString()).toBe("PoLP");
    expect(await file.read(into, 5)).toBe(0);
    expect(file.sizeBytes()).toBe(5);
    file.close();
  });

  test("fills a gap with zeros", async () => {
    const { disk, folder } = make();
    const file = disk.create(`${folder}/a`);
    file.write(Buffer.from("x"), 3);
    file.truncate(6);
    file.close();
    expect(await disk.readFile(`${folder}/a`)).toEqual(Buffer.from("\0\0\0x\0\0"));
  });

  test("forgets what was cut off", async () => {
    const { disk, folder } = make();
    const file = disk.create(`${folder}/a`);
    file.write(Buffer.from("hello"), 0);
    file.truncate(2);
    expect(file.sizeBytes()).toBe(2);
    file.truncate(4);
    file.close();
    expect(await disk.readFile(`${folder}/a`)).toEqual(Buffer.from("he\0\0"));
  });

  test("shows every open file what another one wrote", async () => {
    const { disk, folder } = make();
    const writer = disk.create(`${folder}/a`);
    const reader = disk.open(`${folder}/a`, { readOnly: true });
    writer.write(Buffer.from("hello"), 0);
    const into = Buffer.alloc(5);
    expect(await reader.read(into, 0)).toBe(5);
    expect(into.toString()).toBe("hello");
    await writer.sync();
    writer.close();
    reader.close();
  });

  test("refuses to change a file opened for reading", async () => {
    const { disk, folder } = make();
    disk.create(`${folder}/a`).close();
    const file = disk.open(`${folder}/a`, { readOnly: true });
    expect(() => file.write(Buffer.from("x"), 0)).toThrow(coded("EBADF"));
    expect(() => file.truncate(1)).toThrow(coded("EINVAL"));
    file.close();
  });

  test("refuses everything on a closed file", async () => {
    const { disk, folder } = make();
    const file = disk.create(`${folder}/a`);
    file.close();
    // Takes the number that the closed descriptor had: nothing may reach this file.
    const other = disk.create(`${folder}/b`);
    expect(() => file.write(Buffer.from("x"), 0)).toThrow(coded("EBADF"));
    expect(() => file.truncate(1)).toThrow(coded("EBADF"));
    expect(() => file.sizeBytes()).toThrow(coded("EBADF"));
    expect(() => file.close()).toThrow(coded("EBADF"));
    await expect(file.read(Buffer.alloc(1), 0)).rejects.toThrow(coded("EBADF"));
    await expect(file.sync()).rejects.toThrow(coded("EBADF"));
    expect(other.sizeBytes()).toBe(0);
    other.close();
  });

  test.each(["read", "sync"] as const)(
    "refuses to close a file while a %s is in flight",
    async (operation) => {
      const { disk, folder } = make();
      const file = disk.create(`${folder}/a`);
      const running = operation === "read" ? file.read(Buffer.alloc(1), 0) : file.sync();
      expect(() => file.close()).toThrow("in flight");
      await within(
        operation,
        running.then(() => {}),
      );
      file.close();
    },
  );

  test("keeps a removed file for those who have it open", async () => {
    const { disk, folder } = make();
    const file = disk.create(`${folder}/a`);
    file.write(Buffer.from("hello"), 0);
    await disk.remove(`${folder}/a`);
    file.write(Buffer.from("J"), 0);
    const into = Buffer.alloc(5);
    await file.read(into, 0);
    expect(into.toString()).toBe("Jello");
    file.close();
    expect(await disk.list(folder)).toEqual([]);
  });
}

function describeNames(make: DiskMaker): void {
  test("tells why a file cannot be opened or made", async () => {
    const { disk, folder } = make();
    disk.create(`${folder}/a`).close();
    await disk.makeFolder(`${folder}/sub`);
    expect(() => disk.open(`${folder}/b`)).toThrow(coded("ENOENT"));
    expect(() => disk.open(`${folder}/sub`)).toThrow(coded("EISDIR"));
    expect(() => disk.open(`${folder}/a/b`)).toThrow(coded("ENOTDIR"));
    expect(() => disk.create(`${folder}/a`)).toThrow(coded("EEXIST"));
    expect(() => disk.create(`${folder}/none/a`)).toThrow(coded("ENOENT"));
    expect(() => disk.create(`${folder}/a/b`)).toThrow(coded("ENOTDIR"));
    await expect(disk.readFile(`${folder}/b`)).rejects.toThrow(coded("ENOENT"));
    await expect(disk.readFile(`${folder}/sub`)).rejects.toThrow(coded("EISDIR"));
  });

  test("lists names in the order of their code units", async () => {
    const { disk, folder } = make();
    for (const name of ["b", "a", "B", "10", "9", "ä", ".x", "\uff21", "\u{1f600}"])
      disk.create(`${folder}/${name}`).close();
    expect(await disk.list(folder)).toEqual([".x", "10", "9", "B", "a", "b", "ä", "\u{1f600}", "\uff21"]);
    await expect(disk.list(`${folder}/none`)).rejects.toThrow(coded("ENOENT"));
    await expect(disk.list(`${folder}/a`)).rejects.toThrow(coded("ENOTDIR"));
  });

  test("tells files from folders, and what is not there", async () => {
    const { disk, folder } = make();
    const file = disk.create(`${folder}/a`);
    file.write(Buffer.from("hello"), 0);
    file.close();
    await disk.makeFolder(`${folder}/sub`);
    expect(await disk.stat(`${folder}/a`)).toMatchObject({ kind: "file", sizeBytes: 5 });
    expect(await disk.stat(`${folder}/sub`)).toMatchObject({ kind: "folder" });
    expect(await disk.stat(`${folder}/b`)).toBeUndefined();
    expect(await disk.stat(`${folder}/none/b`)).toBeUndefined();
    await expect(disk.stat(`${folder}/a/b`)).rejects.toThrow(coded("ENOTDIR"));
  });

  test("makes one folder at a time", async () => {
    const { disk, folder } = make();
    await disk.makeFolder(`${folder}/sub`);
    disk.create(`${folder}/a`).close();
    await expect(disk.makeFolder(`${folder}/sub`)).rejects.toThrow(coded("EEXIST"));
    await expect(disk.makeFolder(`${folder}/a`)).rejects.toThrow(coded("EEXIST"));
    await expect(disk.makeFolder(`${folder}/none/sub`)).rejects.toThrow(coded("ENOENT"));
    await disk.syncFolder(folder);
    await expect(disk.syncFolder(`${folder}/none`)).rejects.toThrow(coded("ENOENT"));
  });
}

function describeRenames(make: DiskMaker): void {
  test("renames files over each other, and folders with what is in them", async () => {
    const { disk, folder } = make();
    await disk.makeFolder(`${folder}/sub`);
    disk.create(`${folder}/sub/new`).close();
    const old = disk.create(`${folder}/sub/old`);
    old.write(Buffer.from("old"), 0);
    old.close();
    await disk.rename(`${folder}/sub/new`, `${folder}/sub/old`);
    await disk.rename(`${folder}/sub`, `${folder}/moved`);
    expect(await disk.list(folder)).toEqual(["moved"]);
    expect(await disk.list(`${folder}/moved`)).toEqual(["old"]);
    expect((await disk.readFile(`${folder}/moved/old`)).length).toBe(0);
  });

  test("gives a file a second name, under which it lives on", async () => {
    const { disk, folder } = make();
    const file = disk.create(`${folder}/a`);
    file.write(Buffer.from("hello"), 0);
    await disk.link(`${folder}/a`, `${folder}/b`);
    file.write(Buffer.from("J"), 0);
    file.close();
    expect(await disk.readFile(`${folder}/b`)).toEqual(Buffer.from("Jello"));
    expect((await disk.stat(`${folder}/a`))?.linkCount).toBe(2);
    await expect(disk.link(`${folder}/a`, `${folder}/b`)).rejects.toThrow(coded("EEXIST"));
    await expect(disk.link(`${folder}/none`, `${folder}/c`)).rejects.toThrow(coded("ENOENT"));
    await disk.remove(`${folder}/a`);
    expect((await disk.stat(`${folder}/b`))?.linkCount).toBe(1);
    expect(await disk.readFile(`${folder}/b`)).toEqual(Buffer.from("Jello"));
  });

  test("refuses renames that make no sense", async () => {
    const { disk, folder } = make();
    await disk.makeFolder(`${folder}/sub`);
    await disk.makeFolder(`${folder}/empty`);
    disk.create(`${folder}/a`).close();
    disk.create(`${folder}/sub/b`).close();
    await expect(disk.rename(`${folder}/none`, `${folder}/c`)).rejects.toThrow(coded("ENOENT"));
    await expect(disk.rename(`${folder}/a`, `${folder}/none/a`)).rejects.toThrow(coded("ENOENT"));
    await expect(disk.rename(`${folder}/a`, `${folder}/sub`)).rejects.toThrow(coded("EISDIR"));
    await expect(disk.rename(`${folder}/sub`, `${folder}/a`)).rejects.toThrow(coded("ENOTDIR"));
    await expect(disk.rename(`${folder}/empty`, `${folder}/sub`)).rejects.toThrow(coded("ENOTEMPTY"));
    await expect(disk.rename(`${folder}/sub`, `${folder}/sub/c`)).rejects.toThrow(coded("EINVAL"));
    await disk.rename(`${folder}/a`, `${folder}/a`);
    expect(await disk.list(folder)).toEqual(["a", "empty", "sub"]);
  });

  test("removes files one by one, and folders with all that is in them", async () => {
    const { disk, folder } = make();
    await disk.makeFolder(`${folder}/sub`);
    await disk.makeFolder(`${folder}/sub/deep`);
    disk.create(`${folder}/sub/deep/a`).close();
    disk.create(`${folder}/a`).close();
    await expect(disk.remove(`${folder}/none`)).rejects.toThrow(coded("ENOENT"));
    await expect(disk.remove(`${folder}/sub`)).rejects.toThrow(coded("EISDIR"));
    await disk.remove(`${folder}/a`);
    await disk.removeTree(`${folder}/sub`);
    await disk.removeTree(`${folder}/sub`);
    expect(await disk.list(folder)).toEqual([]);
  });
}

function describeLock(make: DiskMaker): void {
  test("is held by one until it is released", async () => {
    const { disk, folder } = make();
    const lock = await disk.lock(folder);
    await expect(disk.lock(folder)).rejects.toThrow(coded("EBUSY"));
    expect(await disk.stat(`${folder}/.lock`)).toMatchObject({ kind: "other" });
    await lock.release();
    await lock.release();
    expect(await disk.list(folder)).toEqual([]);
    const next = await disk.lock(folder);
    await lock.release();
    await expect(disk.lock(folder)).rejects.toThrow(coded("EBUSY"));
    await next.release();
  });

  test("leaves a file of its name alone", async () => {
    const { disk, folder } = make();
    disk.create(`${folder}/.lock`).close();
    await expect(disk.lock(folder)).rejects.toThrow(coded("EEXIST"));
    expect(await disk.list(folder)).toEqual([".lock"]);
  });

  test("needs a folder", async () => {
    const { disk, folder } = make();
    disk.create(`${folder}/a`).close();
    await expect(disk.lock(`${folder}/none`)).rejects.toThrow(coded("ENOENT"));
    await expect(disk.lock(`${folder}/a`)).rejects.toThrow(coded("ENOTDIR"));
  });
}

function coded(code: string): unknown {
  return expect.objectContaining({ code });
}
