import { describe, expect, it } from "vitest";
import { framesOf } from "../../../lib/log/index.ts";
import {
  appendAll,
  entry,
  newLog,
  numbered,
  openFixture,
  readAll,
  texts,
} from "../../support/log-fixture.ts";

/** Frames of another log, whose messages are a minute apart. */
async function framesOfAnother(count: number): Promise<Buffer> {
  const { log, runtime } = await newLog();
  for (const text of texts(count)) {
    await appendAll(log, [text]);
    await runtime.advance(60_000);
  }
  const run = await log.openCursor().read(0, 1024 * 1024);
  return Buffer.from(run!.bytes);
}

/** The frames one by one. */
function cut(bytes: Buffer): Buffer[] {
  let position = 0;
  return Array.from(framesOf(bytes), ({ entry: { length } }) => {
    const frame = bytes.subarray(position, position + 40 + length);
    position += frame.length;
    return frame;
  });
}

describe("frames of another log", () => {
  it("are appended with the offsets and times that they bring", async () => {
    const frames = await framesOfAnother(3);
    const { log, disk, runtime } = await newLog();
    await log.appendFrames(frames, "synced");
    expect(await readAll(log)).toEqual(numbered(texts(3)));
    const run = await log.openCursor().read(0, 1024 * 1024);
    const times = (bytes: Buffer) => Array.from(framesOf(bytes), ({ header }) => header.timestampMs);
    expect(times(run!.bytes)).toEqual(times(frames));
    // It survives a loss of power, and the log goes on behind it, no earlier than its newest message.
    const again = await openFixture(
      disk.crashPower(() => 0),
      runtime,
    );
    expect(await readAll(again.log)).toEqual(numbered(texts(3)));
    const appended = await again.log.append([entry("next")])[0]!;
    expect(appended).toEqual({ baseOffset: 3, timestampMs: times(frames)[2] });
  });

  it("get an `unsynced` of the log that takes them", async () => {
    const [first, ...rest] = cut(await framesOfAnother(3));
    const { log } = await newLog({ durability: "written" });
    await log.appendFrames(first!, "synced");
    await log.appendFrames(Buffer.concat(rest), "written");
    const run = await log.openCursor().read(0, 1024 * 1024);
    expect(Array.from(framesOf(run!.bytes), ({ header }) => header.unsyncedCount)).toEqual([0, 0, 1]);
  });

  it("are refused where they leave a gap, or come again, with the offset that would fit", async () => {
    const [first, second, third] = cut(await framesOfAnother(3));
    const { log } = await newLog();
    await log.appendFrames(first!, "synced");
    for (const misplaced of [third!, first!]) {
      await expect(log.appendFrames(misplaced, "synced")).rejects.toMatchObject({
        code: "bad_request",
        details: { nextOffset: 1 },
      });
    }
    await log.appendFrames(Buffer.concat([second!, third!]), "synced");
    expect(await readAll(log)).toEqual(numbered(texts(3)));
  });

  it("are refused where their time goes back", async () => {
    const [first, second] = cut(await framesOfAnother(2));
    const { log, runtime } = await newLog();
    await log.appendFrames(first!, "synced");
    await runtime.advance(3_600_000);
    await appendAll(log, ["younger"]);
    const [, , third] = cut(await framesOfAnother(3));
    await expect(log.appendFrames(third!, "synced")).rejects.toThrow(/message 2 is of \d+ ms/);
    await expect(log.appendFrames(second!, "synced")).rejects.toMatchObject({ code: "bad_request" });
    expect(log.logEndOffset).toBe(2);
  });

  it.each([
    ["header", 5],
    ["entry", 45],
  ])("are refused as a whole where the %s of one is damaged", async (_part, at) => {
    const frames = await framesOfAnother(2);
    const [first] = cut(frames);
    frames[first!.length + at]! ^= 1;
    const { log } = await newLog();
    await expect(log.appendFrames(frames, "synced")).rejects.toMatchObject({ code: "bad_request" });
    expect(log.logEndOffset).toBe(0);
  });

  it("are refused as a whole where the last one is cut off", async () => {
    const frames = await framesOfAnother(2);
    const { log } = await newLog();
    await expect(log.appendFrames(frames.subarray(0, -1), "synced")).rejects.toThrow(
      /no whole frame at byte/,
    );
    expect(log.logEndOffset).toBe(0);
  });

  it("keep their order among appends of the log's own, across rolls", async () => {
    const frames = await framesOfAnother(20);
    const { log } = await newLog({ segmentSizeBytes: 1024 });
    await log.appendFrames(frames, "synced");
    const [own] = log.append([entry("own")]);
    await own;
    expect((await log.describe()).segments.length).toBeGreaterThan(1);
    expect(await readAll(log)).toEqual(new Map([...numbered(texts(20)), [20, "own"]]));
  });
});
