import { describe, expect, test } from "vitest";
import { crc32 } from "../../../lib/base/checksum.ts";
import type { Topic } from "../../../lib/index.ts";
import type { MessageFields } from "../../../lib/message/fields.ts";
import { fieldsOf } from "../../../lib/reading/message-reader.ts";
import { openNetlog } from "../../support/netlog-fixture.ts";
import { lease, leaseAll, nack, openWork } from "../../support/work-fixture.ts";

const FIELDS: MessageFields = {
  key: "order-7",
  contentType: "application/json",
  headers: [["x-meta-trace", "abc"]],
};
const payload = Buffer.from("a");

/** Fields of all messages, as a walk gives them. */
async function walk(topic: Topic): Promise<(MessageFields | undefined)[]> {
  const found: (MessageFields | undefined)[] = [];
  await topic.openCursor().readMessages(0, 1000, (message) => {
    found.push(fieldsOf(message));
    return true;
  });
  return found;
}

describe.each([1, 2, 3])("in a topic of compression %i, fields", (compression_type) => {
  test("come back with messages that shared a set with others, and are there after a restart", async () => {
    const { netlog, disk, runtime } = await openNetlog();
    const topic = await netlog.createTopic("t", { compression_type });
    const published = [{ payload, ...FIELDS }, { payload }, { payload, key: "k" }].map((message) =>
      topic.publish(message),
    );
    expect((await Promise.all(published)).map(({ offset }) => offset)).toEqual([0, 1, 2]);
    expect(await walk(topic)).toEqual([FIELDS, undefined, { key: "k" }]);
    await netlog.close();
    const again = (await openNetlog({ disk, runtime })).netlog.topic("t");
    expect(await walk(again)).toEqual([FIELDS, undefined, { key: "k" }]);
    expect(await again.check(0)).toEqual([]);
    const message = await again.message(0);
    expect(fieldsOf(message)).toEqual(FIELDS);
    expect(message.crc32).toBe(crc32(payload));
    expect(message.payload).toEqual(payload);
  });
});

test("a message with fields alone in its frame is read with them, a large one too", async () => {
  const { netlog } = await openNetlog();
  const topic = await netlog.createTopic("t");
  const large = Buffer.alloc(100_000, "x");
  for (const each of [payload, large]) await topic.publish({ payload: each, ...FIELDS });
  expect(await walk(topic)).toEqual([FIELDS, FIELDS]);
  const message = await topic.message(1);
  expect([message.payload.equals(large), message.crc32]).toEqual([true, crc32(large)]);
});

test("a message without fields is written as ever", async () => {
  const { netlog, disk } = await openNetlog();
  const topic = await netlog.createTopic("t");
  await topic.publish({ payload, headers: [] });
  const data = disk.bytesOf("/data/t/00000000000000000000.data");
  expect(data.subarray(-10).toString("hex")).toBe(`00${crc32(payload).toString(16)}0000000161`);
});

test("a message with fields that a client may not send is refused, and nothing is stored", async () => {
  const { netlog } = await openNetlog();
  const topic = await netlog.createTopic("t");
  const bad = topic.publish({ payload, headers: [["set-cookie", "a=b"]] });
  await expect(bad).rejects.toMatchObject({
    code: "bad_request",
    reason: expect.stringContaining("ce-<name>"),
  });
  expect(topic.readableOffsets.end).toBe(0);
});

test("what a topic holds at once counts with its fields", async () => {
  const { netlog } = await openNetlog({ limits: { bytesInFlight: 1000 } });
  const topic = await netlog.createTopic("t");
  const key = "k".repeat(600);
  const [first, second] = await Promise.allSettled([
    topic.publish({ payload, key }),
    topic.publish({ payload, key }),
  ]);
  expect(first.status).toBe("fulfilled");
  expect(second).toMatchObject({ reason: { code: "too_many_requests" } });
  expect(await topic.publish({ payload, key })).toMatchObject({ offset: 1 });
});

test("scans give fields, of scanners with acknowledgements as well", async () => {
  const { topic, scanner } = await openWork(0);
  await topic.publish({ payload, ...FIELDS });
  const { scanner: plain } = await topic.findOrCreateScanner({ from: 0 });
  const delivery = await plain.scan({ waitMs: 0 });
  expect(fieldsOf(delivery!.message)).toEqual(FIELDS);
  const leased = await lease(scanner);
  expect(leased?.message.delivery).toBe(1);
  expect(fieldsOf(leased!.message)).toEqual(FIELDS);
});

test("a dead letter has the fields of the message", async () => {
  const { netlog, topic, scanner } = await openWork(0, { maxDeliver: 1, deadLetter: "dead" });
  await topic.publish({ payload, ...FIELDS });
  await leaseAll(scanner);
  await nack(scanner, [0]);
  const letter = await netlog.topic("dead").message(0);
  expect(fieldsOf(letter)).toEqual(FIELDS);
  expect(letter.payload).toEqual(payload);
});
