import { describe, expect, it } from "vitest";
import type { Delivery, Scanner } from "../../../lib/index.ts";
import { within } from "../../support/deadline.ts";
import {
  type FixtureOptions,
  openNetlog,
  publishAll,
  publishTogether,
  texts,
  told,
} from "../../support/netlog-fixture.ts";

const FIRST_DATA_FILE = "/data/t/00000000000000000000.data";

function scanNow(scanner: Scanner): Promise<Delivery | undefined> {
  return within("a scan that does not wait", scanner.scan({ waitMs: 0 }));
}

/** Small segments, of which all but the last two or so are dropped by the monitor. */
const SMALL = { segment_size: 1024, retention_size: 1500 };

describe("a scanner that retention has overtaken", () => {
  async function overtaken(): Promise<{ scanner: Scanner; firstOffset: number }> {
    const { netlog, runtime } = await openNetlog();
    const topic = await netlog.createTopic("t", SMALL);
    const scanner = await topic.createScanner({ from: 0, persist: false });
    await publishAll(topic, texts(3));
    const [first, second] = [await scanNow(scanner), await scanNow(scanner)];
    second!.settle(false);
    await publishAll(topic, texts(97, 3));
    await runtime.advance(10_000);
    const firstOffset = (await topic.info()).first_offset;
    expect(firstOffset).toBeGreaterThan(50);
    first!.settle(true);
    return { scanner, firstOffset };
  }

  it("goes on at the first message kept, and reports once how many it missed", async () => {
    const { scanner, firstOffset } = await overtaken();
    expect(scanner.info().next).toBe(firstOffset);
    const delivery = await scanNow(scanner);
    expect(told(delivery)).toEqual([firstOffset, `m${firstOffset}`]);
    // Message 0 was given and settled, message 1 was given back.
    expect(delivery!.skipped).toBe(firstOffset - 1);
    delivery!.settle(true);
    expect((await scanNow(scanner))!.skipped).toBe(0);
  });

  it("is reported again when that answer was not handed over", async () => {
    const { scanner, firstOffset } = await overtaken();
    (await scanNow(scanner))!.settle(false);
    expect((await scanNow(scanner))!.skipped).toBe(firstOffset - 1);
  });

  it("cannot begin at what was dropped", async () => {
    const { netlog, runtime } = await openNetlog();
    const topic = await netlog.createTopic("t", SMALL);
    await publishAll(topic, texts(100));
    await runtime.advance(10_000);
    const { first_offset: firstOffset } = await topic.info();
    await expect(topic.createScanner({ from: 5, persist: false })).rejects.toMatchObject({
      code: "offset_not_found",
      details: { firstOffset },
    });
    await expect(topic.message(5)).rejects.toMatchObject({
      code: "offset_not_found",
      details: { firstOffset },
    });
    await expect(topic.check(5)).rejects.toMatchObject({ code: "bad_request" });
    expect((await topic.createScanner({ from: "first", persist: false })).info().next).toBe(firstOffset);
  });
});

describe("a scanner that meets damage", () => {
  /** Frames of 1, 3 and 1 messages; a bit of the second is flipped. */
  async function damaged(options: FixtureOptions = {}) {
    const first = await openNetlog(options);
    const topic = await first.netlog.createTopic("t");
    await publishAll(topic, ["m0"]);
    await publishTogether(topic, texts(3, 1));
    await publishAll(topic, ["m4"]);
    await first.netlog.close();
    const bytes = first.disk.bytesOf(FIRST_DATA_FILE);
    const position = bytes.indexOf("m2");
    bytes[position] = bytes[position]! ^ 1;
    first.disk.replaceBytes(FIRST_DATA_FILE, bytes);
    const second = await openNetlog({ disk: first.disk, runtime: first.runtime });
    return { ...second, topic: second.netlog.topic("t") };
  }

  it("gets one error with the offsets, and goes on behind it", async () => {
    const { topic } = await damaged();
    const scanner = await topic.createScanner({ from: 0, persist: false });
    expect(told(await scanNow(scanner))).toEqual([0, "m0"]);
    await expect(scanNow(scanner)).rejects.toMatchObject({
      code: "checksum_error",
      details: { offset: 1, nextOffset: 4 },
    });
    expect(scanner.info().next).toBe(4);
    expect(told(await scanNow(scanner))).toEqual([4, "m4"]);
  });

  it("tells one of several scans, and gives the others what comes behind", async () => {
    const { topic } = await damaged();
    const scanner = await topic.createScanner({ from: 1, persist: false });
    const [first, second] = await Promise.allSettled([scanNow(scanner), scanNow(scanner)]);
    expect(first).toMatchObject({ status: "rejected", reason: { code: "checksum_error" } });
    expect(second).toMatchObject({ value: { message: { offset: 4 } } });
  });

  it("keeps its place behind it over a restart", async () => {
    const { topic, netlog, disk, runtime } = await damaged();
    const scanner = await topic.createScanner({ from: 1, persist: true });
    await expect(scanNow(scanner)).rejects.toMatchObject({ code: "checksum_error" });
    await netlog.close();
    const reopened = await openNetlog({ disk, runtime });
    expect(reopened.netlog.topic("t").scanner(scanner.id).info().next).toBe(4);
  });

  it("does not stop reads by offset of anything else", async () => {
    const { topic } = await damaged();
    await expect(topic.message(2)).rejects.toMatchObject({
      code: "checksum_error",
      details: { nextOffset: 4 },
    });
    expect((await topic.message(4)).payload.toString()).toBe("m4");
  });

  it("is no reason to stop for a disk that cannot be read: the scan fails, and the next one reads on", async () => {
    const first = await openNetlog();
    await publishAll(await first.netlog.createTopic("t"), texts(3));
    await first.netlog.close();
    const { FaultyDisk } = await import("../../support/faulty-disk.ts");
    const faulty = new FaultyDisk(first.disk);
    const { netlog } = await openNetlog({ disk: first.disk, runtime: first.runtime, seen: () => faulty });
    const scanner = await netlog.topic("t").createScanner({ from: 0, persist: false });
    faulty.plan({ code: "EIO", kinds: ["read"] });
    await expect(scanNow(scanner)).rejects.toMatchObject({ code: "topic_unavailable" });
    expect(told(await scanNow(scanner))).toEqual([0, "m0"]);
  });
});
