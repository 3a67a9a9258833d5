/** A topic's folder: made so that a crash leaves a whole topic or none, and recognized. */

import type { Runtime } from "../base/runtime.ts";
import type { Disk } from "../disk/disk.ts";
import { createLogFolder } from "../log/index.ts";
import type { TopicSettings } from "../topic/setting-table.ts";
import type { ForkSource } from "../topic/storage.ts";
import { LINEAGE_NAME, writeLineage } from "./lineage-file.ts";
import { SETTINGS_NAMES } from "./settings-copies.ts";
import { createSettings } from "./settings-files.ts";
import { writeTopicId } from "./topic-id.ts";

/** The end of a data file's name, here and in the Go NetLog. */
const DATA_SUFFIX = ".data";

/** Builds a topic's folder, durably except for its own name, which is the caller's to give and to sync. */
export async function buildTopicFolder(
  disk: Disk,
  folder: string,
  content: { readonly id: string; readonly settings: TopicSettings; readonly firstOffset?: number },
  runtime: Runtime,
): Promise<void> {
  await disk.makeFolder(folder);
  await writeTopicId(disk, folder, content.id);
  await createSettings(disk, folder, content.settings);
  const { firstOffset = 0 } = content;
  await createLogFolder({ disk, runtime, folder, firstOffset });
}

/** Builds the folder of a fork, as buildTopicFolder does. What it has of its source comes last. */
export async function buildForkFolder(
  disk: Disk,
  folder: string,
  content: { readonly id: string; readonly settings: TopicSettings; readonly source: ForkSource },
  copyLog: () => Promise<void>,
): Promise<void> {
  const { id, settings, source } = content;
  await disk.makeFolder(folder);
  await writeTopicId(disk, folder, id);
  await writeLineage(disk, folder, { source, forks: [], isDeleted: false });
  await createSettings(disk, folder, settings);
  await copyLog();
}

/** `related`: a topic that has to do with others; `remains`: of such a topic, which was deleted. */
export type FolderKind = "topic" | "related" | "remains" | "stranger";

/** A topic has settings or a segment in its folder, whatever their state. */
export async function kindOfFolder(disk: Disk, folder: string): Promise<FolderKind> {
  if ((await disk.stat(folder))?.kind !== "folder") return "stranger";
  const names = await disk.list(folder);
  const isTopic = names.some((name) => SETTINGS_NAMES.includes(name) || name.endsWith(DATA_SUFFIX));
  if (names.includes(LINEAGE_NAME)) return isTopic ? "related" : "remains";
  return isTopic ? "topic" : "stranger";
}
