import { describe, expect, it } from "vitest";
import { silentLogger } from "../../../../lib/base/logger.ts";
import { nodeRuntime } from "../../../../lib/base/runtime.ts";
import { lookAtEngine } from "../../../../lib/jetstream/index.ts";
import type { EngineNames } from "../../../../lib/jetstream/nats/names.ts";
import { LIMITS } from "../../../../lib/limits.ts";
import { Netlog } from "../../../../lib/netlog/netlog.ts";
import { FileStorage } from "../../../../lib/storage/file-storage.ts";
import { CopyAhead } from "../../../../lib/topic/copy-ahead.ts";
import { copyStored } from "../../../../lib/topic/copy-stored.ts";
import { DEFAULT_SETTINGS } from "../../../../lib/topic/setting-table.ts";
import type { CopyingStorage } from "../../../../lib/topic/stored-copy.ts";
import { filled, messagesOf, SMALL_SEGMENTS, seen, textsOf } from "../../../support/fork-fixture.ts";
import { MemoryDisk } from "../../../support/memory-disk.ts";
import { hasNats } from "../../../support/nats.ts";
import { publishAll } from "../../../support/netlog-fixture.ts";
import { servedBy } from "../../../support/served-topic.ts";
import { natsOfFile } from "../engine-fixture.ts";
import { openEngineStorage, ownNames, startEngineServer } from "./storage-fixture.ts";

const SURROUNDINGS = { runtime: nodeRuntime, logger: silentLogger, limits: LIMITS };
const UNTIL_DONE = () => false;

function openFiles(disk: MemoryDisk): Promise<FileStorage> {
  return FileStorage.open({ ...SURROUNDINGS, disk, folder: "/data" });
}

function serve(disk: MemoryDisk): Promise<Netlog> {
  return Netlog.open({ ...SURROUNDINGS, openStorage: () => openFiles(disk) });
}

function aheadOf(netlog: Netlog, to: CopyingStorage): CopyAhead {
  const from = servedBy(() => netlog, "source");
  return new CopyAhead({ name: "source", from, to, runtime: nodeRuntime, onCopied: () => {} });
}

function copyRest(from: CopyingStorage, to: CopyingStorage) {
  return copyStored("source", { from, to, defaults: DEFAULT_SETTINGS, runtime: nodeRuntime });
}

async function pictureOf(netlog: Netlog) {
  const topic = netlog.topic("source");
  const { segments, id, settings } = await topic.info();
  const starts = segments.map(({ first_offset }) => first_offset);
  return { id, settings, starts, messages: (await messagesOf(topic)).map(seen) };
}

describe.skipIf(!hasNats)("a copy on NATS that is not whole", () => {
  const nats = natsOfFile();
  const open = (names: EngineNames) => openEngineStorage(nats.current, names);

  it("is no topic to servers, which leave it alone, and becomes one with the rest", async () => {
    const [disk, names] = [new MemoryDisk({ now: Date.now }), ownNames()];
    const netlog = await serve(disk);
    await filled(netlog, SMALL_SEGMENTS);
    const before = await pictureOf(netlog);
    const first = await open(names);
    const ahead = aheadOf(netlog, first);
    await ahead.advance(() => ahead.leftCount < 60);
    expect(ahead.leftCount).toBeGreaterThan(0);
    await ahead.close();
    await first.close();

    const server = await startEngineServer(nats.current, names);
    expect(server.netlog.topicNames()).toEqual([]);
    await server.storage.clean();
    await expect(server.netlog.createTopic("source")).rejects.toThrow(
      "is being copied to NATS by netlog migrate",
    );

    const second = await open(names);
    expect(second.copies).toMatchObject([{ name: "source", id: before.id }]);
    const onwards = aheadOf(netlog, second);
    await onwards.advance(UNTIL_DONE);
    await onwards.close();
    await netlog.close();
    const files = await openFiles(disk);
    expect(await copyRest(files, second)).toMatchObject({ messageCount: 99, heldCount: 99 });
    await Promise.all([files.close(), second.close()]);
    expect(await server.storage.refresh()).toEqual(["source"]);
    await server.netlog.takeUp("source");
    expect(await pictureOf(server.netlog)).toEqual(before);
  });

  it("is written by one process: the last one that took it", async () => {
    const [disk, names] = [new MemoryDisk({ now: Date.now }), ownNames()];
    const netlog = await serve(disk);
    await publishAll(await netlog.createTopic("source"), ["a"]);
    const [one, other] = [await open(names), await open(names)];
    const [former, later] = [aheadOf(netlog, one), aheadOf(netlog, other)];
    await former.advance(UNTIL_DONE);
    await later.advance(UNTIL_DONE);
    await publishAll(netlog.topic("source"), ["b"]);
    await expect(former.advance(UNTIL_DONE)).rejects.toThrow("another server has taken the topic over");
    expect([former.isTaken, later.isTaken]).toEqual([true, false]);
    await later.advance(UNTIL_DONE);
    await Promise.all([former.close(), later.close(), netlog.close()]);

    await other.discardCopy("source");
    await expect(other.discardCopy("source")).rejects.toThrow("there is no unfinished copy of source");
    await Promise.all([one.close(), other.close()]);
    const files = await openFiles(disk);
    const to = await open(names);
    expect(await copyRest(files, to)).toMatchObject({ messageCount: 2, heldCount: 0 });
    await Promise.all([files.close(), to.close()]);
  });
});

describe.skipIf(!hasNats)("a topic that moves from NATS to files", () => {
  const nats = natsOfFile();
  const open = (names: EngineNames) => openEngineStorage(nats.current, names);

  it("is stored to by its server no more, however the move ends, and served again where it is left", async () => {
    const [disk, names] = [new MemoryDisk({ now: Date.now }), ownNames()];
    const server = await startEngineServer(nats.current, names);
    const topic = await server.netlog.createTopic("source");
    await publishAll(topic, ["a", "b"]);
    const files = await openFiles(disk);
    const ahead = aheadOf(server.netlog, files);
    await ahead.advance(UNTIL_DONE);
    await ahead.close();
    await publishAll(topic, ["c"]);

    const left = await open(names);
    const moving = await left.openToMove("source", DEFAULT_SETTINGS);
    const servers = nats.current.servers.map(({ url }) => url);
    const engine = { servers, prefix: names.prefix, limits: LIMITS, logger: silentLogger };
    expect((await lookAtEngine(engine)).topics).toMatchObject([{ topic: "source", isBeingMoved: true }]);
    await expect(publishAll(topic, ["lost"])).rejects.toThrow("another server has taken the topic over");
    await moving.close();
    await left.close();
    await server.netlog.letGo("source");
    await server.netlog.takeUp("source");
    expect((await lookAtEngine(engine)).topics).toMatchObject([{ isBeingMoved: false }]);
    expect(await publishAll(server.netlog.topic("source"), ["d"])).toEqual([3]);

    const from = await open(names);
    expect(await copyRest(from, files)).toMatchObject({ messageCount: 4, heldCount: 2 });
    await expect(publishAll(server.netlog.topic("source"), ["lost"])).rejects.toThrow("taken the topic over");
    await server.netlog.letGo("source");
    await server.netlog.takeUp("source");
    expect(server.netlog.failedTopic("source")?.reason).toContain("has moved from NATS to a data folder");
    await Promise.all([from.close(), files.close()]);
    const back = await serve(disk);
    expect(await textsOf(back.topic("source"))).toEqual(["a", "b", "c", "d"]);
    await publishAll(back.topic("source"), ["e"]);
    await back.close();

    // And to NATS again, in the place of what it was there.
    const [again, once] = [await openFiles(disk), await open(names)];
    expect([once.topicNames, once.moved]).toEqual([[], ["source"]]);
    expect(await copyRest(again, once)).toMatchObject({ messageCount: 5, heldCount: 0 });
    await Promise.all([again.close(), once.close()]);
  });

  it("is whole in the folder after an end between the two, and nobody serves it meanwhile", async () => {
    const [disk, names] = [new MemoryDisk({ now: Date.now }), ownNames()];
    const owner = await open(names);
    const made = await owner.create("source", DEFAULT_SETTINGS);
    await made.log.close();
    await owner.close();
    const [from, files] = [await open(names), await openFiles(disk)];
    const to: CopyingStorage = Object.assign(Object.create(files) as CopyingStorage, {
      openCopy: async (...args: Parameters<CopyingStorage["openCopy"]>) => {
        const copy = await files.openCopy(...args);
        return { ...copy, finish: () => Promise.reject(new Error("killed")) };
      },
    });
    await expect(copyRest(from, to)).rejects.toThrow("killed");
    await Promise.all([from.close(), files.close()]);

    const [again, folder] = [await open(names), await openFiles(disk)];
    expect([again.topicNames, again.moved, folder.topicNames]).toEqual([[], ["source"], []]);
    await copyRest(again, folder);
    await Promise.all([again.close(), folder.close()]);
    const back = await serve(disk);
    expect(back.topicNames()).toEqual(["source"]);
    await back.close();
  });
});
