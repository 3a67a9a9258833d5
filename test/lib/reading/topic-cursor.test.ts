import { describe, expect, it } from "vitest";
import type { Message, Topic } from "../../../lib/index.ts";
import { framesOf } from "../../../lib/log/index.ts";
import { plainFrames } from "../../support/data-files.ts";
import { within } from "../../support/deadline.ts";
import {
  type NetlogFixture,
  openNetlog,
  publishAll,
  publishTogether,
  texts,
} from "../../support/netlog-fixture.ts";

const FIRST_DATA_FILE = "/data/t/00000000000000000000.data";
const EVERYTHING = { maxMessages: 1_000_000, maxBytes: 64 * 1024 * 1024 };

/** Messages in frames of all kinds: ten alone, ten together, and so on. */
async function newTopic(settings: object = {}, count = 100): Promise<NetlogFixture & { topic: Topic }> {
  const fixture = await openNetlog();
  const topic = await fixture.netlog.createTopic("t", settings);
  for (let from = 0; from < count; from += 20) {
    await publishAll(topic, texts(10, from));
    await publishTogether(topic, texts(10, from + 10));
  }
  return { ...fixture, topic };
}

/** The same topic opened anew, so that nothing of it is in memory. */
async function reopen({ netlog, disk, runtime }: NetlogFixture): Promise<Topic> {
  await netlog.close();
  return (await openNetlog({ disk, runtime })).netlog.topic("t");
}

function taker(most = Number.POSITIVE_INFINITY) {
  const taken: [number, string][] = [];
  const take = (message: Message): boolean => {
    if (taken.length === most) return false;
    taken.push([message.offset, message.payload.toString()]);
    return true;
  };
  return { taken, take };
}

describe("reading many messages", () => {
  it.each([1, 2, 3])(
    "gives each once, in order, from memory and from the disk, compression %d",
    async (type) => {
      const fixture = await newTopic({ compression_type: type, segment_size: 1024 });
      const expected = texts(100).map((text, offset) => [offset, text]);
      const inMemory = taker();
      expect(await fixture.topic.openCursor().readMessages(0, 1000, inMemory.take)).toBe(100);
      expect(inMemory.taken).toEqual(expected);
      const cursor = (await reopen(fixture)).openCursor();
      const fromDisk = taker();
      expect(await cursor.readMessages(15, 1000, fromDisk.take)).toBe(100);
      expect(fromDisk.taken).toEqual(expected.slice(15));
    },
  );

  it("ends at its bounds, and where no more is taken", async () => {
    const { topic } = await newTopic();
    const cursor = topic.openCursor();
    const some = taker();
    expect(await cursor.readMessages(3, 37, some.take)).toBe(37);
    expect(some.taken.map(([offset]) => offset)).toEqual(Array.from({ length: 34 }, (_, i) => i + 3));
    const few = taker(5);
    expect(await cursor.readMessages(12, 1000, few.take)).toBe(17);
    expect(few.taken).toHaveLength(5);
  });

  it("gives what is before damage, and tells of the damage when asked from there", async () => {
    const fixture = await newTopic();
    await fixture.netlog.close();
    const bytes = fixture.disk.bytesOf(FIRST_DATA_FILE);
    bytes[bytes.indexOf("m35")]! ^= 1;
    fixture.disk.replaceBytes(FIRST_DATA_FILE, bytes);
    const topic = (await openNetlog({ disk: fixture.disk, runtime: fixture.runtime })).netlog.topic("t");
    const cursor = topic.openCursor();
    const before = taker();
    expect(await cursor.readMessages(5, 1000, before.take)).toBe(30);
    expect(before.taken.at(-1)).toEqual([29, "m29"]);
    const damage = { code: "checksum_error", details: { offset: 30, nextOffset: 40 } };
    await expect(cursor.readMessages(30, 1000, taker().take)).rejects.toMatchObject(damage);
    expect((await cursor.collectFrames(5, EVERYTHING)).endOffset).toBe(30);
    await expect(cursor.collectFrames(30, EVERYTHING)).rejects.toMatchObject(damage);
    await expect(cursor.readFrames(30, 1000)).rejects.toMatchObject(damage);
    expect(await cursor.readMessages(40, 1000, taker().take)).toBe(100);
  });

  it("knows what is not there: dropped, or yet to come", async () => {
    const { topic, runtime } = await newTopic({ segment_size: 1024, retention_size: 1500 });
    await runtime.advance(10_000);
    const firstOffset = (await topic.info()).first_offset;
    expect(firstOffset).toBeGreaterThan(0);
    const cursor = topic.openCursor();
    const dropped = { code: "offset_not_found", details: { firstOffset } };
    await expect(cursor.readMessages(0, 1000, taker().take)).rejects.toMatchObject(dropped);
    await expect(cursor.collectFrames(0, EVERYTHING)).rejects.toMatchObject(dropped);
    expect(await cursor.readMessages(100, 1000, taker().take)).toBe(100);
    expect(await cursor.readFrames(100, 1000)).toBeUndefined();
    await expect(cursor.collectFrames(100, EVERYTHING)).rejects.toMatchObject({ code: "offset_not_found" });
  });

  it("passes on what a taker throws, and then has taken nothing", async () => {
    const { topic } = await newTopic();
    const refuse = (): boolean => {
      throw new RangeError("not this one");
    };
    await expect(topic.openCursor().readMessages(0, 10, refuse)).rejects.toThrow("not this one");
  });
});

describe("reading frames", () => {
  it("gives the bytes of the file, from memory and from the disk", async () => {
    const fixture = await newTopic();
    const file = plainFrames(fixture.disk.bytesOf(FIRST_DATA_FILE));
    const run = await fixture.topic.openCursor().collectFrames(0, EVERYTHING);
    expect(run).toMatchObject({ baseOffset: 0, endOffset: 100 });
    expect(run.bytes.equals(file)).toBe(true);
    const cursor = (await reopen(fixture)).openCursor();
    expect((await cursor.collectFrames(0, EVERYTHING)).bytes.equals(file)).toBe(true);
    const walked: Buffer[] = [];
    for (let offset = 0; offset < 100; ) {
      const piece = await cursor.readFrames(offset, 300);
      expect(piece!.bytes.length).toBeLessThanOrEqual(300);
      walked.push(Buffer.from(piece!.bytes));
      offset = piece!.endOffset;
    }
    expect(Buffer.concat(walked).equals(file)).toBe(true);
  });

  it("begins with the frame that holds the offset, and keeps within both bounds but for that", async () => {
    const { topic } = await newTopic();
    const cursor = topic.openCursor();
    const within25 = await cursor.collectFrames(15, { maxMessages: 25, maxBytes: 1_000_000 });
    expect([within25.baseOffset, within25.endOffset]).toEqual([10, 30]);
    const least = await cursor.collectFrames(15, { maxMessages: 1, maxBytes: 1 });
    expect([least.baseOffset, least.endOffset]).toEqual([10, 20]);
    const one = await cursor.collectFrames(0, { maxMessages: 100, maxBytes: 120 });
    expect(one.bytes.length).toBeLessThanOrEqual(120);
    expect(one.endOffset).toBe(2);
  });

  it("goes over segments and beyond one reading, as one run", async () => {
    const fixture = await openNetlog();
    const topic = await fixture.netlog.createTopic("t", { segment_size: 400_000 });
    const payloads = Array.from({ length: 50 }, (_, i) => Buffer.alloc(1 + ((i * 7919) % 60_000), i));
    for (const payload of payloads) await topic.publish({ payload });
    for (const open of [() => topic, () => reopen(fixture)]) {
      const run = await (await open()).openCursor().collectFrames(0, EVERYTHING);
      expect([run.baseOffset, run.endOffset]).toEqual([0, 50]);
      const entries = [...framesOf(run.bytes)].map(({ entry }) => entry.subarray(9));
      expect(entries.every((entry, i) => entry.equals(payloads[i]!))).toBe(true);
      expect(entries).toHaveLength(50);
    }
  });

  it("takes a frame that is larger than its memory behind small ones", async () => {
    const fixture = await openNetlog();
    const topic = await fixture.netlog.createTopic("t");
    const payloads = [10, 1_200_000, 10, 700_000].map((length, i) => Buffer.alloc(length, i + 1));
    for (const payload of payloads) await topic.publish({ payload });
    for (const open of [() => topic, () => reopen(fixture)]) {
      const opened = await open();
      const run = await opened.openCursor().collectFrames(0, EVERYTHING);
      const entries = [...framesOf(run.bytes)].map(({ entry }) => entry.subarray(9));
      expect(entries.map((entry, i) => entry.equals(payloads[i]!))).toEqual([true, true, true, true]);
      const few = { ...EVERYTHING, mayUse: (bytes: number) => bytes < 1_000_000 };
      expect((await opened.openCursor().collectFrames(0, few)).endOffset).toBe(1);
    }
  });

  it("uses memory again that was given back, and what is held stays as it is", async () => {
    const fixture = await newTopic();
    const topic = await reopen(fixture);
    const [first, second] = [topic.openCursor(), topic.openCursor()];
    const a = await first.readFrames(0, 200);
    const copy = Buffer.from(a!.bytes);
    await second.readFrames(50, 200);
    expect(a!.bytes.equals(copy)).toBe(true);
    first.release();
    const third = topic.openCursor();
    const c = await third.readFrames(0, 200);
    expect(c!.bytes.buffer).toBe(a!.bytes.buffer);
  });
});

describe("waiting for a message without a scanner", () => {
  it("ends when the offset can be read", async () => {
    const { topic, runtime } = await newTopic({}, 0);
    const timers = runtime.timerCount;
    const wait = topic.openCursor().wait(1, { waitMs: 1000, onWaiting: () => {} });
    await publishAll(topic, texts(2));
    expect(await within("the wait", wait)).toBe("readable");
    expect(runtime.timerCount).toBe(timers);
  });

  it("ends when its time runs out, and does not begin without any", async () => {
    const { topic, runtime } = await newTopic({}, 0);
    const cursor = topic.openCursor();
    let waits = 0;
    expect(await cursor.wait(0, { waitMs: 0, onWaiting: () => waits++ })).toBe("late");
    expect(waits).toBe(0);
    const wait = cursor.wait(0, { waitMs: 1000, onWaiting: () => waits++ });
    await runtime.advance(1000);
    expect(await within("the wait", wait)).toBe("late");
    expect(waits).toBe(1);
  });

  it("ends when the client leaves", async () => {
    const { topic } = await newTopic({}, 0);
    const wait = topic.openCursor().wait(0, { waitMs: undefined, onWaiting: (cancel) => cancel() });
    expect(await within("the wait", wait)).toBe("cancelled");
  });

  it("ends with the topic, and with the server's time", async () => {
    const { topic, netlog } = await newTopic({}, 0);
    const cursor = topic.openCursor();
    const endless = { waitMs: undefined, onWaiting: () => {} };
    const stopped = expect(cursor.wait(0, endless)).rejects.toMatchObject({ code: "shutting_down" });
    netlog.beginShutdown();
    await within("the wait", stopped);
    await expect(cursor.wait(0, endless)).rejects.toMatchObject({ code: "shutting_down" });
    const other = await newTopic({}, 0);
    const gone = other.topic.openCursor().wait(0, endless);
    const deleted = expect(gone).rejects.toMatchObject({ code: "topic_not_found" });
    await other.netlog.deleteTopic("t", { force: false });
    await within("the wait", deleted);
  });
});
