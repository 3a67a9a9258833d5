/** Opens what a topic's folder holds: its settings, its log, its id, its scanners. */
import type { Logger } from "../base/logger.ts";
import type { Runtime } from "../base/runtime.ts";
import type { Disk } from "../disk/disk.ts";
import { type LogShared, openLog } from "../log/index.ts";
import { FileScannerStore } from "../scanner/file-scanner-store.ts";
import type { ScannerFiles } from "../scanner/scanner-files.ts";
import type { TopicSettings } from "../topic/setting-table.ts";
import { logLimitsOf } from "../topic/settings.ts";
import { forkEndOffset, type Lineage, type StoredTopic } from "../topic/storage.ts";
import type { Limits } from "./limits.ts";
import { newestSettings, readSettingsCopies } from "./settings-copies.ts";
import { openSettings, requireKnownSettings } from "./settings-files.ts";
import { openStateCopies } from "./state-copies.ts";
import { StateFiles } from "./state-files.ts";
import { openTopicId, writeTopicId } from "./topic-id.ts";

/** What the files of all topics share. */
export interface StorageParts {
  readonly disk: Disk;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: Limits;
  readonly logs: LogShared;
  readonly scannerFiles: ScannerFiles;
}

/**
 * Opens the topic that lies in `folder`; see Storage.open.
 *
 * @throws topic_unavailable, and what the disk throws.
 */
export async function openStoredTopic(
  parts: StorageParts,
  folder: string,
  defaults: TopicSettings,
  lineage: () => Lineage,
): Promise<StoredTopic> {
  const { disk, runtime, logger, limits, logs } = parts;
  const copies = await readSettingsCopies(disk, folder, defaults, limits);
  requireKnownSettings(copies);
  // A kill may have come before a change of them was on the disk: it must be, before a client sees it.
  await disk.syncFolder(folder);
  const logLimits = logLimitsOf(newestSettings(copies)?.settings ?? defaults);
  const log = await openLog({ disk, runtime, logger, folder, limits: logLimits, shared: logs });
  try {
    // From here on it is a topic of ours: others' folders are not written to.
    const { id, hasState } = await openTopicId(parts, folder);
    const { settings, trouble, files } = await openSettings({ disk, logger, folder }, copies, defaults);
    const durability = () => settings.durability;
    const scannerStore = new FileScannerStore({
      disk,
      runtime,
      logger,
      limits,
      logs,
      folder,
      files: parts.scannerFiles,
      durability,
    });
    const { logEndOffset } = log;
    const stateCopies = await openStateCopies({ disk, folder, limits }, logEndOffset);
    const { source } = lineage();
    const startsAt = source === undefined ? 0 : forkEndOffset(source);
    const noteState = () => writeTopicId(disk, folder, id, true);
    const stateFacts = { disk, runtime, logger, folder, logEndOffset, startsAt, hasState, noteState };
    const stateStore = new StateFiles(stateCopies, stateFacts);
    const scanners = await scannerStore.load(logEndOffset);
    const replaceSettings = (replaced: TopicSettings) => files.replace(replaced);
    return { id, log, settings, trouble, scannerStore, stateStore, lineage, scanners, replaceSettings };
  } catch (error) {
    await log.close();
    throw error;
  }
}
