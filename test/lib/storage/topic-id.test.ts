/** A topic's id: another one for each topic that is made, and the same one over restarts and crashes. */
import { describe, expect, it } from "vitest";
import { checkDataFolder } from "../../../lib/index.ts";
import { LIMITS } from "../../../lib/limits.ts";
import { FaultyDisk } from "../../support/faulty-disk.ts";
import type { MemoryDisk } from "../../support/memory-disk.ts";
import { DATA_FOLDER, type NetlogFixture, openNetlog } from "../../support/netlog-fixture.ts";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ID_FILE = `${DATA_FOLDER}/t/id`;

/** A closed Netlog with the topic `t`. */
async function closedTopic(): Promise<NetlogFixture & { readonly id: string }> {
  const fixture = await openNetlog();
  const { id } = await fixture.netlog.createTopic("t");
  await fixture.netlog.close();
  return { ...fixture, id };
}

async function findingsOf(disk: MemoryDisk): Promise<unknown[]> {
  const findings: unknown[] = [];
  await checkDataFolder({
    limits: LIMITS,
    disk,
    folder: DATA_FOLDER,
    topics: [],
    onFinding: (finding) => findings.push(finding),
    onProgress: () => {},
    isCancelled: () => false,
  });
  return findings;
}

describe("a topic's id", () => {
  it("is another one for a topic of the same name that is made later", async () => {
    const { netlog } = await openNetlog();
    const first = await netlog.createTopic("t");
    expect(first.id).toMatch(UUID);
    await netlog.deleteTopic("t", { force: false });
    const second = await netlog.createTopic("t");
    expect(second.id).toMatch(UUID);
    expect(second.id).not.toBe(first.id);
  });

  it("is on the disk when the topic is", async () => {
    const { netlog, disk, runtime } = await openNetlog();
    const { id } = await netlog.createTopic("t");
    const reopened = await openNetlog({ disk: disk.crashPower(() => 0), runtime });
    expect(reopened.netlog.topic("t").id).toBe(id);
  });

  it.each<[string, (disk: MemoryDisk) => void | Promise<void>]>([
    ["was made before topics had ids", (disk) => disk.remove(ID_FILE)],
    ["has an empty one", (disk) => disk.replaceBytes(ID_FILE, Buffer.alloc(0))],
    ["has a garbled one", (disk) => disk.replaceBytes(ID_FILE, Buffer.from('"\r\nX-Evil: 1\r\n'))],
  ])("is made, durably, for a topic that %s", async (_what, spoil) => {
    const { disk, runtime, id: old } = await closedTopic();
    await spoil(disk);
    expect(await findingsOf(disk)).toEqual([
      expect.objectContaining({ topic: "t", kind: "note", file: ID_FILE }),
    ]);
    const opened = await openNetlog({ disk, runtime });
    const { id } = opened.netlog.topic("t");
    expect(id).toMatch(UUID);
    expect(id).not.toBe(old);
    const reopened = await openNetlog({ disk: disk.crashPower(() => 0), runtime });
    expect(reopened.netlog.topic("t").id).toBe(id);
  });

  it("is durable before anybody learns it, also where a kill came before its name was", async () => {
    const { disk, runtime, id } = await closedTopic();
    await disk.rename(ID_FILE, `${ID_FILE}.tmp`);
    await disk.syncFolder(`${DATA_FOLDER}/t`);
    await disk.rename(`${ID_FILE}.tmp`, ID_FILE);
    const killed = disk.crashProcess();
    const opened = await openNetlog({ disk: killed, runtime });
    expect(opened.netlog.topic("t").id).toBe(id);
    const reopened = await openNetlog({ disk: killed.crashPower(() => 0), runtime });
    expect(reopened.netlog.topic("t").id).toBe(id);
  });

  it("keeps no topic away where the disk takes no new file", async () => {
    const { disk, runtime } = await closedTopic();
    await disk.remove(ID_FILE);
    const full = (inner: MemoryDisk): FaultyDisk =>
      new FaultyDisk(inner, { code: "ENOSPC", kinds: ["create", "write"], path: /\/id/, lasting: true });
    const { netlog, logger } = await openNetlog({ disk, runtime, seen: full });
    expect(netlog.topic("t").id).toMatch(UUID);
    expect(logger.messages("warn")).toEqual([
      "the topic's new id could not be written; the next start makes another",
    ]);
  });

  it("keeps a topic away that it cannot be read of, and is left as it is", async () => {
    const { disk, runtime, id } = await closedTopic();
    const faulty = new FaultyDisk(disk, { code: "EACCES", kinds: ["readFile"], path: /\/id$/ });
    const refused = await openNetlog({ disk, runtime, seen: () => faulty });
    expect(refused.netlog.failedTopics()).toEqual([{ name: "t", reason: "id cannot be read (EACCES)" }]);
    await refused.netlog.close();
    expect((await openNetlog({ disk, runtime })).netlog.topic("t").id).toBe(id);
  });
});
