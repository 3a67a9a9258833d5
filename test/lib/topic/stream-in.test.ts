import { describe, expect, it } from "vitest";
import { type Disk, isNetlogError, type StreamIn, type Topic } from "../../../lib/index.ts";
import { LIMITS } from "../../../lib/limits.ts";
import { framesOf } from "../../../lib/log/index.ts";
import { inlineOffload } from "../../../lib/message/compression.ts";
import { encodeMessage } from "../../../lib/message/message.ts";
import { encodeSet } from "../../../lib/message/message-set.ts";
import { plainFrames } from "../../support/data-files.ts";
import { within } from "../../support/deadline.ts";
import { type Fault, FaultyDisk } from "../../support/faulty-disk.ts";
import { MemoryDisk } from "../../support/memory-disk.ts";
import {
  DATA_FOLDER,
  type FixtureOptions,
  type NetlogFixture,
  openNetlog,
} from "../../support/netlog-fixture.ts";

/** A disk whose syncs of data wait while they are held. */
class Gate {
  #release: (() => void)[] = [];
  #isHeld = false;

  readonly schedule = (operation: string): Promise<void> =>
    this.#isHeld && operation.startsWith("fdatasync ")
      ? new Promise((resolve) => this.#release.push(resolve))
      : Promise.resolve();

  hold(): void {
    this.#isHeld = true;
  }

  open(): void {
    this.#isHeld = false;
    for (const release of this.#release.splice(0)) release();
  }
}

interface Fixture extends NetlogFixture {
  readonly topic: Topic;
  readonly gate: Gate;
  readonly roomCalls: () => number;
  open(format?: "lines" | "messages"): StreamIn;
}

async function fixture(options: FixtureOptions = {}, settings: object = {}): Promise<Fixture> {
  const gate = new Gate();
  const disk = new MemoryDisk({ schedule: gate.schedule });
  const opened = await openNetlog({ disk, ...options });
  const topic = await opened.netlog.createTopic("t", settings);
  let calls = 0;
  const open = (format: "lines" | "messages" = "lines"): StreamIn =>
    topic.openStreamIn({ format, durability: undefined, onRoom: () => void calls++ });
  return { ...opened, topic, gate, roomCalls: () => calls, open };
}

async function payloadsOf(topic: Topic): Promise<string[]> {
  const found: string[] = [];
  const end = await topic.resolveOffset("end");
  for (let offset = 0; offset < end; offset++) found.push((await topic.message(offset)).payload.toString());
  return found;
}

/** How many messages each frame of the topic's file holds. */
async function frameCounts(disk: Disk): Promise<number[]> {
  const bytes = await disk.readFile(`${DATA_FOLDER}/t/00000000000000000000.data`);
  return Array.from(framesOf(plainFrames(bytes)), ({ header }) => header.messageCount);
}

async function codeOf(stream: StreamIn): Promise<string> {
  const failure = await within(
    "the stream's end",
    stream.ended.then(
      () => undefined,
      (error: unknown) => error,
    ),
  );
  if (!isNetlogError(failure)) throw failure ?? new Error("it ended well");
  return failure.code;
}

describe("a stream in", () => {
  it("commits each line when it is whole, long before the end", async () => {
    const { topic, runtime, open } = await fixture();
    const stream = open();
    stream.write(Buffer.from("one\ntw"));
    await runtime.turn();
    await runtime.turn();
    expect(await payloadsOf(topic)).toEqual(["one"]);
    stream.write(Buffer.from("o\nlast"));
    stream.end();
    expect(await within("the end", stream.ended)).toEqual({ offset: 0, count: 3 });
    expect(await payloadsOf(topic)).toEqual(["one", "two", "last"]);
  });

  it("tells the next offset of the topic when nothing was sent", async () => {
    const { topic, open } = await fixture();
    await topic.publish({ payload: Buffer.from("a") });
    const stream = open();
    stream.write(Buffer.from("\r\n\n"));
    stream.end();
    expect(await stream.ended).toEqual({ offset: 1, count: 0 });
  });

  it("makes one frame of what comes while the frame before it is synced", async () => {
    const { disk, gate, runtime, open } = await fixture();
    const stream = open();
    gate.hold();
    for (let i = 0; i < 10; i++) {
      stream.write(Buffer.from(`line ${i}\n`));
      await runtime.turn();
    }
    stream.end();
    gate.open();
    expect(await within("the end", stream.ended)).toEqual({ offset: 0, count: 10 });
    expect(await frameCounts(disk)).toEqual([1, 9]);
  });

  it("is full when as much waits as may, and says when there is room again", async () => {
    const { gate, runtime, open, roomCalls } = await fixture({ limits: { streamInBytes: 100 } });
    const stream = open();
    gate.hold();
    stream.write(Buffer.from("first\n"));
    await runtime.turn();
    let lines = 1;
    while (!stream.isFull) {
      stream.write(Buffer.from("0123456789\n"));
      lines++;
    }
    // Each line has 19 bytes with its header.
    expect(lines).toBe(1 + Math.ceil(100 / 19));
    expect(roomCalls()).toBe(0);
    gate.open();
    await runtime.turn();
    await runtime.turn();
    expect(roomCalls()).toBeGreaterThan(0);
    expect(stream.isFull).toBe(false);
    stream.end();
    expect((await within("the end", stream.ended)).count).toBe(lines);
  });

  it("packs as the topic's compression says, and keeps the order", async () => {
    const { topic, open } = await fixture(
      { limits: { inlineCompressionBytes: 50 } },
      { compression_type: 2 },
    );
    const stream = open();
    const sent = Array.from({ length: 200 }, (_, i) => `line number ${i}`);
    for (const line of sent) stream.write(Buffer.from(`${line}\n`));
    stream.end();
    expect(await within("the end", stream.ended)).toEqual({ offset: 0, count: 200 });
    expect(await payloadsOf(topic)).toEqual(sent);
  });

  it("takes NetLog's own messages, and a set alone", async () => {
    const { topic, open } = await fixture();
    const two = Buffer.concat([encodeMessage(Buffer.from("one")), encodeMessage(Buffer.from("two"))]);
    const singles = open("messages");
    for (const byte of two) singles.write(Buffer.of(byte));
    singles.end();
    expect(await within("the end", singles.ended)).toEqual({ offset: 0, count: 2 });
    const set = open("messages");
    set.write(await encodeSet(two, 3, inlineOffload, LIMITS));
    set.end();
    expect(await within("the end", set.ended)).toEqual({ offset: 2, count: 2 });
    expect(await payloadsOf(topic)).toEqual(["one", "two", "one", "two"]);
    const broken = open("messages");
    const bytes = await encodeSet(two, 1, inlineOffload, LIMITS);
    broken.write(bytes.subarray(0, -1));
    broken.end();
    expect(await codeOf(broken)).toBe("bad_request");
  });

  it("keeps what came before a message that is refused, and nothing after it", async () => {
    const { topic, open } = await fixture({ limits: { payloadBytes: 5 } });
    const stream = open();
    stream.write(Buffer.from("one\ntwo\ntoo long\nthree\n"));
    stream.write(Buffer.from("four\n"));
    expect(await codeOf(stream)).toBe("payload_too_large");
    expect(stream.kept).toEqual({ offset: 0, count: 2 });
    expect(await payloadsOf(topic)).toEqual(["one", "two"]);
  });

  it("drops a line that was cut off, whatever ended the stream", async () => {
    const { topic, open } = await fixture();
    const stream = open();
    stream.write(Buffer.from("whole\nhal"));
    stream.stop(new Error("gone"));
    await expect(stream.ended).rejects.toThrow("gone");
    expect(stream.kept).toEqual({ offset: 0, count: 1 });
    expect(await payloadsOf(topic)).toEqual(["whole"]);
  });

  it("keeps a beginning of what was sent when a write fails, though the disk would take what follows", async () => {
    const gate = new Gate();
    const inner = new MemoryDisk({ schedule: gate.schedule });
    const disk = new FaultyDisk(inner);
    const { topic, runtime, open } = await fixture({ disk: inner, seen: () => disk });
    const stream = open();
    stream.write(Buffer.from("one\ntwo\n"));
    for (let i = 0; i < 3; i++) await runtime.turn();
    const fault: Fault = { code: "ENOSPC", kinds: ["write"], path: /\.data$/ };
    disk.plan(fault);
    stream.write(Buffer.from("three\n"));
    stream.write(Buffer.from("four\n"));
    expect(await codeOf(stream)).toBe("storage_full");
    stream.write(Buffer.from("five\n"));
    expect(stream.kept).toEqual({ offset: 0, count: 2 });
    expect(await payloadsOf(topic)).toEqual(["one", "two"]);
    expect((await topic.publish({ payload: Buffer.from("next") })).offset).toBe(2);
  });

  it("waits where publishers are refused with too_many_requests", async () => {
    const { topic, gate, runtime, open } = await fixture({ limits: { bytesInFlight: 30 } });
    gate.hold();
    const large = topic.publish({ payload: Buffer.alloc(25, 120) });
    const stream = open();
    stream.write(Buffer.from("hello\n"));
    await runtime.turn();
    gate.open();
    await within("the large message", large);
    await runtime.advance(1000);
    stream.end();
    expect(await within("the end", stream.ended)).toEqual({ offset: 1, count: 1 });
  });

  it.each([
    ["the server shuts down", (opened: Fixture) => opened.netlog.beginShutdown(), "shutting_down", 1],
    [
      "the topic is deleted",
      (opened: Fixture) => opened.netlog.deleteTopic("t", { force: false }),
      "topic_not_found",
      1,
    ],
  ])("ends when %s", async (_name, act, code, count) => {
    const opened = await fixture();
    const stream = opened.open();
    stream.write(Buffer.from("one\nhal"));
    for (let i = 0; i < 3; i++) await opened.runtime.turn();
    await act(opened);
    expect(await codeOf(stream)).toBe(code);
    expect(stream.kept.count).toBe(count);
  });
});
