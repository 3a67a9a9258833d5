/** Opens a topic from its folder: its id, its settings, its log, its scanners. */
import { openLog } from "./log/index.ts";
import { logLimitsOf, type TopicSettings } from "./settings.ts";
import { Topic } from "./topic.ts";
import { readSettings } from "./topic-folder.ts";
import { openTopicId } from "./topic-id.ts";
import type { TopicShared } from "./topic-shared.ts";

/**
 * Opens the topic that lies in `folder`.
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
  const settings = await readSettings(disk, folder, defaults, limits);
  const id = await openTopicId(shared, folder);
  // A kill may have come before a change of them was on the disk: it must be, before anybody is told of it.
  await disk.syncFolder(folder);
  const logLimits = logLimitsOf(settings);
  const log = await openLog({ disk, runtime, logger, folder, limits: logLimits, shared: logs });
  const topic = new Topic(shared, { name, id, folder }, settings, log);
  try {
    await topic.loadScanners();
  } catch (error) {
    await log.close();
    throw error;
  }
  return topic;
}
