/** Numbers that only damage or a wrong clock can bring about are not written. */
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../../lib/limits.ts";
import { entry, LOG_FOLDER, newLog, openFixture, readAll } from "../../support/log-fixture.ts";
import { ManualRuntime } from "../../support/manual-runtime.ts";
import { MemoryDisk } from "../../support/memory-disk.ts";
import { oldDataFile } from "../../support/old-layout.ts";

describe("an append", () => {
  it("is refused while the clock is beyond the last time there is, and taken when it is set", async () => {
    const { log, runtime } = await newLog();
    const nowMs = runtime.now();
    await log.append([entry("before")])[0];
    runtime.setClock(LIMITS.timestampEndMs);
    const refused = {
      code: "topic_unavailable",
      reason: expect.stringContaining("the server's clock is beyond 2100"),
    };
    await expect(log.append([entry("refused")])[0]).rejects.toMatchObject(refused);
    runtime.setClock(nowMs);
    expect(await log.append([entry("after")])[0]).toMatchObject({ baseOffset: 1, timestampMs: nowMs });
    expect(await readAll(log)).toEqual(
      new Map([
        [0, "before"],
        [1, "after"],
      ]),
    );
  });

  it("is refused where the offsets end", async () => {
    const runtime = new ManualRuntime();
    const disk = new MemoryDisk({ now: () => runtime.now() });
    await disk.makeFolder(LOG_FOLDER);
    await disk.syncFolder("/data");
    const name = `${String(LIMITS.offsetEnd).padStart(20, "0")}.data`;
    disk.replaceBytes(`${LOG_FOLDER}/${name}`, oldDataFile(1, Buffer.alloc(0)));
    const { log } = await openFixture(disk, runtime);
    const refused = {
      code: "topic_unavailable",
      reason: expect.stringContaining("publish to another topic"),
    };
    await expect(log.append([entry("refused")])[0]).rejects.toMatchObject(refused);
    expect(log.logEndOffset).toBe(LIMITS.offsetEnd);
  });
});
