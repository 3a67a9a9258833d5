/** The file of a scanner with acknowledgements, cut or garbled: a torn end costs what was not synced, damage is reported. */
import { beforeAll, expect, it } from "vitest";
import { copyOf, type Filled, fill, findingsOf } from "../../support/damage-fixture.ts";
import { flipBit, snapshotOf } from "../../support/data-files.ts";
import { DATA_FOLDER, openNetlog, texts } from "../../support/netlog-fixture.ts";

const FILE = `${DATA_FOLDER}/t/scanners/work.leases`;
/** The header of a block: magic, length, sequence, synced end. */
const BLOCK_HEADER_BYTES = 24;

let filled: Filled;

/** Three messages given out, of which the first is settled. */
beforeAll(async () => {
  const closed = await fill("closed");
  const disk = await copyOf(closed);
  const { netlog, runtime } = await openNetlog({ disk, runtime: closed.runtime });
  const request = { id: "work", from: 0, ack: "explicit" } as const;
  const { scanner } = await netlog.topic("t").findOrCreateScanner(request);
  for (let i = 0; i < 3; i++) (await scanner.scan({ waitMs: 0 }))!.settle(true);
  await scanner.work.ack({ offsets: [0], lease: undefined });
  await netlog.close();
  filled = { files: snapshotOf(disk), runtime };
});

it("whole, it is no finding", async () => {
  expect(await findingsOf(await copyOf(filled))).toEqual([]);
});

it("with a torn end, it is reported as torn, cut, and serves", async () => {
  const disk = await copyOf(filled);
  const whole = disk.bytesOf(FILE);
  disk.replaceBytes(FILE, Buffer.concat([whole, Buffer.from("NLA torn")]));
  expect(await findingsOf(disk)).toEqual([
    expect.objectContaining({ kind: "torn", topic: "t", file: FILE, position: whole.length }),
  ]);
  const { netlog } = await openNetlog({ disk, runtime: filled.runtime });
  expect(netlog.topic("t").scanner("work").info().next).toBe(3);
  await netlog.close();
  expect(await findingsOf(disk)).toEqual([]);
});

it("damaged in what was synced, it is reported, and the topic serves", async () => {
  for (const bit of [0, 3, 7]) {
    const disk = await copyOf(filled);
    flipBit(disk, FILE, BLOCK_HEADER_BYTES + bit, bit);
    expect(await findingsOf(disk)).toEqual([
      expect.objectContaining({ kind: "damage", topic: "t", file: FILE }),
    ]);
    const { netlog } = await openNetlog({ disk, runtime: filled.runtime });
    const topic = netlog.topic("t");
    expect(() => topic.scanner("work")).toThrow(expect.objectContaining({ code: "topic_unavailable" }));
    expect((await topic.message(5)).payload.toString()).toBe(texts(6)[5]);
    await netlog.close();
  }
});
