/** `netlog migrate` is killed at any moment, and given again, until it is through: all topics are there as they were. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FileStorage, Netlog, nodeDisk, nodeRuntime, silentLogger } from "../../lib/index.ts";
import { LIMITS } from "../../lib/limits.ts";
import { programForTest } from "../support/built-program.ts";
import { filled, messagesOf, SMALL_SEGMENTS, seen } from "../support/fork-fixture.ts";
import { hasNats, Nats } from "../support/nats.ts";
import { isSoak } from "../support/soak.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const KILLS = isSoak ? 60 : 3;
const TOPICS = isSoak ? 9 : 2;

function openFolder(folder: string): Promise<Netlog> {
  const surroundings = { runtime: nodeRuntime, logger: silentLogger, limits: LIMITS };
  const openStorage = () => FileStorage.open({ ...surroundings, folder, disk: nodeDisk });
  return Netlog.open({ ...surroundings, openStorage });
}

async function pictureOf(folder: string) {
  const netlog = await openFolder(folder);
  const topics = [];
  for (const name of netlog.topicNames()) {
    const topic = netlog.topic(name);
    const { id, segments, settings, forked_from, forks } = await topic.info();
    const starts = segments.map(({ first_offset }) => first_offset);
    const scanners = topic.scanners.map((scanner) => scanner.info());
    const messages = (await messagesOf(topic)).map(seen);
    topics.push({ name, id, starts, settings, forked_from, forks, scanners, messages });
  }
  await netlog.close();
  return topics;
}

describe.skipIf(!hasNats)("netlog migrate that is killed", () => {
  let nats: Nats;
  beforeAll(async () => {
    nats = await Nats.start();
  });
  afterAll(() => nats.remove());

  it("goes on to NATS and back, and leaves everything as it was", async () => {
    const dir = temporaryFolder();
    const netlog = await openFolder(dir);
    const source = await filled(netlog, SMALL_SEGMENTS, isSoak ? 200 : 9);
    for (let count = 1; count < TOPICS; count++) {
      await netlog.forkTopic(`fork${count}`, { source: "source", offset: 30 + count, bytes: 0 });
    }
    await source.findOrCreateScanner({ id: "s", persist: true, from: 7 });
    await netlog.close();
    const before = await pictureOf(dir);
    const back = `${temporaryFolder()}/data`;

    for (const [folder, ...direction] of [[dir], [back, "--back"]]) {
      const engine = ["--engine", nats.url, "--engine-copies", "1", "--engine-unsafe"];
      const args = ["migrate", "--dir", folder!, ...engine, ...direction];
      for (let kill = 0; kill < KILLS; kill++) {
        const program = programForTest(args);
        await sleep(200 + (800 * kill) / KILLS);
        program.signal("SIGKILL");
        await program.ended();
      }
      const { stdout, stderr } = await programForTest(args).ended();
      const left = stdout.replaceAll(/^(?:copied: .*|not copied: .*: it is there already)\n/gm, "");
      expect([left, stderr]).toEqual(["", ""]);
    }
    expect(await pictureOf(back)).toEqual(before);
  });
});
