/** A topic whose state is kept, and what tests do to its two copies. */
import { expect } from "vitest";
import { checkDataFolder, type PublishOptions, type Topic } from "../../lib/index.ts";
import { LIMITS } from "../../lib/limits.ts";
import type { MemoryDisk } from "./memory-disk.ts";
import { DATA_FOLDER, type NetlogFixture, openNetlog } from "./netlog-fixture.ts";

export const STATE: string = `${DATA_FOLDER}/t/state`;
export const COPY: string = `${DATA_FOLDER}/t/state.copy`;

export function once(key: string): PublishOptions {
  return { idempotency: { key, digest: Buffer.alloc(32) } };
}

export async function publishOnce(topic: Topic, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) await topic.publish({ payload: Buffer.from(`${i}`) }, once(`k${i}`));
}

/** Every key of `[0, count)` is found at its offset, and nothing is stored. */
export async function expectRemembered(topic: Topic, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const again = await topic.publish({ payload: Buffer.from(`${i}`) }, once(`k${i}`));
    expect(again).toMatchObject({ offset: i, isDuplicate: true });
  }
}

/** Forty keys in several segments, of a process that was killed. */
export async function killed(): Promise<NetlogFixture> {
  const fixture = await openNetlog({ limits: { stateCheckpointAppends: 10 } });
  const topic = await fixture.netlog.createTopic("t", { segment_size: 1024 });
  await publishOnce(topic, 0, 40);
  for (let turn = 0; turn < 20; turn++) await fixture.runtime.turn();
  return { ...fixture, disk: fixture.disk.crashProcess() };
}

export async function damage(disk: MemoryDisk, path: string): Promise<void> {
  const bytes = await disk.readFile(path);
  const file = disk.open(path);
  file.write(Buffer.from([bytes[30]! ^ 1]), 30);
  await file.sync();
  file.close();
}

/** The path of the copy that counts. */
export async function newestOf(disk: MemoryDisk): Promise<string> {
  const sequences = await Promise.all(
    [STATE, COPY].map(async (path) => (await disk.readFile(path)).readDoubleBE(4)),
  );
  return sequences[0]! > sequences[1]! ? STATE : COPY;
}

export async function findingsOf(disk: MemoryDisk): Promise<string[]> {
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
