/** A topic's folder: made so that a crash leaves a whole topic or none, and recognized. */

import type { Runtime } from "../base/runtime.ts";
import type { Disk } from "../disk/disk.ts";
import { createLogFolder } from "../log/index.ts";
import type { TopicSettings } from "../topic/setting-table.ts";
import { SETTINGS_NAMES } from "./settings-copies.ts";
import { createSettings } from "./settings-files.ts";
import { writeTopicId } from "./topic-id.ts";

/** Of the log, and of the Go NetLog's. */
const DATA_SUFFIX = ".data";

/** Builds a topic's folder, durably except for its own name, which is the caller's to give and to sync. */
export async function buildTopicFolder(
  disk: Disk,
  folder: string,
  content: { readonly id: string; readonly settings: TopicSettings },
  runtime: Runtime,
): Promise<void> {
  await disk.makeFolder(folder);
  await writeTopicId(disk, folder, content.id);
  await createSettings(disk, folder, content.settings);
  await createLogFolder({ disk, runtime, folder });
}

/** True for a folder with settings or with a segment in it, whatever their state. */
export async function looksLikeTopic(disk: Disk, folder: string): Promise<boolean> {
  if ((await disk.stat(folder))?.kind !== "folder") return false;
  const names = await disk.list(folder);
  return names.some((name) => SETTINGS_NAMES.includes(name) || name.endsWith(DATA_SUFFIX));
}
