/** Publishing to a topic that may not be there yet. */
import { isNetlogClientError } from "../errors.ts";
import type { PublishOptions } from "../publish.ts";
import type { Topic } from "../topic.ts";
import type { TopicSettingsChange } from "../wire.ts";

/** Once; where the topic is missing it is created, and the message sent to it. @throws as publish and create do. */
export async function publishCreating(
  topic: Topic,
  payload: Uint8Array,
  options: PublishOptions,
  settings?: TopicSettingsChange,
): Promise<void> {
  try {
    await topic.publish(payload, options);
  } catch (error) {
    if (!isNetlogClientError(error, "topic_not_found")) throw error;
    await topic.createIfMissing(settings, { retry: options.retry, signal: options.signal });
    await topic.publish(payload, options);
  }
}
