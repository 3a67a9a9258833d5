import { describe, expect, it } from "vitest";
import { LIMITS } from "../../../lib/index.ts";
import { framesOf } from "../../../lib/log/index.ts";
import type { AppendGuard, Log } from "../../../lib/log/log.ts";
import { inlineOffload } from "../../../lib/message/compression.ts";
import { encodeMessage } from "../../../lib/message/message.ts";
import { encodeEntry } from "../../../lib/message/message-set.ts";
import type { Publisher } from "../../../lib/topic/publisher.ts";
import { within } from "../../support/deadline.ts";
import { LOG_FOLDER } from "../../support/log-fixture.ts";
import { HeldOffload, newPublisher, publishMany } from "../../support/publisher-fixture.ts";

/** Messages and first byte (version and compression) of each frame. */
async function frames(log: Log): Promise<[number, number][]> {
  const run = await log.openCursor().read(0, 1_000_000);
  return Array.from(framesOf(run!.bytes), ({ header, entry }) => [header.messageCount, entry[0]!]);
}

describe("publishing singles", () => {
  it("packs those of one turn into one frame, with offsets in order", async () => {
    const { publisher, log } = await newPublisher();
    const published = await Promise.all(
      ["a", "b", "c"].map((text) =>
        publisher.publish({ payload: Buffer.from(text) }, { durability: "synced" }),
      ),
    );
    expect(published.map(({ offset, durability }) => [offset, durability])).toEqual([
      [0, "synced"],
      [1, "synced"],
      [2, "synced"],
    ]);
    expect(await frames(log)).toEqual([[3, 1]]);
  });

  it("stores a lone one as a single message, in a compressed topic too", async () => {
    const { publisher, log } = await newPublisher({ compression_type: 2 });
    await publisher.publish({ payload: Buffer.from("alone") }, { durability: "synced" });
    expect(await frames(log)).toEqual([[1, 0]]);
  });

  it("puts at most batch_num_messages into a set", async () => {
    const { publisher, log } = await newPublisher({ batch_num_messages: 4 });
    await Promise.all(publishMany(publisher, 9));
    expect(await frames(log)).toEqual([
      [4, 1],
      [4, 1],
      [1, 0],
    ]);
  });

  it("puts no more bytes into a set than it may unpack to", async () => {
    const { publisher, log } = await newPublisher({}, { limits: { batchBytes: 250 } });
    const payload = Buffer.alloc(100, "x");
    await Promise.all([1, 2, 3].map(() => publisher.publish({ payload }, { durability: "synced" })));
    await publisher.publish({ payload: Buffer.alloc(400, "y") }, { durability: "synced" });
    expect(await frames(log)).toEqual([
      [2, 1],
      [1, 0],
      [1, 0],
    ]);
  });

  it("answers each request at its own durability", async () => {
    const { publisher, disk } = await newPublisher({ durability: "written" });
    const published = await Promise.all([
      publisher.publish({ payload: Buffer.from("weak") }, { durability: "written" }),
      publisher.publish({ payload: Buffer.from("strong") }, { durability: "synced" }),
    ]);
    expect(published.map(({ durability }) => durability)).toEqual(["written", "synced"]);
    const survived = disk.crashPower(() => 0).bytesOf(`${LOG_FOLDER}/00000000000000000000.data`);
    expect(survived.includes("strong")).toBe(true);
  });

  it("borrows the payload: it is copied when the turn ends, and not changed", async () => {
    const { publisher, log } = await newPublisher();
    const payload = Buffer.from("before");
    await publisher.publish({ payload }, { durability: "synced" });
    payload.fill("x");
    const run = await log.openCursor().read(0, 1);
    expect(run!.bytes.includes("before")).toBe(true);
  });

  it("refuses an empty message, one too large, and too many bytes at once; answers free them again", async () => {
    const { publisher } = await newPublisher({}, { limits: { payloadBytes: 10, bytesInFlight: 15 } });
    await expect(
      publisher.publish({ payload: Buffer.alloc(0) }, { durability: "synced" }),
    ).rejects.toMatchObject({ code: "bad_request" });
    await expect(
      publisher.publish({ payload: Buffer.alloc(11) }, { durability: "synced" }),
    ).rejects.toMatchObject({
      code: "payload_too_large",
    });
    const first = publisher.publish({ payload: Buffer.alloc(10) }, { durability: "synced" });
    await expect(
      publisher.publish({ payload: Buffer.alloc(6) }, { durability: "synced" }),
    ).rejects.toMatchObject({
      code: "too_many_requests",
    });
    await first;
    await expect(
      publisher.publish({ payload: Buffer.alloc(10) }, { durability: "synced" }),
    ).resolves.toMatchObject({ offset: 1 });
  });

  it("takes alone what is more than all bytes that may be in flight", async () => {
    const { publisher } = await newPublisher({}, { limits: { bytesInFlight: 15 } });
    const first = publisher.publish({ payload: Buffer.alloc(20) }, { durability: "synced" });
    await expect(
      publisher.publish({ payload: Buffer.alloc(1) }, { durability: "synced" }),
    ).rejects.toMatchObject({
      code: "too_many_requests",
    });
    await expect(first).resolves.toMatchObject({ offset: 0 });
    await expect(
      publisher.publish({ payload: Buffer.alloc(20) }, { durability: "synced" }),
    ).resolves.toMatchObject({ offset: 1 });
  });

  it("frees the bytes of what the log refused", async () => {
    const { publisher, log } = await newPublisher({}, { limits: { bytesInFlight: 10 } });
    await log.delete();
    for (let i = 0; i < 3; i++) {
      await expect(
        publisher.publish({ payload: Buffer.alloc(10) }, { durability: "synced" }),
      ).rejects.toMatchObject({
        code: "topic_not_found",
      });
    }
  });
});

describe("lingering", () => {
  const gzip = { compression_type: 2, batch_interval: "200ms", batch_num_messages: 3 } as const;

  it("lets singles of a compressed topic wait for company until the interval is over", async () => {
    const { publisher, log, runtime } = await newPublisher(gzip);
    const both = [publisher.publish({ payload: Buffer.from("a") }, { durability: "synced" })];
    await runtime.advance(150);
    both.push(publisher.publish({ payload: Buffer.from("b") }, { durability: "synced" }));
    await runtime.advance(49);
    expect(log.logEndOffset).toBe(0);
    await runtime.advance(1);
    await within("both answered", Promise.all(both));
    expect(await frames(log)).toEqual([[2, 2]]);
  });

  it("ends as soon as a set is full", async () => {
    const { publisher, log, runtime } = await newPublisher(gzip);
    await within("a full set answered", Promise.all(publishMany(publisher, 3)));
    expect(await frames(log)).toEqual([[3, 2]]);
    expect(runtime.timerCount).toBe(0);
  });

  it("is not for uncompressed topics", async () => {
    const { publisher } = await newPublisher({ ...gzip, compression_type: 1, batch_interval: "1h" });
    await within(
      "answered at once",
      publisher.publish({ payload: Buffer.from("a") }, { durability: "synced" }),
    );
  });

  it("ends with a flush, and altogether when told to", async () => {
    const { publisher, log } = await newPublisher(gzip);
    const lingering = publisher.publish({ payload: Buffer.from("a") }, { durability: "synced" });
    await publisher.flush();
    expect(log.logEndOffset).toBe(1);
    await lingering;
    publisher.stopLingering();
    await within(
      "answered at once",
      publisher.publish({ payload: Buffer.from("b") }, { durability: "synced" }),
    );
  });
});

describe("an append that a guard judges", () => {
  const nothing: AppendGuard = { original: () => undefined, require: () => {}, written: () => {} };

  function alone(publisher: Publisher, text: string): Promise<{ readonly offset: number }> {
    const encode = () => encodeMessage(Buffer.from(text), undefined);
    const entry = { payloadBytes: text.length, sizeBytes: text.length, count: 1, encode };
    return publisher.publishAlone(entry, nothing, { durability: "synced" });
  }

  /** A message, one with a guard, a message, a batch, one with a guard, a message. */
  function mixed(publisher: Publisher): Promise<{ readonly offset: number }>[] {
    const single = () => publisher.publish({ payload: Buffer.alloc(50, "s") }, { durability: "synced" });
    const batch = { entry: encodeMessage(Buffer.from("batch"), undefined), count: 1 };
    return [
      single(),
      alone(publisher, "first"),
      publisher.publishBatch(batch, { durability: "synced" }),
      alone(publisher, "second"),
      single(),
    ];
  }

  async function offsets(published: readonly Promise<{ readonly offset: number }>[]): Promise<number[]> {
    return (await within("all answered", Promise.all(published))).map(({ offset }) => offset);
  }

  it("is stored behind what came before it, and before what came behind it", async () => {
    const { publisher, log } = await newPublisher();
    expect(await offsets(mixed(publisher))).toEqual([0, 1, 2, 3, 4]);
    expect(log.logEndOffset).toBe(5);
  });

  it("is stored behind what lingers, which ends that, and what comes behind it lingers", async () => {
    const { publisher, log, runtime } = await newPublisher({ compression_type: 2, batch_interval: "1h" });
    const published = mixed(publisher);
    expect(await offsets(published.slice(0, -1))).toEqual([0, 1, 2, 3]);
    expect(log.logEndOffset).toBe(4);
    await runtime.advance(3_600_000);
    expect(await offsets(published)).toEqual([0, 1, 2, 3, 4]);
  });

  it("keeps its place while sets before it are packed off the event loop", async () => {
    const offload = new HeldOffload();
    const { publisher, runtime } = await newPublisher(
      { compression_type: 2 },
      { offload, limits: { inlineCompressionBytes: 10 } },
    );
    const published = publishMany(publisher, 10) as Promise<{ readonly offset: number }>[];
    await runtime.turn();
    published.push(...mixed(publisher));
    await runtime.turn();
    offload.held.shift()!();
    expect(await offsets(published)).toEqual(Array.from({ length: 15 }, (_, i) => i));
  });
});

describe("publishing a batch", () => {
  it("appends the entry as it is, as one frame, and answers with its first offset", async () => {
    const { publisher, log } = await newPublisher();
    const payloads = ["a", "b"].map((text) => ({ payload: Buffer.from(text) }));
    const entry = await encodeEntry(payloads, 0, 2, 3, inlineOffload, LIMITS);
    const single = publisher.publish({ payload: Buffer.from("single") }, { durability: "synced" });
    const batch = publisher.publishBatch({ entry, count: 2 }, { durability: "synced" });
    expect(await batch).toMatchObject({ offset: 0, durability: "synced" });
    expect(await single).toMatchObject({ offset: 2 });
    expect(await frames(log)).toEqual([
      [2, 3],
      [1, 0],
    ]);
  });
});
