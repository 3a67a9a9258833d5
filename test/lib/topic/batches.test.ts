import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc32 } from "../../../lib/base/checksum.ts";
import { isNetlogError, type Topic } from "../../../lib/index.ts";
import { LIMITS } from "../../../lib/limits.ts";
import { inlineOffload, type Offload } from "../../../lib/message/compression.ts";
import { encodeMessage, encodeMessageHeader } from "../../../lib/message/message.ts";
import { encodeSet } from "../../../lib/message/message-set.ts";
import { within } from "../../support/deadline.ts";
import { MemoryDisk } from "../../support/memory-disk.ts";
import { openNetlog } from "../../support/netlog-fixture.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import "../../support/fixed-seed.ts";

const SETS = [1, 2, 3] as const;

function messages(...texts: string[]): Buffer {
  return Buffer.concat(texts.map((text) => encodeMessage(Buffer.from(text))));
}

/** The topic's payloads as text, from the first to the last. */
async function payloadsOf(topic: Topic): Promise<string[]> {
  const found: string[] = [];
  const end = await topic.resolveOffset("end");
  for (let offset = 0; offset < end; offset++) found.push((await topic.message(offset)).payload.toString());
  return found;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (isNetlogError(error)) return error.code;
    throw error;
  }
  return expect.unreachable("was to be refused");
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

describe("a batch", () => {
  it("gets contiguous offsets and one time, in every form, in topics of every compression", async () => {
    const { netlog } = await openNetlog();
    for (const type of SETS) {
      const topic = await netlog.createTopic(`t${type}`, { compression_type: type });
      await topic.publish({ payload: Buffer.from("before") });
      const lines = topic.batches.openLines();
      for (const piece of ["l1\nl", "2\r\n", "\nl3"]) lines.write(Buffer.from(piece));
      const forms = [
        await lines.end(),
        await topic.batches.parseJson(json(["j1", { payload: "j2" }])),
        await topic.batches.parseMessages(messages("m1", "m2", "m3")),
        await topic.batches.parseMessages(await encodeSet(messages("s1", "s2"), 2, inlineOffload, LIMITS)),
      ];
      const offsets: number[] = [];
      for (const batch of forms) offsets.push((await topic.publishBatch(batch)).offset);
      expect(offsets).toEqual([1, 4, 6, 9]);
      expect(await payloadsOf(topic)).toEqual([
        "before",
        "l1",
        "l2",
        "l3",
        "j1",
        "j2",
        "m1",
        "m2",
        "m3",
        "s1",
        "s2",
      ]);
      const times = [9, 10].map(async (offset) => (await topic.message(offset)).timestampMs);
      expect(new Set(await Promise.all(times)).size).toBe(1);
    }
  });

  it("of messages is wrapped where it lies when there is room in front of it", async () => {
    const { netlog } = await openNetlog();
    const topic = await netlog.createTopic("t");
    const body = messages("one", "two");
    const roomy = Buffer.concat([Buffer.alloc(9, 0xff), body]);
    const batch = await topic.batches.parseMessages(roomy.subarray(9), 9);
    expect(batch.entry.buffer).toBe(roomy.buffer);
    expect(batch.entry).toEqual(await encodeSet(body, 1, inlineOffload, LIMITS));
  });

  it("is there whole or not at all after a loss of power", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 6 }), async (seed, batchCount) => {
        let hold = (): Promise<void> => Promise.resolve();
        const disk = new MemoryDisk({
          schedule: (operation) => (operation.startsWith("fdatasync ") ? hold() : Promise.resolve()),
        });
        const { netlog, runtime } = await openNetlog({ disk });
        const topic = await netlog.createTopic("t");
        await topic.publishBatch(await topic.batches.parseJson(json(["a", "b"])));
        hold = () => new Promise(() => {});
        for (let batch = 0; batch < batchCount; batch++) {
          const value = Array.from({ length: 5 }, (_, i) => `batch ${batch} message ${i}`);
          topic.publishBatch(await topic.batches.parseJson(json(value))).catch(() => {});
          await runtime.turn();
        }
        hold = () => Promise.resolve();
        const after = await openNetlog({ disk: disk.crashPower(seededRandom(seed)), runtime });
        const kept = await payloadsOf(after.netlog.topic("t"));
        expect(kept.slice(0, 2)).toEqual(["a", "b"]);
        expect((kept.length - 2) % 5).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it("that the disk has no room for is refused whole, and the topic goes on", async () => {
    const { netlog, disk } = await openNetlog();
    const topic = await netlog.createTopic("t", { compression_type: 1 });
    disk.capacityBytes = 2000;
    const large = await topic.batches.parseJson(
      json(Array.from({ length: 100 }, (_, i) => `message ${i} `.repeat(9))),
    );
    expect(await codeOf(topic.publishBatch(large))).toBe("storage_full");
    expect((await topic.publishBatch(await topic.batches.parseJson(json(["x", "y"])))).offset).toBe(0);
  });

  it("counts as bytes in flight until it is answered", async () => {
    const { netlog } = await openNetlog({ limits: { bytesInFlight: 100 } });
    const topic = await netlog.createTopic("t");
    const batch = await topic.batches.parseJson(json(["x".repeat(60)]));
    const first = topic.publishBatch(batch);
    expect(await codeOf(topic.publishBatch(batch))).toBe("too_many_requests");
    await first;
    expect((await topic.publishBatch(batch)).offset).toBe(1);
  });

  it("that has to be unpacked counts as what it may unpack to meanwhile", async () => {
    let release = (): void => {};
    const offload: Offload = {
      ...inlineOffload,
      decompress: async (...given) => {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        return await inlineOffload.decompress(...given);
      },
    };
    const limits = { bytesInFlight: 1500, batchBytes: 1000, inlineCompressionBytes: 10 };
    const { netlog } = await openNetlog({ offload, limits });
    const topic = await netlog.createTopic("t");
    const packed = gzipSync(messages("one", "two"));
    const set = Buffer.concat([Buffer.alloc(9), packed]);
    encodeMessageHeader(set, 0, 2, crc32(packed), packed.length);
    const first = topic.batches.parseMessages(set);
    expect(await codeOf(topic.batches.parseMessages(set))).toBe("too_many_requests");
    expect((await topic.batches.parseMessages(messages("three"))).count).toBe(1);
    release();
    expect((await within("the set", first)).count).toBe(2);
    const again = topic.batches.parseMessages(set);
    release();
    expect((await within("the set again", again)).count).toBe(2);
  });

  it("of lines is refused when there are none, or too many", async () => {
    const { netlog } = await openNetlog({
      limits: { batchMessages: 3 },
      defaults: { batch_num_messages: 3 },
    });
    const topic = await netlog.createTopic("t");
    const none = topic.batches.openLines();
    none.write(Buffer.from("\n\r\n"));
    expect(await codeOf((async () => none.end())())).toBe("bad_request");
    const many = topic.batches.openLines();
    many.write(Buffer.from("1\n2\n3"));
    expect((await many.end()).count).toBe(3);
    const more = topic.batches.openLines();
    expect(await codeOf((async () => more.write(Buffer.from("1\n2\n3\n4\n")))())).toBe("payload_too_large");
    const last = topic.batches.openLines();
    last.write(Buffer.from("1\n2\n3\n4"));
    expect(await codeOf((async () => last.end())())).toBe("payload_too_large");
  });

  it("of short lines, as large as it may be as sent, can be read though headers make it larger", async () => {
    const limits = { batchBytes: 60, setBytes: 60 + 9 * 30, batchMessages: 30 };
    const { netlog } = await openNetlog({ limits, defaults: { batch_num_messages: 30 } });
    const topic = await netlog.createTopic("t", { compression_type: 2 });
    const lines = topic.batches.openLines();
    lines.write(Buffer.from("x\n".repeat(30)));
    await topic.publishBatch(await lines.end());
    expect(await payloadsOf(topic)).toEqual(Array.from({ length: 30 }, () => "x"));
  });
});
