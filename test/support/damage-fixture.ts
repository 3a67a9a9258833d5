/** A data folder of several topics and segments, closed or killed, and what can still be read of it when damaged. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect } from "vitest";
import { checkDataFolder, type FolderFinding, type Topic } from "../../lib/index.ts";
import { LIMITS } from "../../lib/limits.ts";
import { diskOf, type Snapshot, type Stretch, snapshotOf } from "./data-files.ts";
import { within } from "./deadline.ts";
import type { ManualRuntime } from "./manual-runtime.ts";
import type { MemoryDisk } from "./memory-disk.ts";
import { DATA_FOLDER, openNetlog, publishAll, publishTogether, texts } from "./netlog-fixture.ts";

/** Single messages and sets in several segments; `gzipped` has the same, compressed; `other` is there to be left in peace. */
export interface Filled {
  readonly files: Snapshot;
  readonly runtime: ManualRuntime;
}

export async function fill(how: "closed" | "killed"): Promise<Filled> {
  const { netlog, disk, runtime } = await openNetlog();
  const plain = await netlog.createTopic("t", { segment_size: 1024 });
  const gzipped = await netlog.createTopic("gzipped", { segment_size: 1024, compression_type: 2 });
  const other = await netlog.createTopic("other");
  await publishAll(other, texts(3));
  for (let round = 0; round < 6; round++) {
    for (const topic of [plain, gzipped]) {
      const from = round * 12;
      await publishAll(topic, texts(5, from));
      await publishTogether(topic, texts(7, from + 5));
    }
    await runtime.advance(1000);
  }
  if (how === "killed") return { files: snapshotOf(disk.crashProcess()), runtime };
  await netlog.close();
  return { files: snapshotOf(disk), runtime };
}

/** In each of the topics `t` and `gzipped`. */
export const MESSAGES = 72;

/** Each message's text; `undefined` where it is said to be damaged. */
export async function readAll(topic: Topic, count: number = MESSAGES): Promise<(string | undefined)[]> {
  const found: (string | undefined)[] = [];
  for (let offset = 0; offset < count; offset++) {
    const message = await topic.message(offset).catch((error: unknown) => {
      expect(error).toMatchObject({ code: "checksum_error" });
      return undefined;
    });
    found.push(message?.payload.toString());
  }
  return found;
}

/** What a scanner from the beginning is given, and how often it got an error for damage. */
export async function scanAll(topic: Topic): Promise<{ texts: string[]; errors: number }> {
  const scanner = await topic.createScanner({ from: 0, persist: false });
  const given: string[] = [];
  let errors = 0;
  for (;;) {
    try {
      const delivery = await within("a scan", scanner.scan({ waitMs: 0 }));
      delivery!.settle(true);
      given.push(delivery!.message.payload.toString());
    } catch (error) {
      if ((error as { code?: string }).code === "end_of_topic") return { texts: given, errors };
      expect(error).toMatchObject({ code: "checksum_error" });
      errors++;
    }
  }
}

/** What a check without a server finds. */
export async function findingsOf(disk: MemoryDisk, topics: readonly string[] = []): Promise<FolderFinding[]> {
  const findings: FolderFinding[] = [];
  await checkDataFolder({
    limits: LIMITS,
    disk,
    folder: DATA_FOLDER,
    topics,
    onFinding: (finding) => findings.push(finding),
    onProgress: () => {},
    isCancelled: () => false,
  });
  return findings;
}

/** What readAll gives when a stretch is damaged. */
export function without(lost: Stretch): (string | undefined)[] {
  return texts(MESSAGES).map((text, offset) =>
    lost.offset <= offset && offset < lost.nextOffset ? undefined : text,
  );
}

/** A disk of its own that holds it all. */
export async function copyOf({ files, runtime }: Filled): Promise<MemoryDisk> {
  return await diskOf(files, () => runtime.now());
}

/** Writes it all into a folder of the real disk, which takes the place of the data folder. */
export function writeOut({ files }: Filled, folder: string): void {
  for (const [path, bytes] of files) {
    const target = folder + path.slice(DATA_FOLDER.length);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, bytes);
  }
}

/** Flips a bit of a file of the real disk. */
export function flipBitOf(path: string, position: number, bit: number): void {
  const bytes = readFileSync(path);
  bytes[position]! ^= 1 << bit;
  writeFileSync(path, bytes);
}
