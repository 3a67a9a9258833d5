import { describe, expect, it } from "vitest";
import { silentLogger } from "../../../lib/base/logger.ts";
import { nodeRuntime } from "../../../lib/base/runtime.ts";
import { LIMITS } from "../../../lib/limits.ts";
import { Netlog } from "../../../lib/netlog/netlog.ts";
import { FileStorage } from "../../../lib/storage/file-storage.ts";
import { CopyAhead } from "../../../lib/topic/copy-ahead.ts";
import { copyStored } from "../../../lib/topic/copy-stored.ts";
import { DEFAULT_SETTINGS } from "../../../lib/topic/setting-table.ts";
import type { CopyingStorage } from "../../../lib/topic/stored-copy.ts";
import { filled, messagesOf, SMALL_SEGMENTS, seen, textsOf } from "../../support/fork-fixture.ts";
import { MemoryDisk } from "../../support/memory-disk.ts";
import { publishAll } from "../../support/netlog-fixture.ts";
import { servedBy } from "../../support/served-topic.ts";
import { ack, leaseAll } from "../../support/work-fixture.ts";

const SURROUNDINGS = { runtime: nodeRuntime, logger: silentLogger, limits: LIMITS };
const UNTIL_DONE = () => false;

function newDisk(): MemoryDisk {
  return new MemoryDisk({ now: Date.now });
}

function openFiles(disk: MemoryDisk): Promise<FileStorage> {
  return FileStorage.open({ ...SURROUNDINGS, disk, folder: "/data" });
}

function serve(disk: MemoryDisk): Promise<Netlog> {
  return Netlog.open({ ...SURROUNDINGS, openStorage: () => openFiles(disk) });
}

function aheadOf(netlog: () => Netlog, to: FileStorage, name = "source"): CopyAhead {
  const from = servedBy(netlog, name);
  return new CopyAhead({ name, from, to, runtime: nodeRuntime, onCopied: () => {} });
}

/** One run of the command that copies ahead. */
async function copyAhead(netlog: Netlog, to: MemoryDisk, name?: string): Promise<CopyAhead> {
  const storage = await openFiles(to);
  const ahead = aheadOf(() => netlog, storage, name);
  try {
    await ahead.advance(UNTIL_DONE);
  } finally {
    await ahead.close();
    await storage.close();
  }
  return ahead;
}

async function copyRest(from: MemoryDisk, to: MemoryDisk, names: readonly string[]) {
  const [source, target] = [await openFiles(from), await openFiles(to)];
  const options = { from: source, to: target, defaults: DEFAULT_SETTINGS, runtime: nodeRuntime };
  const copied = [];
  try {
    for (const name of names) copied.push(await copyStored(name, options));
  } finally {
    await source.close();
    await target.close();
  }
  return copied;
}

async function pictureOf(netlog: Netlog, name: string) {
  const topic = netlog.topic(name);
  const { segments, id, settings, forked_from } = await topic.info();
  const starts = segments.map(({ first_offset }) => first_offset);
  return { id, settings, forked_from, starts, messages: (await messagesOf(topic)).map(seen) };
}

describe("a topic that is copied ahead", () => {
  it("is whole with the rest: segments, what was dropped since, forks, scanners, and what is stored once", async () => {
    const [disk, to] = [newDisk(), newDisk()];
    let netlog = await serve(disk);
    const topic = await filled(netlog, SMALL_SEGMENTS);
    await netlog.forkTopic("fork", { source: "source", offset: 40, bytes: 0 });
    const first = await copyAhead(netlog, to);
    await copyAhead(netlog, to, "fork");
    expect([first.leftCount, first.messageCount]).toEqual([0, 99]);
    const ONCE = { idempotency: { key: "k", digest: Buffer.alloc(32, 1) } };
    const once = await topic.publish({ payload: Buffer.from("once") }, ONCE);
    const { scanner } = await topic.findOrCreateScanner({
      id: "w",
      persist: true,
      ack: "explicit",
      from: 92,
    });
    const given = await leaseAll(scanner, 5);
    await ack(scanner, [given[1]![0]]);
    await copyAhead(netlog, to);
    await publishAll(topic, ["late"]);
    await netlog.updateTopic("source", { retention_size: 2000, segment_age: "1day" });
    await topic.upkeep(0);
    await netlog.close();

    netlog = await serve(disk);
    const before = [await pictureOf(netlog, "source"), await pictureOf(netlog, "fork")];
    expect(before[0]!.starts[0]).toBeGreaterThan(0);
    await netlog.close();
    expect(await copyRest(disk, to, ["source", "fork"])).toMatchObject([
      { heldCount: expect.any(Number), scannerCount: 1 },
      { messageCount: 40, heldCount: 40 },
    ]);
    const copy = await serve(to);
    expect([await pictureOf(copy, "source"), await pictureOf(copy, "fork")]).toEqual(before);
    expect((await copy.topic("source").info()).forks).toBe(1);
    const again = copy.topic("source").scanner("w").pendingMessages(-1, 9);
    expect(again.map(({ offset }) => offset)).toEqual(
      [given[0], given[2], given[3], given[4]].map((one) => one![0]),
    );
    expect(await copy.topic("source").publish({ payload: Buffer.from("once") }, ONCE)).toMatchObject({
      isDuplicate: true,
      offset: once.offset,
    });
    await copy.close();
  });

  it("is no topic before it is whole, and stays over starts of a server on the other storage", async () => {
    const [disk, to] = [newDisk(), newDisk()];
    const netlog = await serve(disk);
    await publishAll(await netlog.createTopic("source"), ["a", "b"]);
    await copyAhead(netlog, to);
    await netlog.close();
    const other = await serve(to);
    expect(other.topicNames()).toEqual([]);
    await other.close();
    expect(await copyRest(disk, to, ["source"])).toEqual([
      { messageCount: 2, heldCount: 2, scannerCount: 0 },
    ]);
    expect(await to.list("/data")).not.toContain(".copying");
  });

  it("goes on from any place where it was broken off", async () => {
    const disk = newDisk();
    let to = newDisk();
    const netlog = await serve(disk);
    await filled(netlog, SMALL_SEGMENTS);
    const before = await pictureOf(netlog, "source");
    for (let left = Infinity; left > 0; ) {
      const storage = await openFiles(to);
      const ahead = aheadOf(() => netlog, storage);
      let reads = 0;
      await ahead.advance(() => ++reads > 1);
      expect(ahead.leftCount).toBeLessThan(left);
      left = ahead.leftCount;
      to = to.crashProcess();
    }
    await netlog.close();
    await copyRest(disk, to, ["source"]);
    const copy = await serve(to);
    expect(await pictureOf(copy, "source")).toEqual(before);
    await copy.close();
  });

  it("is left, and gone on with, where the copying of the rest is stopped", async () => {
    const [disk, to] = [newDisk(), newDisk()];
    const netlog = await serve(disk);
    await filled(netlog, SMALL_SEGMENTS);
    const before = await pictureOf(netlog, "source");
    await netlog.close();
    const [from, files] = [await openFiles(disk), await openFiles(to)];
    const stop = new AbortController();
    const options = {
      from,
      to: files,
      defaults: DEFAULT_SETTINGS,
      runtime: nodeRuntime,
      signal: stop.signal,
    };
    const onCopied = (): void => stop.abort(new Error("stopped"));
    await expect(copyStored("source", { ...options, onCopied })).rejects.toThrow("stopped");
    expect(files.topicNames).toEqual([]);
    await Promise.all([from.close(), files.close()]);

    const [copied] = await copyRest(disk, to, ["source"]);
    expect(copied!.heldCount).toBeGreaterThan(0);
    expect(copied!.heldCount).toBeLessThan(copied!.messageCount);
    const copy = await serve(to);
    expect(await pictureOf(copy, "source")).toEqual(before);
    await copy.close();
  });

  it("has the scanners and settings of the source's last life, where an earlier run had copied others", async () => {
    const [disk, to] = [newDisk(), newDisk()];
    let netlog = await serve(disk);
    await publishAll(await netlog.createTopic("source"), ["a", "b", "c"]);
    for (const id of ["gone", "moved"]) {
      await netlog.topic("source").findOrCreateScanner({ id, persist: true, from: 0 });
    }
    await netlog.close();
    const [from, files] = [await openFiles(disk), await openFiles(to)];
    const target: CopyingStorage = Object.assign(Object.create(files) as CopyingStorage, {
      openCopy: async (...args: Parameters<CopyingStorage["openCopy"]>) => {
        const copy = await files.openCopy(...args);
        return { ...copy, finish: () => Promise.reject(new Error("killed")) };
      },
    });
    const options = { from, to: target, defaults: DEFAULT_SETTINGS, runtime: nodeRuntime };
    await expect(copyStored("source", options)).rejects.toThrow("killed");
    await Promise.all([from.close(), files.close()]);

    netlog = await serve(disk);
    await netlog.topic("source").deleteScanner("gone");
    await netlog.topic("source").scanner("moved").seek(2);
    await netlog.updateTopic("source", { retention_size: 4000 });
    await netlog.close();
    await copyRest(disk, to, ["source"]);
    const copy = await serve(to);
    const { settings, scanners } = copy.topic("source");
    expect(scanners.map((scanner) => scanner.info())).toMatchObject([{ id: "moved", next: 2 }]);
    expect(settings.retention_size).toBe(4000);
    await copy.close();
  });

  it("never mixes two histories: one that was set back, and is as long again, is refused", async () => {
    const [disk, backup, to] = [newDisk(), newDisk(), newDisk()];
    let netlog = await serve(disk);
    await publishAll(await netlog.createTopic("source"), ["a", "b"]);
    await netlog.close();
    await copyRest(disk, backup, ["source"]);
    netlog = await serve(disk);
    await publishAll(netlog.topic("source"), ["c"]);
    await copyAhead(netlog, to);
    await netlog.close();

    netlog = await serve(backup);
    await expect(copyAhead(netlog, to)).rejects.toThrow("it ends at offset 3, and the source at 2");
    await publishAll(netlog.topic("source"), ["x"]);
    await expect(copyAhead(netlog, to)).rejects.toThrow(
      "its last message, 2, is not the one that the source has",
    );
    await publishAll(netlog.topic("source"), ["y"]);
    await expect(copyAhead(netlog, to)).rejects.toThrow("discard the copy with --discard");
    await netlog.close();
    await expect(copyRest(backup, to, ["source"])).rejects.toThrow("its last message, 2");

    const storage = await openFiles(to);
    expect(storage.copies).toMatchObject([{ name: "source" }]);
    await storage.discardCopy("source");
    await storage.close();
    await copyRest(backup, to, ["source"]);
    const copy = await serve(to);
    expect(await textsOf(copy.topic("source"))).toEqual(["a", "b", "x", "y"]);
    await copy.close();
  });

  it("finds a source that is set back between two reads", async () => {
    const [disk, to] = [newDisk(), newDisk()];
    let netlog = await serve(disk);
    const texts = Array.from({ length: 50 }, (_, index) => `${index}`.padEnd(100));
    await publishAll(await netlog.createTopic("source"), texts);
    const { id } = netlog.topic("source");
    const storage = await openFiles(to);
    const range = { id, startOffset: 0, endOffset: 50, segmentStarts: [0] };
    let reads = 0;
    const ahead = new CopyAhead({
      name: "source",
      from: {
        describe: () => Promise.resolve(range),
        async read(offset, maxMessages) {
          if (++reads === 2) {
            await netlog.close();
            netlog = await serve(newDisk());
            await publishAll(await netlog.createTopic("source"), texts);
          }
          return await servedBy(() => netlog, "source").read(offset, maxMessages);
        },
      },
      to: storage,
      runtime: nodeRuntime,
      onCopied: () => {},
    });
    await expect(ahead.advance(UNTIL_DONE)).rejects.toThrow("is not the one that the source has there");
    await ahead.close();
    await storage.close();
    await netlog.close();
  });

  it("begins anew where the source has dropped all that it has, or the topic was made anew meanwhile", async () => {
    const [disk, to] = [newDisk(), newDisk()];
    const netlog = await serve(disk);
    const topic = await netlog.createTopic("source", SMALL_SEGMENTS);
    await publishAll(topic, ["a"]);
    const storage = await openFiles(to);
    const ahead = aheadOf(() => netlog, storage);
    expect(await ahead.advance(UNTIL_DONE)).toBe(false);
    for (let round = 0; round < 9; round++) await publishAll(topic, ["x".repeat(500)]);
    await netlog.updateTopic("source", { retention_size: 1000 });
    await topic.upkeep(0);
    const { startOffset } = await servedBy(() => netlog, "source").describe();
    expect(startOffset).toBeGreaterThan(1);
    expect(await ahead.advance(UNTIL_DONE)).toBe(false);
    expect([ahead.leftCount, ahead.messageCount]).toEqual([0, 10 - startOffset]);

    await netlog.deleteTopic("source", { force: true });
    await publishAll(await netlog.createTopic("source"), ["new"]);
    expect(await ahead.advance(UNTIL_DONE)).toBe(true);
    await ahead.close();
    await storage.close();
    await netlog.close();
    await copyRest(disk, to, ["source"]);
    const copy = await serve(to);
    expect(await textsOf(copy.topic("source"))).toEqual(["new"]);
    await copy.close();
  });

  it("is not gone on with for another topic of its name", async () => {
    const [disk, other, to] = [newDisk(), newDisk(), newDisk()];
    for (const each of [disk, other]) {
      const netlog = await serve(each);
      await publishAll(await netlog.createTopic("source"), ["a"]);
      if (each === disk) await copyAhead(netlog, to);
      else
        await expect(copyAhead(netlog, to)).rejects.toThrow(
          "an unfinished copy of another topic source is there",
        );
      await netlog.close();
    }
    await expect(copyRest(other, to, ["source"])).rejects.toThrow("discard it with --discard");
    await copyRest(disk, to, ["source"]);
    await expect(copyRest(disk, to, ["source"])).rejects.toThrow("topic exists");
  });

  it("is not written to by an answer that holds no frames", async () => {
    const [disk, to] = [newDisk(), newDisk()];
    const netlog = await serve(disk);
    await publishAll(await netlog.createTopic("source"), ["a"]);
    const storage = await openFiles(to);
    const { describe } = servedBy(() => netlog, "source");
    for (const answer of ["", "<html>", "NLF"]) {
      const read = () => Promise.resolve(Buffer.from(answer));
      const from = { describe, read };
      const ahead = new CopyAhead({
        name: "source",
        from,
        to: storage,
        runtime: nodeRuntime,
        onCopied: () => {},
      });
      await expect(ahead.advance(UNTIL_DONE)).rejects.toThrow("holds no whole frames");
      await ahead.close();
    }
    await storage.close();
    await netlog.close();
  });
});
