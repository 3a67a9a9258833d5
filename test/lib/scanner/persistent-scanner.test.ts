import { describe, expect, it } from "vitest";
import type { Delivery, Scanner } from "../../../lib/index.ts";
import { within } from "../../support/deadline.ts";
import { FaultyDisk } from "../../support/faulty-disk.ts";
import type { MemoryDisk } from "../../support/memory-disk.ts";
import { type NetlogFixture, openNetlog, publishAll, texts, told } from "../../support/netlog-fixture.ts";

function scanNow(scanner: Scanner): Promise<Delivery | undefined> {
  return within("a scan that does not wait", scanner.scan({ waitMs: 0 }));
}

async function take(scanner: Scanner, count: number): Promise<void> {
  for (let i = 0; i < count; i++) (await scanNow(scanner))!.settle(true);
}

async function newScanner(settings: object = {}) {
  const fixture = await openNetlog();
  const topic = await fixture.netlog.createTopic("t", settings);
  await publishAll(topic, texts(10));
  return { ...fixture, topic, scanner: await topic.createScanner({ from: 2, persist: true }) };
}

function reopen(disk: MemoryDisk, { runtime }: NetlogFixture): Promise<NetlogFixture> {
  return openNetlog({ disk, runtime });
}

function pathOf(scanner: Scanner): string {
  return `/data/t/scanners/${scanner.id}.scanner`;
}

describe("a persistent scanner", () => {
  it("survives the power going right after its creation", async () => {
    const fixture = await newScanner();
    const { netlog } = await reopen(
      fixture.disk.crashPower(() => 0),
      fixture,
    );
    const { id } = fixture.scanner;
    expect(netlog.topic("t").scanner(id).info()).toEqual({ id, next: 2, from: 2, persistent: true });
  });

  it("goes on where it was after a clean stop, and after a kill", async () => {
    const fixture = await newScanner();
    await take(fixture.scanner, 3);
    await fixture.netlog.close();
    const second = await reopen(fixture.disk, fixture);
    const scanner = second.netlog.topic("t").scanner(fixture.scanner.id);
    expect(scanner.info()).toMatchObject({ next: 5, from: 2 });
    await take(scanner, 2);
    const third = await reopen(second.disk.crashProcess(), second);
    expect(third.netlog.topic("t").scanner(fixture.scanner.id).info().next).toBe(7);
  });

  it("is back at what was not handed over, or not yet, and all behind it", async () => {
    const fixture = await newScanner();
    const [first, second, third] = [
      await scanNow(fixture.scanner),
      await scanNow(fixture.scanner),
      await scanNow(fixture.scanner),
    ];
    third!.settle(true);
    second!.settle(false);
    first!.settle(true);
    const { netlog } = await reopen(fixture.disk.crashProcess(), fixture);
    expect(netlog.topic("t").scanner(fixture.scanner.id).info().next).toBe(3);
  });

  it("has its position on the disk a moment after, without anybody asking", async () => {
    const fixture = await newScanner();
    await take(fixture.scanner, 3);
    await fixture.runtime.advance(1000);
    const { netlog } = await reopen(
      fixture.disk.crashPower(() => 0),
      fixture,
    );
    expect(netlog.topic("t").scanner(fixture.scanner.id).info().next).toBe(5);
  });

  it("has it there after a sync of the topic", async () => {
    const fixture = await newScanner();
    await take(fixture.scanner, 3);
    await fixture.topic.sync();
    const { netlog } = await reopen(
      fixture.disk.crashPower(() => 0),
      fixture,
    );
    expect(netlog.topic("t").scanner(fixture.scanner.id).info().next).toBe(5);
  });

  it("never skips what a loss of power took from the topic, nor after a second loss", async () => {
    const fixture = await newScanner({ durability: "written", sync_interval: "1day" });
    await fixture.topic.sync();
    await publishAll(fixture.topic, texts(10, 10));
    await take(fixture.scanner, 18);
    // The position gets to the disk, the messages do not.
    await fixture.runtime.advance(1000);
    const second = await reopen(
      fixture.disk.crashPower(() => 0),
      fixture,
    );
    const topic = second.netlog.topic("t");
    expect((await topic.info()).latest_offset).toBe(9);
    expect(topic.scanner(fixture.scanner.id).info().next).toBe(10);
    await publishAll(topic, texts(10, 100));
    await topic.sync();
    const third = await reopen(
      second.disk.crashPower(() => 0),
      second,
    );
    const scanner = third.netlog.topic("t").scanner(fixture.scanner.id);
    expect(told(await scanNow(scanner))).toEqual([10, "m100"]);
  });

  it("stays deleted over a loss of power", async () => {
    const fixture = await newScanner();
    await take(fixture.scanner, 1);
    await fixture.topic.deleteScanner(fixture.scanner.id);
    expect(fixture.disk.paths()).not.toContain(pathOf(fixture.scanner));
    const { netlog } = await reopen(
      fixture.disk.crashPower(() => 0),
      fixture,
    );
    expect((await netlog.topic("t").info()).scanners).toEqual({});
  });

  it("survives a torn write of either slot: it may repeat", async () => {
    for (const taken of [3, 4]) {
      const fixture = await newScanner();
      for (let i = 0; i < taken; i++) {
        await take(fixture.scanner, 1);
        await fixture.topic.sync();
      }
      await fixture.netlog.close();
      const bytes = fixture.disk.bytesOf(pathOf(fixture.scanner));
      const slot = (taken % 2) * 4096;
      bytes.fill(0xff, slot + 10, slot + 25);
      fixture.disk.replaceBytes(pathOf(fixture.scanner), bytes);
      const { netlog } = await reopen(fixture.disk, fixture);
      expect(netlog.topic("t").scanner(fixture.scanner.id).info().next).toBe(2 + taken - 1);
    }
  });

  it("whose file is garbled is reported and answers 503 until it is deleted; the rest serves", async () => {
    const fixture = await newScanner();
    const other = await fixture.topic.createScanner({ from: 0, persist: true });
    await fixture.netlog.close();
    fixture.disk.replaceBytes(pathOf(fixture.scanner), Buffer.alloc(60, "x"));
    fixture.disk.replaceBytes("/data/t/scanners/notes.txt", Buffer.from("mine"));
    const { netlog, logger, disk } = await reopen(fixture.disk, fixture);
    const topic = netlog.topic("t");
    expect(() => topic.scanner(fixture.scanner.id)).toThrow(
      expect.objectContaining({ code: "topic_unavailable", reason: expect.stringContaining("damaged") }),
    );
    expect(told(await scanNow(topic.scanner(other.id)))).toEqual([0, "m0"]);
    expect(logger.messages("error")).toEqual([expect.stringContaining("damaged")]);
    expect(logger.messages("warn")).toEqual([expect.stringContaining("left alone")]);
    await topic.deleteScanner(other.id);
    await expect(netlog.deleteTopic("t", { force: false })).rejects.toMatchObject({ code: "resource_busy" });
    await topic.deleteScanner(fixture.scanner.id);
    expect(() => topic.scanner(fixture.scanner.id)).toThrow(
      expect.objectContaining({ code: "scanner_not_found" }),
    );
    expect(disk.paths()).toContain("/data/t/scanners/notes.txt");
    await netlog.deleteTopic("t", { force: false });
  });

  it("is not there when it could not be made", async () => {
    const { disk, runtime, netlog } = await openNetlog();
    await netlog.createTopic("t");
    await netlog.close();
    const faulty = new FaultyDisk(disk);
    const second = await openNetlog({ disk, runtime, seen: () => faulty });
    const topic = second.netlog.topic("t");
    for (let nth = 1; ; nth++) {
      faulty.plan({
        code: "ENOSPC",
        kinds: ["create", "write", "sync", "rename", "makeFolder", "syncFolder"],
        nth,
      });
      const created = await topic.createScanner({ from: 0, persist: true }).catch((error: unknown) => error);
      if (faulty.hit === undefined) break;
      expect(created).toMatchObject({ code: "storage_full" });
      faulty.plan();
      expect((await topic.info()).scanners).toEqual({});
      expect(disk.paths().filter((path) => path.includes("/scanners/"))).toEqual([]);
    }
    expect(Object.keys((await topic.info()).scanners)).toHaveLength(1);
  });

  it("goes on when its position cannot be written: it is logged, and repeated after a restart", async () => {
    const first = await openNetlog();
    await publishAll(await first.netlog.createTopic("t"), texts(5));
    await first.netlog.close();
    const faulty = new FaultyDisk(first.disk);
    const { netlog, logger } = await openNetlog({
      disk: first.disk,
      runtime: first.runtime,
      seen: () => faulty,
    });
    const scanner = await netlog.topic("t").createScanner({ from: 0, persist: true });
    await take(scanner, 1);
    faulty.plan({ code: "EIO", kinds: ["write"], lasting: true });
    await take(scanner, 2);
    expect(logger.messages("error")[0]).toContain("position of a scanner was not written");
    const third = await reopen(first.disk.crashProcess(), first);
    expect(third.netlog.topic("t").scanner(scanner.id).info().next).toBe(1);
  });
});
