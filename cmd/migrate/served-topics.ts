/** The topics of a server that runs, over HTTP, as a copy reads them. */
import { resolve } from "node:path";
import { type NetlogClient, NetlogClientError, type TopicFigures } from "../../lib/client/index.ts";
import { NetlogError, nodeDisk, readTopicId, type ServedTopic } from "../../lib/index.ts";

/** In one answer; its bytes are bounded as well. */
const MAX_MESSAGES = 100_000;

/** All topics that one may read, with their figures, by name. */
export async function readTopics(
  netlog: NetlogClient,
  signal: AbortSignal,
): Promise<Map<string, TopicFigures>> {
  const topics = new Map<string, TopicFigures>();
  let after: string | undefined;
  do {
    const page = await netlog.topicPage({ after, signal });
    if (!Array.isArray(page.topics)) {
      throw new NetlogClientError(
        "unexpected_answer",
        "the answer names no topics: is this a netlog server?",
      );
    }
    for (const topic of page.topics) topics.set(topic.name, topic);
    after = page.next;
  } while (after !== undefined);
  return topics;
}

/** `requireId` is called with the topic's id, before anything is read. */
export function servedTopic(
  netlog: NetlogClient,
  name: string,
  { signal, requireId }: { readonly signal: AbortSignal; readonly requireId: (id: string) => Promise<void> },
): ServedTopic {
  const topic = netlog.topic(name);
  return {
    async describe() {
      const { id, first_offset: startOffset, latest_offset: latest, segments } = await topic.info({ signal });
      if (typeof id !== "string") throw unavailable("its server says no id of it: it is of an older version");
      await requireId(id);
      return {
        id,
        startOffset,
        endOffset: latest + 1,
        segmentStarts: segments.map((each) => each.first_offset),
      };
    },
    async read(offset, maxMessages) {
      const max = Math.min(maxMessages, MAX_MESSAGES);
      const { bytes } = await topic.readFrames({ from: offset, max, signal });
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    },
  };
}

/**
 * Refuses a topic that is not the one of its name in the folder, which the rest is to be taken from: where the folder is on
 * another machine, that shows when the rest is taken.
 *
 * @throws topic_unavailable.
 */
export async function requireInFolder(dir: string, name: string, id: string): Promise<void> {
  const folder = resolve(dir);
  if ((await nodeDisk.stat(folder).catch(() => undefined))?.kind !== "folder") return;
  const found = await readTopicId(nodeDisk, `${folder}/${name}`).catch(() => undefined);
  if (found?.id === id) return;
  const what = found === undefined ? "does not have it" : `has another topic of this name (id ${found.id})`;
  throw unavailable(`the data folder ${folder} ${what}: it is not this server's; --dir names the folder`);
}

function unavailable(reason: string): NetlogError {
  return new NetlogError("topic_unavailable", { reason });
}
