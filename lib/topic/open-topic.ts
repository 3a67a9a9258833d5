/** Opens a topic with what is stored of it. */
import type { StoredTopic } from "./storage.ts";
import { Topic } from "./topic.ts";
import { makeParts } from "./topic-parts.ts";
import type { TopicShared } from "./topic-shared.ts";
import { TopicState } from "./topic-state.ts";

/** @throws topic_unavailable: its state cannot be read. */
export async function openTopic(shared: TopicShared, name: string, stored: StoredTopic): Promise<Topic> {
  const { log, settings, stateStore: store } = stored;
  const { runtime, logger, limits, remembered } = shared;
  const options = { topicName: name, log, store, settings, runtime, logger, limits, remembered };
  try {
    const state = await TopicState.open(options);
    return new Topic(shared, makeParts(shared, name, stored, state));
  } catch (error) {
    await log.close();
    throw error;
  }
}
