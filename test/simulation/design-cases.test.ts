/** Cases that the design calls out, through the front door. Those of the log alone are in test/log. */
import { describe, expect, it } from "vitest";
import { SparseIndex } from "../../lib/log/sparse-index.ts";
import { within } from "../support/deadline.ts";
import { ManualRuntime } from "../support/manual-runtime.ts";
import { MemoryDisk } from "../support/memory-disk.ts";
import { openNetlog, publishAll, texts } from "../support/netlog-fixture.ts";

const DAY_MS = 24 * 3600 * 1000;

describe("more readers than files may be open", () => {
  it.each([1, 2])("get their own bytes, with %i at a time", async (openFiles) => {
    const runtime = new ManualRuntime();
    // Reads take turns of different lengths: while some are in flight, files are closed and opened for others.
    let reads = 0;
    const schedule = async (operation: string) => {
      if (!operation.startsWith("read ")) return;
      for (let turns = reads++ % 4; turns > 0; turns--) await runtime.turn();
    };
    const disk = new MemoryDisk({ schedule });
    const limits = { openFiles, tailBytes: 1, blockBytes: 512, blockCacheBytes: 1024, setCacheBytes: 1 };
    const { netlog } = await openNetlog({ disk, runtime, limits });
    const names = ["a", "b", "c"];
    for (const name of names) {
      const topic = await netlog.createTopic(name, { segment_size: 1024 });
      await publishAll(
        topic,
        texts(12).map((text) => `${name} ${text} `.padEnd(400, name)),
      );
    }
    const all = names.flatMap((name) => {
      return Array.from({ length: 12 }, async (_, offset) => {
        const { payload } = await netlog.topic(name).message(offset);
        expect(payload.toString()).toBe(`${name} m${offset} `.padEnd(400, name));
      });
    });
    await within("all reads", Promise.all(all));
  });
});

describe("a topic deleted and made again under its readers", () => {
  it("gives none of the new one's messages to those of the old", async () => {
    const runtime = new ManualRuntime();
    let stalled: (() => void)[] | undefined;
    const schedule = async (operation: string) => {
      if (stalled !== undefined && operation.startsWith("read ")) {
        await new Promise<void>((resolve) => stalled!.push(resolve));
      }
    };
    const limits = { tailBytes: 1, blockBytes: 512, blockCacheBytes: 1024, setCacheBytes: 1 };
    const { netlog } = await openNetlog({ disk: new MemoryDisk({ schedule }), runtime, limits });
    const old = await netlog.createTopic("t", { segment_size: 1024 });
    await publishAll(old, Array(8).fill("old".padEnd(300)));
    const waiting = (await old.createScanner({ from: 8, persist: false })).scan({ waitMs: 60_000 });
    const waitEnds = expect(within("the waiting scan", waiting)).rejects.toMatchObject({
      code: "topic_not_found",
    });
    const reading = await old.createScanner({ from: 0, persist: true });
    stalled = [];
    const reads = [
      old.message(0),
      old.message(7),
      reading.scan({ waitMs: 0 }).then((given) => given!.message),
    ];
    const outcomes = Promise.allSettled(reads);
    await runtime.turn();
    const deleted = netlog.deleteTopic("t", { force: true });
    await runtime.turn();
    for (const release of stalled) release();
    stalled = undefined;
    await within("the deletion", deleted);
    const made = await netlog.createTopic("t", { segment_size: 1024 });
    await publishAll(made, Array(9).fill("new".padEnd(300)));
    await waitEnds;
    for (const outcome of await within("the reads", outcomes)) {
      if (outcome.status === "fulfilled") expect(outcome.value.payload.toString()).toBe("old".padEnd(300));
      else expect(outcome.reason).toMatchObject({ code: "topic_not_found" });
    }
    await expect(old.message(0)).rejects.toMatchObject({ code: "topic_not_found" });
    await expect(reading.scan({ waitMs: 0 })).rejects.toMatchObject({ code: "topic_not_found" });
    expect((await made.message(0)).payload.toString()).toBe("new".padEnd(300));
  });
});

describe("a clock that was a year ahead once", () => {
  it("lets no time go back, keeps what is young, and drops it when it is old", async () => {
    const runtime = new ManualRuntime();
    const { netlog } = await openNetlog({ runtime, monitorIntervalMs: 3600 * 1000 });
    const topic = await netlog.createTopic("t", { segment_age: "30day" });
    await publishAll(topic, ["before"]);
    runtime.setClock(runtime.now() + 365 * DAY_MS);
    await publishAll(topic, ["ahead"]);
    runtime.setClock(runtime.now() - 365 * DAY_MS);
    await publishAll(topic, ["behind"]);
    const { timestampMs } = await topic.message(1);
    expect((await topic.message(2)).timestampMs).toBe(timestampMs);
    await runtime.advance(DAY_MS);
    expect((await topic.info()).latest_offset).toBe(2);
    expect((await topic.message(1)).payload.toString()).toBe("ahead");
    await runtime.advance(40 * DAY_MS);
    expect((await topic.info()).first_offset).toBe(3);
  });
});

describe("an index garbled in one timestamp", () => {
  it("is not believed: messages are found by offset and by time as before", async () => {
    const runtime = new ManualRuntime();
    const limits = { indexIntervalBytes: 1 };
    const { netlog, disk } = await openNetlog({ runtime, limits });
    const topic = await netlog.createTopic("t", { segment_size: 1024 });
    const times: number[] = [];
    for (const text of texts(20)) {
      await runtime.advance(1000);
      await publishAll(topic, [text.padEnd(150)]);
      times.push(runtime.now());
    }
    await netlog.close();
    const path = "/data/t/00000000000000000000.index";
    const bytes = disk.bytesOf(path);
    // The lowest byte of the second entry's time.
    bytes[16 + 15]! ^= 0x40;
    expect(SparseIndex.decode(bytes, 0, 1)).toBeUndefined();
    disk.replaceBytes(path, bytes);
    const { netlog: reopened } = await openNetlog({ disk, runtime, limits });
    const again = reopened.topic("t");
    for (const [offset, timeMs] of times.entries()) {
      expect((await again.message(offset)).payload.toString().trim()).toBe(`m${offset}`);
      expect(await again.resolveOffset(new Date(timeMs).toISOString())).toBe(offset);
    }
    expect(await again.check("first")).toEqual([]);
  });
});
