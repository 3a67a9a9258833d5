/** Finding the segments of a log over a stream of claims, which tell of segments as frames do. */
import { expect, test } from "vitest";
import { encodeClaim } from "../../../../lib/jetstream/log/claim.ts";
import { CLAIM_KIND, encodeMessage, type SegmentMark } from "../../../../lib/jetstream/log/envelope.ts";
import { findSegments } from "../../../../lib/jetstream/log/find-segments.ts";
import type { JetStreamApi, StoredMessage } from "../../../../lib/jetstream/nats/jetstream-api.ts";
import { seededRandom } from "../../../support/seeded-random.ts";

const SUBJECT = "netlog.own.topic";

/** A stream whose segments have so many messages; all but the newest hold 10 bytes a message, and as many offsets. */
function streamOf(messageCounts: readonly number[]) {
  const messages = new Map<number, StoredMessage>();
  const segments: SegmentMark[] = [];
  let sequence = 1;
  let offset = 0;
  for (const count of messageCounts) {
    const begin = { sequence, baseOffset: offset };
    for (let sizeBytes = 0; sizeBytes < 10 * count; sizeBytes += 10) {
      const body = encodeClaim({ owner: "a", url: null, endOffset: offset, timestampMs: offset, at: 0 });
      const segment = { ...begin, sizeBytes };
      const envelope = { kind: CLAIM_KIND, epoch: sequence, uid: { high: 0, low: sequence }, segment };
      messages.set(sequence, { sequence, subject: SUBJECT, data: encodeMessage(envelope, [body]) });
      sequence += 1;
      offset += 10;
    }
    segments.push({ ...begin, sizeBytes: 10 * (count - 1) });
  }
  return { messages, segments };
}

/** `rounds` counts how often an answer was waited for. */
async function find(
  messages: ReadonlyMap<number, StoredMessage>,
  active: SegmentMark,
  firstSequence: number,
) {
  let rounds = 0;
  let answered: Promise<void> | undefined;
  const message = async (_stream: string, { sequence }: { readonly sequence: number }) => {
    answered ??= new Promise((resolve) => {
      setImmediate(() => {
        rounds += 1;
        answered = undefined;
        resolve();
      });
    });
    await answered;
    return messages.get(sequence);
  };
  const api = { message } as unknown as JetStreamApi;
  const taken = { epoch: 1, endOffset: 0, timestampMs: 7, segment: active, firstSequence, created: "" };
  const found = await findSegments(taken, { api, stream: "s", logSubject: "netlog.log.topic", nowMs: 0 });
  const marks = found.all.map(({ sequence, baseOffset, sizeBytes }) => ({ sequence, baseOffset, sizeBytes }));
  return { marks, rounds, lastTimes: found.all.map(({ lastTimestampMs }) => lastTimestampMs) };
}

test.each([1, 2, 16, 17, 18, 33, 500])("%i segments are found, whatever their lengths", async (count) => {
  const random = seededRandom(count);
  const counts = Array.from({ length: count }, () => 1 + Math.floor(random() * random() * 9));
  const { messages, segments } = streamOf([...counts.slice(1), 1]);
  const { marks, lastTimes } = await find(messages, segments.at(-1)!, 1);
  expect(marks).toEqual(segments);
  const times = segments.map(({ baseOffset, sizeBytes }) => baseOffset + sizeBytes);
  expect(lastTimes).toEqual([...times.slice(0, -1), 7]);
});

test("the oldest of many may have lost its beginning", async () => {
  const { messages, segments } = streamOf([...Array.from({ length: 60 }, () => 3), 1]);
  const { marks } = await find(messages, segments.at(-1)!, 5);
  expect(marks).toEqual([{ ...segments[1], sequence: 5, baseOffset: 40 }, ...segments.slice(2)]);
});

test("many are found by walks at the same time", async () => {
  const { messages, segments } = streamOf([...Array.from({ length: 500 }, () => 3), 1]);
  const { rounds } = await find(messages, segments.at(-1)!, 1);
  expect(rounds).toBeLessThan(60);
});

test("a message that is damaged within its segment is no trouble", async () => {
  const { messages, segments } = streamOf([...Array.from({ length: 100 }, () => 9), 1]);
  for (const { sequence } of segments.slice(0, -1)) {
    for (const within of [0, 3, 6]) messages.get(sequence + within)!.data.fill(0);
  }
  expect((await find(messages, segments.at(-1)!, 1)).marks).toEqual(segments);
});

test("a message that is missing is named", async () => {
  const { messages, segments } = streamOf([...Array.from({ length: 100 }, () => 3), 1]);
  messages.delete(segments[20]!.sequence + 2);
  await expect(find(messages, segments.at(-1)!, 1)).rejects.toThrow("message 63 of the stream s");
});
