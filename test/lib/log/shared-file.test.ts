/** A newest data file that has other names: a copy of the data folder by hard links, for instance. No log writes to it. */
import { expect, test } from "vitest";
import {
  appendAll,
  LOG_FOLDER,
  type LogFixture,
  newLog,
  numbered,
  openFixture,
  readAll,
  texts,
} from "../../support/log-fixture.ts";
import type { MemoryDisk } from "../../support/memory-disk.ts";

const DATA = `${LOG_FOLDER}/00000000000000000000.data`;
const OTHER = "/data/other";

/** Opened again, with another name for the newest data file, after `end` of the first life. */
async function sharedAfter(
  end: (fixture: LogFixture) => Promise<MemoryDisk>,
  content: readonly string[] = texts(5),
): Promise<LogFixture & { readonly before: Buffer }> {
  const first = await newLog();
  await appendAll(first.log, content);
  const disk = await end(first);
  await disk.link(DATA, OTHER);
  const before = disk.bytesOf(OTHER);
  return { ...(await openFixture(disk, first.runtime)), before };
}

const closed = async ({ log, disk }: LogFixture): Promise<MemoryDisk> => {
  await log.close();
  return disk.crashProcess();
};

test("a log begins a new segment behind a shared file that ends as its index says", async () => {
  const { log, disk, before, runtime } = await sharedAfter(closed);
  await appendAll(log, texts(3, 5));
  expect(await readAll(log)).toEqual(numbered(texts(8)));
  expect((await log.describe()).segments.map(({ baseOffset }) => baseOffset)).toEqual([0, 5]);
  expect(disk.bytesOf(OTHER)).toEqual(before);
  await log.close();
  const again = await openFixture(disk.crashProcess(), runtime);
  expect(await readAll(again.log)).toEqual(numbered(texts(8)));
  expect((await again.disk.stat(OTHER))?.linkCount).toBe(2);
});

test.each([
  ["was not closed", async ({ disk }: LogFixture) => disk.crashProcess()],
  [
    "has a torn end",
    async ({ disk }: LogFixture) => {
      const left = disk.crashProcess();
      left.replaceBytes(DATA, Buffer.concat([left.bytesOf(DATA), Buffer.alloc(70, 7)]));
      return left;
    },
  ],
])("a log takes a copy of a shared file that %s, and writes to that", async (_how, end) => {
  const { log, disk, before } = await sharedAfter(end);
  await appendAll(log, texts(3, 5));
  expect(await readAll(log)).toEqual(numbered(texts(8)));
  expect((await log.describe()).segments).toHaveLength(1);
  expect(disk.bytesOf(OTHER)).toEqual(before);
  expect((await disk.stat(OTHER))?.linkCount).toBe(1);
});

test("a log takes a copy of a shared file without messages", async () => {
  const { log, disk, before } = await sharedAfter(closed, []);
  await appendAll(log, texts(2));
  expect(await readAll(log)).toEqual(numbered(texts(2)));
  expect(disk.bytesOf(OTHER)).toEqual(before);
});
