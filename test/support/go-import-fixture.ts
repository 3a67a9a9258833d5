/** Imports into a memory disk, and what can be read there afterwards. */
import { createHash } from "node:crypto";
import { expect } from "vitest";
import type { Disk } from "../../lib/disk/disk.ts";
import {
  type FolderFinding,
  type ImportedTopic,
  type ImportSummary,
  importGoData,
  LIMITS,
  type Limits,
  type Topic,
} from "../../lib/index.ts";
import { diskOf } from "./data-files.ts";
import type { GoFiles } from "./go-folder.ts";
import { ManualRuntime } from "./manual-runtime.ts";
import type { MemoryDisk } from "./memory-disk.ts";
import { DATA_FOLDER, openNetlog } from "./netlog-fixture.ts";

export const SOURCE = "/go";

/** A day after the kept folder was written. */
const NOW_MS: number = Date.UTC(2026, 10, 21, 23);

export interface Imported {
  readonly disk: MemoryDisk;
  readonly runtime: ManualRuntime;
  readonly findings: readonly FolderFinding[];
  readonly topics: readonly ImportedTopic[];
  readonly summary: ImportSummary;
  /** Done and all bytes, each time they were told. */
  readonly progress: readonly (readonly [number, number])[];
}

export interface ImportCase {
  /** An earlier one, to import into what that left. */
  readonly disk?: MemoryDisk;
  readonly topics?: readonly string[];
  readonly limits?: Limits;
  readonly nowMs?: number;
  /** Wraps the disk that the import sees. */
  readonly seen?: (disk: MemoryDisk) => Disk;
  readonly isCancelled?: () => boolean;
}

/** A memory disk that holds the files, and an empty data folder. */
export async function diskWith(files: GoFiles): Promise<MemoryDisk> {
  const paths = Array.from(files, ([path, bytes]): [string, Buffer] => [`${SOURCE}/${path}`, bytes]);
  return await diskOf(new Map(paths), () => NOW_MS);
}

export async function runImport(files: GoFiles, given: ImportCase = {}): Promise<Imported> {
  const disk = given.disk ?? (await diskWith(files));
  const runtime = new ManualRuntime({ nowMs: given.nowMs ?? NOW_MS, seed: 7 });
  const findings: FolderFinding[] = [];
  const topics: ImportedTopic[] = [];
  const progress: [number, number][] = [];
  const summary = await importGoData({
    disk: given.seen?.(disk) ?? disk,
    runtime,
    source: SOURCE,
    folder: DATA_FOLDER,
    topics: given.topics ?? [],
    onFinding: (finding) => findings.push(finding),
    onTopic: (topic) => topics.push(topic),
    onProgress: (doneBytes, totalBytes) => progress.push([doneBytes, totalBytes]),
    isCancelled: given.isCancelled ?? (() => false),
    limits: given.limits ?? LIMITS,
  });
  return { disk, runtime, findings, topics, summary, progress };
}

/** A topic as a server on the imported folder has it. */
export async function openTopic(
  { disk, runtime }: Pick<Imported, "disk" | "runtime">,
  name: string,
): Promise<Topic> {
  const { netlog } = await openNetlog({ disk, runtime });
  expect(netlog.failedTopics()).toEqual([]);
  return netlog.topic(name);
}

export interface ReadMessage {
  readonly text: string;
  readonly sha256: string;
  readonly size: number;
  readonly timestampMs: number;
}

/** All messages by offset; `undefined` where one is said to be damaged. */
export async function readMessages(topic: Topic): Promise<Map<number, ReadMessage | undefined>> {
  const { first_offset: first, latest_offset: latest } = await topic.info();
  const messages = new Map<number, ReadMessage | undefined>();
  for (let offset = first; offset <= latest; offset++) {
    const message = await topic.message(offset).catch((error: unknown) => {
      expect(error).toMatchObject({ code: "checksum_error" });
      return undefined;
    });
    if (message === undefined) {
      messages.set(offset, undefined);
      continue;
    }
    const { payload, timestampMs } = message;
    const sha256 = createHash("sha256").update(payload).digest("hex");
    messages.set(offset, { text: payload.toString(), sha256, size: payload.length, timestampMs });
  }
  return messages;
}

/** The texts alone, by offset. */
export async function readTexts(topic: Topic): Promise<(readonly [number, string | undefined])[]> {
  return Array.from(await readMessages(topic), ([offset, message]) => [offset, message?.text] as const);
}
