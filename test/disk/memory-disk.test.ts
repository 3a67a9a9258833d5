import { expect, test } from "vitest";
import { MemoryDisk } from "../support/memory-disk.ts";

test("a power cut keeps what was synced and nothing else when chance is against the rest", async () => {
  const disk = new MemoryDisk();
  const file = disk.create("/data/a");
  file.write(Buffer.from("hello"), 0);
  await file.sync();
  await disk.syncFolder("/data");
  file.write(Buffer.from(" world"), 5);
  const after = disk.crashPower(() => 0);
  expect(after.paths()).toEqual(["/data/a"]);
  expect(after.bytesOf("/data/a").toString()).toBe("hello");
});
