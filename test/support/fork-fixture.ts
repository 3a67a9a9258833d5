/** Topics that are forked, and what readers see of them and of their forks. */
import { fieldsOf, LIMITS, type Message, type Netlog, type Topic } from "../../lib/index.ts";
import { inlineOffload } from "../../lib/message/compression.ts";
import { encodeEntry } from "../../lib/message/message-set.ts";
import {
  type FixtureOptions,
  type NetlogFixture,
  openNetlog,
  publishTogether,
  texts,
} from "./netlog-fixture.ts";

/** Settings under which few messages make several segments. */
export const SMALL_SEGMENTS = { segment_size: 1024 };

export async function messagesOf(topic: Topic): Promise<Message[]> {
  const { first_offset, latest_offset } = await topic.info();
  const found: Message[] = [];
  for (let offset = first_offset; offset <= latest_offset; offset++) found.push(await topic.message(offset));
  return found;
}

export async function textsOf(topic: Topic): Promise<string[]> {
  return (await messagesOf(topic)).map(({ payload }) => payload.toString());
}

/** All that a reader sees of a message. */
export function seen(message: Message): unknown {
  const { offset, timestampMs, crc32, payload } = message;
  return { offset, timestampMs, crc32, payload: payload.toString("hex"), fields: fieldsOf(message) };
}

export async function reopened(fixture: NetlogFixture, options: FixtureOptions = {}): Promise<NetlogFixture> {
  await fixture.netlog.close();
  return await openNetlog({ disk: fixture.disk.crashProcess(), runtime: fixture.runtime, ...options });
}

/** A topic of several segments: singles, sets of one turn, and a batch with fields, as `settings` have it packed. */
export async function filled(netlog: Netlog, settings: object, rounds = 9): Promise<Topic> {
  const topic = await netlog.createTopic("source", settings);
  for (let round = 0; round < rounds; round++) {
    await topic.publish({
      payload: Buffer.from([0, 255, round, 13, 10]),
      key: `k${round}`,
      contentType: "image/png",
      headers: [["x-meta-round", String(round)]],
    });
    await publishTogether(topic, texts(7, round * 10));
    const batch = [1, 2, 3].map((i) => ({ payload: Buffer.alloc(60, `${round}${i}`) }));
    await topic.publishBatch({ entry: await encodeEntry(batch, 0, 3, 2, inlineOffload, LIMITS), count: 3 });
  }
  return topic;
}
