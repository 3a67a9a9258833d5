import { describe, expect, it } from "vitest";
import type { LogEntry } from "../../../lib/log/index.ts";
import { FRAME_HEADER_BYTES, framesOf } from "../../../lib/log/index.ts";
import { FaultyDisk } from "../../support/faulty-disk.ts";
import { entry, LOG_FOLDER, type LogFixture, newLog, openFixture } from "../../support/log-fixture.ts";

const LARGE_BYTES = 100_000;
const DATA = `${LOG_FOLDER}/00000000000000000000.data`;

/** A large entry behind `headroomBytes` of room. */
function roomy(fill: string, headroomBytes = FRAME_HEADER_BYTES): LogEntry {
  const memory = Buffer.alloc(headroomBytes + LARGE_BYTES, fill);
  return { bytes: memory.subarray(headroomBytes), headroomBytes, count: 1, durability: "synced" };
}

async function entriesOf({ log }: LogFixture): Promise<string[]> {
  const found: string[] = [];
  const cursor = log.openCursor();
  let run = await cursor.read(log.logStartOffset, LARGE_BYTES);
  while (run !== undefined) {
    for (const frame of framesOf(run.bytes))
      found.push(`${frame.entry.length} ${frame.entry.toString("latin1", 0, 3)}`);
    run = await cursor.read(run.endOffset, LARGE_BYTES);
  }
  return found;
}

describe("a large entry with room in front of it", () => {
  it("is read like any other, from memory and after reopening", async () => {
    const fixture = await newLog();
    const { log, disk, runtime } = fixture;
    for (const each of [entry("one"), roomy("a"), roomy("b", 57), entry("two"), roomy("c", 3)]) {
      await log.append([each])[0];
    }
    await Promise.all(log.append([roomy("d"), entry("three"), roomy("e")]));
    const expected = [
      "3 one",
      "100000 aaa",
      "100000 bbb",
      "3 two",
      "100000 ccc",
      "100000 ddd",
      "5 thr",
      "100000 eee",
    ];
    expect(await entriesOf(fixture)).toEqual(expected);
    await log.close();
    expect(await entriesOf(await openFixture(disk, runtime))).toEqual(expected);
  });

  it("lies in the file as one that was copied does", async () => {
    const [inPlace, copied] = [await newLog(), await newLog()];
    await inPlace.log.append([roomy("a")])[0];
    await copied.log.append([{ ...roomy("a"), headroomBytes: 0 }])[0];
    expect(await inPlace.disk.readFile(DATA)).toEqual(await copied.disk.readFile(DATA));
  });

  it("is not written over what lies in front of the room", async () => {
    const { log } = await newLog();
    const memory = Buffer.alloc(10 + FRAME_HEADER_BYTES + LARGE_BYTES, "x");
    const bytes = memory.subarray(10 + FRAME_HEADER_BYTES);
    await log.append([{ bytes, headroomBytes: FRAME_HEADER_BYTES, count: 1, durability: "synced" }])[0];
    expect(memory.toString("latin1", 0, 10)).toBe("x".repeat(10));
    expect(memory.toString("latin1", 10, 13)).toBe("NLF");
  });

  it("is not copied when others come with it", async () => {
    const { log } = await newLog();
    const entries = [entry("one"), roomy("a"), roomy("b"), entry("two")];
    await Promise.all(log.append(entries));
    for (const { bytes } of entries.slice(1, 3)) {
      const inFront = Buffer.from(bytes.buffer, bytes.byteOffset - FRAME_HEADER_BYTES, FRAME_HEADER_BYTES);
      expect(inFront.toString("latin1", 0, 3)).toBe("NLF");
    }
  });

  it("is taken back alone when it cannot be written, of those that came together", async () => {
    let disk: FaultyDisk | undefined;
    const fixture = await newLog({}, { seen: (inner) => (disk = new FaultyDisk(inner)) });
    disk?.plan({ code: "ENOSPC", kinds: ["write"], nth: 2, shortBytes: 5000 });
    const answers = await Promise.allSettled(fixture.log.append([roomy("a"), roomy("b"), entry("three")]));
    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    disk?.plan();
    await fixture.log.append([roomy("d")])[0];
    expect(await entriesOf(fixture)).toEqual(["100000 aaa", "5 thr", "100000 ddd"]);
  });

  it("leaves nothing behind when it cannot be written", async () => {
    let disk: FaultyDisk | undefined;
    const fixture = await newLog({}, { seen: (inner) => (disk = new FaultyDisk(inner)) });
    await fixture.log.append([entry("one")])[0];
    disk?.plan({ code: "ENOSPC", kinds: ["write"], shortBytes: 5000 });
    await expect(fixture.log.append([roomy("a")])[0]).rejects.toMatchObject({ code: "storage_full" });
    disk?.plan();
    await fixture.log.append([roomy("b")])[0];
    expect(await entriesOf(fixture)).toEqual(["3 one", "100000 bbb"]);
  });
});
