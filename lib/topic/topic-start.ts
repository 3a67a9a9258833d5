/**
 * What a topic begins with beside its settings: a first append, its end, or both. All of it is written before the topic has
 * its name, so that a topic is there with what it begins with, or is not there.
 */
import { isNetlogError, NetlogError } from "../base/errors.ts";
import type { Batch } from "../message/batch.ts";
import { BatchParser } from "./batch-parser.ts";
import { JsonGate } from "./json-gate.ts";
import { openTopic } from "./open-topic.ts";
import type { TopicSettings } from "./setting-table.ts";
import type { BeginTopic, StoredTopic } from "./storage.ts";
import type { TopicShared } from "./topic-shared.ts";
import type { CheckedStart } from "./ways-in.ts";

export interface TopicStart {
  /** One message, or those of a JSON body: each element of an array, else the one value. An empty array has none. */
  readonly first?: { readonly payload: Buffer } | { readonly jsonValues: Buffer } | undefined;
  /** The topic takes nothing more. */
  readonly closes: boolean;
}

/**
 * Checks `start` for a topic with these settings, and gives what writes it; `undefined`: there is nothing to write.
 *
 * @throws bad_request, payload_too_large, too_many_requests.
 */
export async function prepareStart(
  name: string,
  { first, closes }: TopicStart,
  settings: TopicSettings,
  shared: TopicShared,
): Promise<BeginTopic | undefined> {
  const append = first && (await checkFirst(first, settings, shared));
  if (append === undefined && !closes) return undefined;
  return (stored) => begin(shared, name, stored, { append, closes });
}

async function checkFirst(
  first: NonNullable<TopicStart["first"]>,
  settings: TopicSettings,
  { limits, offload, inFlight }: TopicShared,
): Promise<CheckedStart["append"]> {
  const gate = JsonGate.of(settings, { limits, offload, inFlight });
  if ("payload" in first) {
    await gate?.checkPayload(first.payload);
    return first;
  }
  const parser = new BatchParser({ settings, limits, offload, inFlight });
  const batch: Batch | undefined = await parser.parseValues(first.jsonValues);
  if (batch !== undefined) await gate?.checkBatch(batch);
  return batch;
}

async function begin(
  shared: TopicShared,
  name: string,
  stored: StoredTopic,
  start: CheckedStart,
): Promise<void> {
  const topic = await openTopic(shared, name, stored);
  try {
    await topic.begin(start);
    await topic.close();
  } catch (error) {
    await topic.delete();
    if (!isNetlogError(error, "sync_failed")) throw error;
    // Whatever the disk has of it, the topic has no name yet.
    const reason = "the disk did not confirm what the topic begins with; nothing was made";
    throw new NetlogError("topic_unavailable", { reason, cause: error });
  }
}
