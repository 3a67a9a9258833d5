/** Stream sequences, and topics that a producer closes without a message. */
import { describe, expect, it } from "vitest";
import type { PublishOptions, Topic } from "../../../lib/index.ts";
import { type NetlogFixture, openNetlog, publishAll } from "../../support/netlog-fixture.ts";
import { rejection } from "../../support/rejection.ts";
import { seededRandom } from "../../support/seeded-random.ts";

function put(topic: Topic, text: string, options: PublishOptions): Promise<{ readonly offset: number }> {
  return topic.publish({ payload: Buffer.from(text) }, options);
}

async function newTopic(): Promise<NetlogFixture & { topic: Topic }> {
  const fixture = await openNetlog();
  return { ...fixture, topic: await fixture.netlog.createTopic("t") };
}

/** The power goes, and spares what was synced alone. */
async function afterPowerLoss({ disk, runtime }: NetlogFixture): Promise<Topic> {
  const { netlog } = await openNetlog({ disk: disk.crashPower(seededRandom(1)), runtime });
  return netlog.topic("t");
}

const sequence = (text: string): PublishOptions => ({ streamSequence: Buffer.from(text) });
const number = (seq: number, epoch = 0) => ({ id: "p", epoch, seq });

describe("a stream sequence", () => {
  it("has to grow, byte by byte, also over a loss of power", async () => {
    const fixture = await newTopic();
    await put(fixture.topic, "a", sequence("2"));
    for (const late of ["10", "2", "1"]) {
      expect(await rejection(put(fixture.topic, late, sequence(late)))).toMatchObject({
        code: "sequence_regression",
      });
    }
    expect(await put(fixture.topic, "b", sequence("20"))).toMatchObject({ offset: 1 });
    const topic = await afterPowerLoss(fixture);
    expect(await rejection(put(topic, "c", sequence("20")))).toMatchObject({ code: "sequence_regression" });
    expect(await put(topic, "c", sequence("3"))).toMatchObject({ offset: 2 });
  });

  it("lets one win of several that race", async () => {
    const { topic } = await newTopic();
    const appends = ["a", "b", "c"].map((text) => put(topic, text, sequence("1")));
    const outcomes = await Promise.allSettled(appends);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
    expect(topic.readableEnd).toBe(1);
  });

  it("has 1 to 1,024 bytes", async () => {
    const { topic } = await newTopic();
    for (const length of [0, 1025]) {
      const refusal = await rejection(put(topic, "a", { streamSequence: Buffer.alloc(length, 1) }));
      expect(refusal).toMatchObject({ code: "bad_request" });
    }
  });
});

describe("a topic that a producer closes without a message", () => {
  it("knows the closing number again, also after a loss of power", async () => {
    const fixture = await newTopic();
    await put(fixture.topic, "a", { producer: number(0) });
    await fixture.topic.closeForGood(number(1));
    for (const topic of [fixture.topic, await afterPowerLoss(fixture)]) {
      await topic.closeForGood(number(1));
      expect(topic.isClosed).toBe(true);
      expect(topic.judge.hasClosed(number(1))).toBe(true);
      expect(topic.judge.lastSeqOf("p")).toBe(1);
      expect(topic.judge.hasClosed(number(0))).toBe(false);
      expect(await rejection(topic.closeForGood(number(2)))).toMatchObject({ code: "topic_closed" });
      await topic.closeForGood();
    }
  });

  it("stays open where the number is not the producer's next one", async () => {
    const { topic } = await newTopic();
    await put(topic, "a", { producer: number(0, 1) });
    expect(await rejection(topic.closeForGood(number(2, 1)))).toMatchObject({ code: "producer_gap" });
    expect(await rejection(topic.closeForGood(number(0)))).toMatchObject({ code: "producer_fenced" });
    expect(await rejection(topic.closeForGood(number(1, 2)))).toMatchObject({ code: "bad_request" });
    expect(topic.isClosed).toBe(false);
    expect(await put(topic, "b", { producer: number(1, 1) })).toMatchObject({ offset: 1 });
  });

  it("forgets the number where the end could not be kept", async () => {
    const fixture = await newTopic();
    const { topic, disk } = fixture;
    await put(topic, "a", { producer: number(0) });
    disk.capacityBytes = 0;
    expect(await rejection(topic.closeForGood(number(1)))).toMatchObject({ code: "storage_full" });
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    expect(topic.isClosed).toBe(false);
    expect(await put(topic, "b", { producer: number(1) })).toMatchObject({ offset: 1 });
  });

  it("remembers no number of a close that named none", async () => {
    const { topic } = await newTopic();
    await publishAll(topic, ["a"]);
    await topic.closeForGood();
    expect(await rejection(topic.closeForGood(number(0)))).toMatchObject({ code: "topic_closed" });
  });
});

describe("the values of a JSON body", () => {
  const payloadsOf = async (topic: Topic, body: string): Promise<string[]> => {
    const batch = await topic.batches.parseValues(Buffer.from(body));
    if (batch === undefined) return [];
    const { offset } = await topic.publishBatch(batch);
    const payloads: string[] = [];
    for (let i = 0; i < batch.count; i++) payloads.push((await topic.message(offset + i)).payload.toString());
    return payloads;
  };

  it.each([
    ['{"a":[1,2]}', ['{"a":[1,2]}']],
    [' [ 1.00 , "],[" ,\n[2,[3]], {"b":"\\"]"} ] ', ["1.00", '"],["', "[2,[3]]", '{"b":"\\"]"}']],
    ["[[]]", ["[]"]],
    ["[ ]", []],
    ['"a"', ['"a"']],
  ])("of %s are messages as they were sent", async (body, payloads) => {
    const { netlog } = await openNetlog();
    const topic = await netlog.createTopic("t", { content_type: "application/json" });
    expect(await payloadsOf(topic, body)).toEqual(payloads);
  });

  it.each(["", " ", "[1,]", "[,1]", "[1", "[1]]", "[1] 2", "[}]", "[{]", "[1 2]", "[01]", "nul"])(
    "of %j are refused, all of them",
    async (body) => {
      const { netlog } = await openNetlog();
      const topic = await netlog.createTopic("t", { content_type: "application/json" });
      expect(await rejection(payloadsOf(topic, body))).toMatchObject({ code: "bad_request" });
      expect(topic.readableEnd).toBe(0);
    },
  );
});
