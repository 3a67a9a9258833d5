/** How far an index is believed whose data was damaged since: it knows what was synced. */
import { expect, it } from "vitest";
import { flipBit, stretchesOf } from "../support/data-files.ts";
import {
  appendAll,
  entry,
  LOG_FOLDER,
  newLog,
  numbered,
  openFixture,
  readAll,
  texts,
} from "../support/log-fixture.ts";

const DATA = `${LOG_FOLDER}/00000000000000000000.data`;

it("a damaged only frame, synced and indexed at a clean close, is no torn tail: its offset stays lost", async () => {
  const { log, disk, runtime } = await newLog();
  await appendAll(log, ["only"]);
  await log.close();
  const crashed = disk.crashProcess();
  flipBit(crashed, DATA, 16 + 5, 1);
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
