/** Opens a topic from its folder: its settings, its log, its id, its scanners. */
import { openLog } from "../log/index.ts";
import type { TopicSettings } from "./setting-table.ts";
import { logLimitsOf } from "./settings.ts";
import { newestSettings, readSettingsCopies } from "./settings-copies.ts";
import { openSettings, requireKnownSettings } from "./settings-files.ts";
import { Topic } from "./topic.ts";
import { openTopicId } from "./topic-id.ts";
import type { TopicShared } from "./topic-shared.ts";

/**
 * Opens the topic that lies in `folder`. Where its settings are lost, the server's defaults stand in for them, and it
 * takes no messages.
 *
 * @throws topic_unavailable, and what the disk throws: the topic cannot be served.
 */
export async function openTopic(
  shared: TopicShared,
  name: string,
  folder: string,
  defaults: TopicSettings,
): Promise<Topic> {
  const { disk, runtime, logger, limits, logs } = shared;
  const copies = await readSettingsCopies(disk, folder, defaults, limits);
  requireKnownSettings(copies);
  // A kill may have come before a change of them was on the disk: it must be, before a client sees it.
  await disk.syncFolder(folder);
  const logLimits = logLimitsOf(newestSettings(copies)?.settings ?? defaults);
  const log = await openLog({ disk, runtime, logger, folder, limits: logLimits, shared: logs });
  try {
    // From here on it is a topic of ours: others' folders are not written to.
    const id = await openTopicId(shared, folder);
    const settings = await openSettings({ disk, logger, folder }, copies, defaults);
    const topic = new Topic(shared, { name, id, folder }, settings, log);
    await topic.loadScanners();
    return topic;
  } catch (error) {
    await log.close();
    throw error;
  }
}
