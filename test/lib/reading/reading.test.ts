import { describe, expect, it } from "vitest";
import { inlineOffload, type Offload } from "../../../lib/message/compression.ts";
import { within } from "../../support/deadline.ts";
import { openNetlog, publishAll, publishTogether, texts } from "../../support/netlog-fixture.ts";

/** Counts what is unpacked elsewhere, which with this limit is every compressed set. */
class CountingOffload implements Offload {
  unpacked = 0;
  readonly compress = inlineOffload.compress;
  readonly pause = inlineOffload.pause;
  async decompress(...given: Parameters<Offload["decompress"]>): Promise<Buffer> {
    this.unpacked++;
    await new Promise<void>((resolve) => setImmediate(resolve));
    return await inlineOffload.decompress(...given);
  }
}

async function compressedTopic(options: { setCacheBytes?: number } = {}) {
  const offload = new CountingOffload();
  const { netlog } = await openNetlog({ offload, limits: { inlineCompressionBytes: 1, ...options } });
  const topic = await netlog.createTopic("t", { compression_type: 2 });
  await publishTogether(topic, texts(50));
  return { netlog, topic, offload };
}

describe("reading a message by its offset", () => {
  it("gives the payload, byte for byte, whatever it holds", async () => {
    const { netlog } = await openNetlog();
    const topic = await netlog.createTopic("t");
    const payload = Buffer.from(Array.from({ length: 512 }, (_, i) => i % 256));
    await topic.publish({ payload });
    expect((await topic.message(0)).payload.equals(payload)).toBe(true);
  });

  it("knows no message that is not there", async () => {
    const { netlog } = await openNetlog();
    const topic = await netlog.createTopic("t");
    await publishAll(topic, texts(2));
    for (const offset of [-1, 2, 3, 2 ** 53, 2 ** 63]) {
      await expect(topic.message(offset)).rejects.toMatchObject({ code: "offset_not_found", details: {} });
    }
  });

  it("unpacks a set once, for one reader after another and for many at once", async () => {
    const { topic, offload } = await compressedTopic();
    const scanners = await Promise.all(texts(20).map(() => topic.createScanner({ from: 0, persist: false })));
    const deliveries = await Promise.all(scanners.map((scanner) => scanner.scan({ waitMs: 0 })));
    expect(deliveries.map((each) => each!.message.payload.toString())).toEqual(texts(20).map(() => "m0"));
    for (let offset = 0; offset < 50; offset++) {
      expect((await topic.message(offset)).payload.toString()).toBe(`m${offset}`);
    }
    expect(offload.unpacked).toBe(1);
  });

  it("reads right where the cache keeps nothing", async () => {
    const { topic, offload } = await compressedTopic({ setCacheBytes: 1 });
    for (const offset of [3, 4, 49, 0]) {
      expect((await topic.message(offset)).payload.toString()).toBe(`m${offset}`);
    }
    expect(offload.unpacked).toBe(4);
  });

  it("never takes another topic's set for its own, however alike they are", async () => {
    const { netlog, topic } = await compressedTopic();
    const twin = await netlog.createTopic("u", { compression_type: 2 });
    await publishTogether(twin, texts(50, 100));
    expect((await topic.message(7)).payload.toString()).toBe("m7");
    expect((await twin.message(7)).payload.toString()).toBe("m107");
  });

  it("hands out payloads that keep no large buffer alive", async () => {
    const { netlog } = await openNetlog();
    const topic = await netlog.createTopic("t");
    const large = Buffer.alloc(100_000, "x");
    await Promise.all([topic.publish({ payload: Buffer.from("small") }), topic.publish({ payload: large })]);
    expect((await topic.message(0)).payload.buffer.byteLength).toBeLessThan(20_000);
    expect((await topic.message(1)).payload.buffer.byteLength).toBeLessThan(300_000);
  });

  it("copies a set out of the log's own buffer once, not once for each message", async () => {
    const { netlog } = await openNetlog();
    const topic = await netlog.createTopic("t");
    const large = Buffer.alloc(20_000, "x");
    await Promise.all([topic.publish({ payload: large }), topic.publish({ payload: large })]);
    const [first, second] = [await topic.message(0), await topic.message(1)];
    expect(first.payload.buffer).toBe(second.payload.buffer);
    expect(first.payload.buffer.byteLength).toBeLessThan(45_000);
  });

  it("knows a dropped message no more, though its set is still in the cache", async () => {
    const { netlog, runtime } = await openNetlog();
    const topic = await netlog.createTopic("t", { segment_age: "1day" });
    await publishTogether(topic, texts(3));
    expect((await topic.message(1)).payload.toString()).toBe("m1");
    await runtime.advance(2 * 86_400_000);
    await expect(topic.message(1)).rejects.toMatchObject({ details: { firstOffset: 3 } });
  });

  it("survives a set that fails to unpack, and tries again", async () => {
    const { topic, offload } = await compressedTopic();
    const failing = offload.decompress;
    offload.decompress = () => Promise.reject(new Error("no memory"));
    await expect(topic.message(0)).rejects.toThrow("no memory");
    offload.decompress = failing;
    expect((await within("the second try", topic.message(0))).payload.toString()).toBe("m0");
  });
});
