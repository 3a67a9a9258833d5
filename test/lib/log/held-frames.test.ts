import { describe, expect, it } from "vitest";
import { appendAll, entry, newLog, openFixture, texts } from "../../support/log-fixture.ts";

describe("reading at once", () => {
  it("gives what a read from the disk gives, for every offset and size", async () => {
    const { log } = await newLog();
    await Promise.all(log.append([entry("a"), entry("bcd", 3), entry("e")]));
    await appendAll(log, texts(20));
    for (let offset = 0; offset <= log.logEndOffset; offset++) {
      for (const maxBytes of [1, 100, 100_000]) {
        const held = log.openCursor().readHeld(offset, maxBytes);
        expect(held).toEqual(await log.openCursor().read(offset, maxBytes));
      }
    }
  });

  it("goes on where the cursor is, and lets a read go on behind it", async () => {
    const { log } = await newLog();
    await appendAll(log, texts(3));
    const cursor = log.openCursor();
    expect(cursor.readHeld(0, 1)).toMatchObject({ baseOffset: 0, endOffset: 1 });
    expect(await cursor.read(1, 1)).toMatchObject({ baseOffset: 1, endOffset: 2 });
    expect(cursor.readHeld(2, 1)).toMatchObject({ baseOffset: 2, endOffset: 3 });
  });

  it("gives nothing of what may not be read yet", async () => {
    const { log } = await newLog();
    const appended = log.append([entry("a", 1, "written")]);
    expect(log.openCursor().readHeld(0, 1)).toBeUndefined();
    await Promise.all(appended);
    await log.sync();
    expect(log.openCursor().readHeld(0, 1)).toMatchObject({ baseOffset: 0, endOffset: 1 });
  });

  it("finds frames of the active segment after a roll", async () => {
    const { log } = await newLog({ segmentSizeBytes: 1024 });
    await appendAll(log, texts(100));
    expect((await log.describe()).segments.length).toBeGreaterThan(2);
    expect(log.openCursor().readHeld(99, 1)).toEqual(await log.openCursor().read(99, 1));
  });

  it("gives nothing that is not in memory any more", async () => {
    const first = await newLog();
    await appendAll(first.log, texts(3));
    await first.log.close();
    const { log } = await openFixture(first.disk, first.runtime);
    expect(log.openCursor().readHeld(0, 1)).toBeUndefined();
  });

  it.each(["close", "delete"] as const)("gives nothing after %s", async (end) => {
    const { log } = await newLog();
    await appendAll(log, texts(3));
    const cursor = log.openCursor();
    cursor.readHeld(0, 1);
    await log[end]();
    expect(cursor.readHeld(0, 1)).toBeUndefined();
    expect(cursor.readHeld(1, 1)).toBeUndefined();
  });

  it("gives nothing of what retention dropped", async () => {
    const { log, runtime } = await newLog({ segmentSizeBytes: 1024 });
    await appendAll(log, texts(100));
    const cursor = log.openCursor();
    expect(cursor.readHeld(99, 1)).toBeDefined();
    await runtime.advance(1000);
    await log.applyRetention(runtime.now());
    expect(log.logStartOffset).toBeGreaterThan(0);
    expect(cursor.readHeld(0, 1)).toBeUndefined();
  });
});
