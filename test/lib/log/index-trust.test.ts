/** How far an index is believed whose data was damaged since: it knows what was synced. */
import { describe, expect, it } from "vitest";
import { SparseIndex } from "../../../lib/log/sparse-index.ts";
import { flipBit, SEGMENT_HEADER_BYTES, stretchesOf } from "../../support/data-files.ts";
import { FaultyDisk } from "../../support/faulty-disk.ts";
import {
  appendAll,
  entry,
  LOG_FOLDER,
  newLog,
  numbered,
  openFixture,
  readAll,
  texts,
} from "../../support/log-fixture.ts";

const DATA = `${LOG_FOLDER}/00000000000000000000.data`;
const INDEX = `${LOG_FOLDER}/00000000000000000000.index`;

it("a damaged only frame, synced and indexed at a clean close, is no torn tail: its offset stays lost", async () => {
  const { log, disk, runtime } = await newLog();
  await appendAll(log, ["only"]);
  await log.close();
  const crashed = disk.crashProcess();
  flipBit(crashed, DATA, SEGMENT_HEADER_BYTES + 5, 1);
  const { log: reopened } = await openFixture(crashed, runtime);
  await expect(reopened.openCursor().read(0, 1)).rejects.toMatchObject({
    code: "checksum_error",
    details: { offset: 0, nextOffset: 1 },
  });
  expect(await reopened.append([entry("next")])[0]).toMatchObject({ baseOffset: 1 });
});

it("damage below what an index checkpoint speaks of does not keep the log from opening after a kill", async () => {
  const caps = { indexCheckpointBytes: 1 };
  const { log, disk, runtime } = await newLog({ durability: "written" }, { caps });
  for (const text of texts(3)) await log.append([entry(text, 1, "written")])[0];
  await log.sync();
  await runtime.turn();
  await log.append([entry(texts(1, 3)[0]!, 1, "written")])[0];
  const crashed = disk.crashProcess();
  const { start } = stretchesOf(crashed, DATA)[2]!;
  flipBit(crashed, DATA, start + 5, 1);
  const { log: reopened } = await openFixture(crashed, runtime, {}, { caps });
  expect(reopened.logEndOffset).toBe(4);
  await expect(reopened.openCursor().read(1, 1)).rejects.toMatchObject({
    details: { offset: 1, nextOffset: 2 },
  });
  expect(await readAll(reopened, 2)).toEqual(numbered(texts(2, 2), 2));
});

describe("an index that speaks of data that was taken away", () => {
  /** Twenty messages, cleanly closed, of which the last ten are cut off. */
  async function cutInHalf() {
    const { log, disk, runtime } = await newLog();
    await appendAll(log, texts(20));
    await log.close();
    const crashed = disk.crashProcess();
    const { start } = stretchesOf(crashed, DATA)[11]!;
    crashed.replaceBytes(DATA, crashed.bytesOf(DATA).subarray(0, start));
    return { disk: crashed, runtime };
  }

  it("keeps their offsets from being given again, whatever operation of the opening fails before", async () => {
    let failed = 0;
    for (let nth = 1; ; nth++) {
      const { disk, runtime } = await cutInHalf();
      const seen = new FaultyDisk(disk, { code: "EIO", nth });
      const opening = openFixture(disk, runtime, {}, { seen: () => seen });
      const isOpened = await opening.then(
        () => true,
        () => false,
      );
      const left = disk.crashPower(() => 0);
      const { log } = await openFixture(left, runtime);
      expect(await readAll(log, 0).catch(() => "damage"), `operation ${nth}`).toBe("damage");
      await expect(log.openCursor().read(10, 1)).rejects.toMatchObject({
        code: "checksum_error",
        details: { offset: 10, nextOffset: 20 },
      });
      expect(await log.append([entry("next")])[0], `operation ${nth}`).toMatchObject({ baseOffset: 20 });
      expect(await readAll(log, 20)).toEqual(new Map([[20, "next"]]));
      if (!isOpened) failed++;
      if (seen.hit === undefined) break;
    }
    expect(failed).toBeGreaterThan(5);
  });

  it("proves nothing when what is left contradicts it", async () => {
    const { disk, runtime } = await cutInHalf();
    const other = await newLog();
    await appendAll(other.log, [
      "another log, with frames of other lengths",
      "that are not where the index says",
    ]);
    disk.replaceBytes(DATA, other.disk.bytesOf(DATA));
    const index = SparseIndex.decode(disk.bytesOf(INDEX), 0, 1)!;
    index.index.add(1, 60, 0);
    disk.replaceBytes(INDEX, index.index.encode(index.footer));
    const { log } = await openFixture(disk, runtime);
    expect(await log.append([entry("next")])[0]).toMatchObject({ baseOffset: 2 });
  });
});
