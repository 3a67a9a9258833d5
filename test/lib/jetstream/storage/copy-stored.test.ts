import { describe, expect, it } from "vitest";
import { silentLogger } from "../../../../lib/base/logger.ts";
import { nodeRuntime } from "../../../../lib/base/runtime.ts";
import { LIMITS } from "../../../../lib/limits.ts";
import { Netlog } from "../../../../lib/netlog/netlog.ts";
import { FileStorage } from "../../../../lib/storage/file-storage.ts";
import { copyStored } from "../../../../lib/topic/copy-stored.ts";
import { DEFAULT_SETTINGS } from "../../../../lib/topic/setting-table.ts";
import type { Storage } from "../../../../lib/topic/storage.ts";
import type { CopyingStorage } from "../../../../lib/topic/stored-copy.ts";
import { filled, messagesOf, SMALL_SEGMENTS, seen } from "../../../support/fork-fixture.ts";
import { MemoryDisk } from "../../../support/memory-disk.ts";
import { hasNats } from "../../../support/nats.ts";
import { publishAll } from "../../../support/netlog-fixture.ts";
import { ack, lease, leaseAll } from "../../../support/work-fixture.ts";
import { natsOfFile } from "../engine-fixture.ts";
import { openEngineStorage, ownNames } from "./storage-fixture.ts";

const SURROUNDINGS = { runtime: nodeRuntime, logger: silentLogger, limits: LIMITS };
const ONCE = { idempotency: { key: "k", digest: Buffer.alloc(32, 1) } };

function openFiles(disk: MemoryDisk): Promise<FileStorage> {
  return FileStorage.open({ ...SURROUNDINGS, disk, folder: "/data" });
}

async function use<Result>(storage: Storage, work: (netlog: Netlog) => Promise<Result>): Promise<Result> {
  const netlog = await Netlog.open({ ...SURROUNDINGS, openStorage: () => Promise.resolve(storage) });
  try {
    return await work(netlog);
  } finally {
    await netlog.close();
  }
}

async function copyAll(from: CopyingStorage, to: CopyingStorage): Promise<void> {
  const options = { from, to, defaults: DEFAULT_SETTINGS, runtime: nodeRuntime };
  for (const name of from.topicNames) await copyStored(name, options);
  await from.close();
  await to.close();
}

/** All that a topic shows, without changing it. */
async function pictureOf(netlog: Netlog, name: string) {
  const topic = netlog.topic(name);
  const scanners = topic.scanners.map((scanner) => {
    const { oldest_pending: _age, last_scan: _time, ...described } = scanner.describe();
    const pending = scanner.leases ? scanner.pendingMessages(-1, 100) : [];
    return { ...described, given: pending.map(({ offset, deliveries }) => [offset, deliveries]) };
  });
  return { messages: (await messagesOf(topic)).map(seen), settings: { ...topic.settings }, scanners };
}

describe.skipIf(!hasNats)("a topic that is copied from files to NATS and back", () => {
  const nats = natsOfFile();

  it("is the same there: offsets, times, fields, settings, scanners, what was stored once, and its end", async () => {
    const disk = new MemoryDisk({ now: Date.now });
    await use(await openFiles(disk), async (netlog) => {
      const topic = await filled(netlog, { ...SMALL_SEGMENTS, segment_age: "1day", retention_size: 2000 });
      await topic.publish({ payload: Buffer.from("once") }, ONCE);
      await topic.upkeep(0);
      const { scanner } = await topic.findOrCreateScanner({
        id: "p.1",
        persist: true,
        from: "first",
        keys: ["k7", "k8"],
      });
      await lease(scanner);
      const work = await topic.findOrCreateScanner({
        id: "w",
        ack: "explicit",
        from: "first",
        expireMs: 60_000,
      });
      const given = await leaseAll(work.scanner, 5);
      await ack(work.scanner, [given[0]![0], given[2]![0]]);
      await netlog.createTopic("closed", {}, { closes: true });
      await netlog.createTopic("empty");
    });
    const before = await use(await openFiles(disk), async (netlog) => {
      return { source: await pictureOf(netlog, "source"), closed: await pictureOf(netlog, "closed") };
    });
    expect(before.source.messages[0]).not.toMatchObject({ offset: 0 });
    expect(before.source.scanners).toMatchObject([{ id: "p.1" }, { id: "w", pending: 3 }]);

    const names = ownNames();
    await copyAll(await openFiles(disk), await openEngineStorage(nats.current, names));
    const onNats = await use(await openEngineStorage(nats.current, names), async (netlog) => {
      expect(netlog.topicNames()).toEqual(["closed", "empty", "source"]);
      return { source: await pictureOf(netlog, "source"), closed: await pictureOf(netlog, "closed") };
    });
    expect(onNats).toEqual(before);

    const back = new MemoryDisk({ now: Date.now });
    await copyAll(await openEngineStorage(nats.current, names), await openFiles(back));
    await use(await openFiles(back), async (netlog) => {
      expect({
        source: await pictureOf(netlog, "source"),
        closed: await pictureOf(netlog, "closed"),
      }).toEqual(before);
      const topic = netlog.topic("source");
      const duplicate = await topic.publish({ payload: Buffer.from("once") }, ONCE);
      expect(duplicate.isDuplicate).toBe(true);
      expect(await publishAll(topic, ["next"])).toEqual([duplicate.offset + 1]);
      await expect(netlog.topic("closed").publish({ payload: Buffer.from("no") })).rejects.toThrow(
        "topic closed",
      );
      expect(await publishAll(netlog.topic("empty"), ["first"])).toEqual([0]);
    });
  });

  it("is refused where there is one of its name, and nothing is changed", async () => {
    const disk = new MemoryDisk({ now: Date.now });
    await use(await openFiles(disk), async (netlog) => {
      await publishAll(await netlog.createTopic("t"), ["files"]);
    });
    const names = ownNames();
    await use(await openEngineStorage(nats.current, names), async (netlog) => {
      await publishAll(await netlog.createTopic("t"), ["nats"]);
    });
    const [from, to] = [await openFiles(disk), await openEngineStorage(nats.current, names)];
    await expect(copyAll(from, to)).rejects.toThrow("topic exists");
    await Promise.all([from.close(), to.close()]);
    await use(await openEngineStorage(nats.current, names), async (netlog) => {
      expect((await messagesOf(netlog.topic("t"))).map(({ payload }) => String(payload))).toEqual(["nats"]);
    });
  });
});
