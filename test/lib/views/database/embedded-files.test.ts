/** The files of PGlite's database: made whole or not at all. */
import { expect, test } from "vitest";
import {
  DamagedDatabaseError,
  filesOf,
  openingError,
} from "../../../../lib/views/database/embedded-files.ts";
import { MemoryDisk } from "../../../support/memory-disk.ts";
import { rejection } from "../../../support/rejection.ts";

async function diskWith(...folders: readonly string[]): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  for (const folder of ["/views", ...folders]) await disk.makeFolder(folder);
  return disk;
}

const make =
  (disk: MemoryDisk) =>
  async (files: string): Promise<void> => {
    await disk.makeFolder(files);
    disk.create(`${files}/PG_VERSION`).close();
  };

test("what a start that was ended has left is made anew, and only a whole database has the name", async () => {
  const disk = await diskWith("/views/database.new", "/views/database.new/base");
  expect(await filesOf(disk, "/views", make(disk))).toBe("/views/database");
  expect(await disk.list("/views")).toEqual(["database"]);
  expect(await disk.list("/views/database")).toEqual(["PG_VERSION"]);
  const failed = filesOf(await diskWith(), "/views", () => Promise.reject(new Error("it ended")));
  expect(String(await rejection(failed))).toContain("it ended");
});

test("a folder that lost its PG_VERSION is damaged: no new database is made in it", async () => {
  const disk = await diskWith("/views/database", "/views/database/base");
  expect(await rejection(filesOf(disk, "/views", make(disk)))).toBeInstanceOf(DamagedDatabaseError);
  expect(await disk.list("/views/database")).toEqual(["base"]);
});

test.each([
  ['could not write lock file "postmaster.pid": No space left on device', false],
  ["Worker terminated due to reaching memory limit: JS heap out of memory", false],
  ['could not open file "base": Permission denied', false],
  ['could not read file "global/pg_control": read 0 of 296', true],
  ["database files are incompatible with server", true],
])("where PostgreSQL says %s, the files are damaged: %s", (why, isDamaged) => {
  const error = openingError("/views", why);
  expect(error.message).toContain(`the database of views in /views does not open (${why}); `);
  expect(error instanceof DamagedDatabaseError).toBe(isDamaged);
});
