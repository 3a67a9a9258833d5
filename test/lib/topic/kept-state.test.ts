import { describe, expect, it } from "vitest";
import { checkDataFolder, type PublishOptions, type Topic } from "../../../lib/index.ts";
import { LIMITS } from "../../../lib/limits.ts";
import type { MemoryDisk } from "../../support/memory-disk.ts";
import { DATA_FOLDER, type NetlogFixture, openNetlog } from "../../support/netlog-fixture.ts";
import { rejection } from "../../support/rejection.ts";

const STATE = `${DATA_FOLDER}/t/state`;
const COPY = `${DATA_FOLDER}/t/state.copy`;

function once(key: string): PublishOptions {
  return { idempotency: { key, digest: Buffer.alloc(32) } };
}

async function publishOnce(topic: Topic, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) await topic.publish({ payload: Buffer.from(`${i}`) }, once(`k${i}`));
}

/** Every key of `[0, count)` is found at its offset, and nothing is stored. */
async function expectRemembered(topic: Topic, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const again = await topic.publish({ payload: Buffer.from(`${i}`) }, once(`k${i}`));
    expect(again).toMatchObject({ offset: i, isDuplicate: true });
  }
}

/** Forty keys in several segments, of a process that was killed. */
async function killed(): Promise<NetlogFixture> {
  const fixture = await openNetlog({ limits: { stateCheckpointAppends: 10 } });
  const topic = await fixture.netlog.createTopic("t", { segment_size: 1024 });
  await publishOnce(topic, 0, 40);
  for (let turn = 0; turn < 20; turn++) await fixture.runtime.turn();
  return { ...fixture, disk: fixture.disk.crashProcess() };
}

async function damage(disk: MemoryDisk, path: string): Promise<void> {
  const bytes = await disk.readFile(path);
  const file = disk.open(path);
  file.write(Buffer.from([bytes[30]! ^ 1]), 30);
  await file.sync();
  file.close();
}

describe("the state of a topic", () => {
  it("is not there for a topic that remembers nothing", async () => {
    const { netlog, disk } = await openNetlog();
    const topic = await netlog.createTopic("t");
    await topic.publish({ payload: Buffer.from("a") });
    await topic.publish({ payload: Buffer.from("b") }, { expectedOffset: 1 });
    await netlog.close();
    expect(await disk.stat(STATE)).toBeUndefined();
    expect(await disk.stat(COPY)).toBeUndefined();
  });

  it("is there before the first append that it has to remember", async () => {
    const { netlog, disk } = await openNetlog();
    const topic = await netlog.createTopic("t");
    disk.capacityBytes = 0;
    expect(await rejection(publishOnce(topic, 0, 1))).toMatchObject({ code: "storage_full" });
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    await publishOnce(topic, 0, 1);
    expect(await disk.stat(STATE)).toBeDefined();
  });

  it.each([STATE, COPY])("survives the loss of %s", async (path) => {
    const { disk, runtime } = await killed();
    await damage(disk, path);
    const { netlog, logger } = await openNetlog({ disk, runtime });
    expect(logger.messages("warn")).toContain("a copy of the topic's state does not have its checksum");
    await expectRemembered(netlog.topic("t"), 40);
  });

  it.each(["damaged", "missing"])(
    "is made again from the messages where both copies are %s, and the log says so",
    async (how) => {
      const { disk, runtime } = await killed();
      for (const path of [STATE, COPY]) {
        if (how === "damaged") await damage(disk, path);
        else await disk.remove(path);
      }
      const { netlog, logger } = await openNetlog({ disk, runtime });
      await expectRemembered(netlog.topic("t"), 40);
      expect(logger.messages("info")).toContain("the topic's state is made");
      const isLost = logger
        .messages("error")
        .includes("the topic's state is lost, and made again from its messages");
      expect(isLost).toBe(how === "damaged");
    },
  );

  it("of a later version is made again", async () => {
    const { disk, runtime } = await killed();
    await disk.remove(COPY);
    const file = disk.open(STATE);
    file.write(Buffer.from("no state"), 0);
    file.close();
    const { netlog } = await openNetlog({ disk, runtime });
    await expectRemembered(netlog.topic("t"), 40);
  });

  it("that speaks of more than the log has does not count", async () => {
    const { disk, runtime } = await killed();
    const kept = await disk.readFile(STATE);
    const later = await openNetlog({ disk, runtime });
    await publishOnce(later.netlog.topic("t"), 40, 60);
    await later.netlog.close();
    const [state, copy] = [await disk.readFile(STATE), await disk.readFile(COPY)];
    expect(state.equals(kept)).toBe(false);
    // The folder of before, with the state of later.
    const before = await killed();
    for (const [path, bytes] of [
      [STATE, state],
      [COPY, copy],
    ] as const) {
      await before.disk.remove(path);
      const file = before.disk.create(path);
      file.write(bytes, 0);
      file.close();
    }
    const { netlog } = await openNetlog({ disk: before.disk, runtime: before.runtime });
    const topic = netlog.topic("t");
    await expectRemembered(topic, 40);
    expect((await topic.publish({ payload: Buffer.from("40") }, once("k40"))).isDuplicate).toBeUndefined();
  });

  it("is not replayed after a clean stop", async () => {
    const { netlog, disk, runtime } = await openNetlog();
    const topic = await netlog.createTopic("t");
    await publishOnce(topic, 0, 3);
    await netlog.close();
    const again = await openNetlog({ disk, runtime });
    await expectRemembered(again.netlog.topic("t"), 3);
  });

  it("is looked at by the check of a folder: a whole one is no finding, a damaged one is", async () => {
    const { disk } = await killed();
    expect(await findingsOf(disk)).toEqual([]);
    await damage(disk, COPY);
    expect(await findingsOf(disk)).toEqual([
      `${COPY}: it does not have its checksum; the other copy counts, and what follows it is read from the messages`,
    ]);
    await damage(disk, STATE);
    expect(await findingsOf(disk)).toContain(
      `${STATE}: it does not have its checksum; the next start makes the topic's state again from its messages`,
    );
  });
});

async function findingsOf(disk: MemoryDisk): Promise<string[]> {
  const found: string[] = [];
  await checkDataFolder({
    limits: LIMITS,
    disk,
    folder: DATA_FOLDER,
    topics: [],
    onFinding: (finding) => {
      if (finding.kind === "damage") found.push(`${finding.file}: ${finding.message}`);
    },
    onProgress: () => {},
    isCancelled: () => false,
  });
  return found;
}
