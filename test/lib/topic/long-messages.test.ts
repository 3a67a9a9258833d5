import { describe, expect, it } from "vitest";
import { crc32 } from "../../../lib/base/checksum.ts";
import { LONG_BYTES } from "../../../lib/base/loop-share.ts";
import { type Batch, fieldsOf, PAYLOAD_HEADROOM_BYTES, type Topic } from "../../../lib/index.ts";
import { inlineOffload } from "../../../lib/message/compression.ts";
import { openNetlog } from "../../support/netlog-fixture.ts";

const LONG = 2 * LONG_BYTES + 11;

/** A payload whose bytes differ from piece to piece. */
function longPayload(headroomBytes: number): Buffer {
  const memory = Buffer.alloc(headroomBytes + LONG);
  const payload = memory.subarray(headroomBytes);
  for (let i = 0; i < LONG; i += 4096) payload.writeUInt32BE(i, i);
  return payload;
}

async function lastIs(topic: Topic, payload: Buffer): Promise<void> {
  const last = await topic.message((await topic.resolveOffset("end")) - 1);
  expect(Buffer.compare(last.payload, payload)).toBe(0);
  expect(last.crc32).toBe(crc32(payload));
}

describe("a long message", () => {
  it.each([0, 100, PAYLOAD_HEADROOM_BYTES])(
    "with %i bytes of room is kept, with what it carries",
    async (headroomBytes) => {
      const { netlog } = await openNetlog();
      const topic = await netlog.createTopic("t");
      const given = { headroomBytes, key: "k".repeat(200), contentType: "text/plain" };
      const expected = longPayload(0);
      await topic.publish({ payload: longPayload(headroomBytes), headroomBytes });
      await lastIs(topic, expected);
      await topic.publish({ ...given, payload: longPayload(headroomBytes) });
      await lastIs(topic, expected);
      expect(fieldsOf(await topic.message(1))).toMatchObject({ key: given.key, contentType: "text/plain" });
      const idempotency = { key: "once", digest: Buffer.alloc(32) };
      await topic.publish({ ...given, payload: longPayload(headroomBytes) }, { idempotency });
      const again = await topic.publish({ ...given, payload: longPayload(headroomBytes) }, { idempotency });
      expect(again).toMatchObject({ offset: 2, isDuplicate: true });
      await lastIs(topic, expected);
    },
  );

  it("gives the event loop back while it is summed", async () => {
    let pauses = 0;
    const offload = {
      ...inlineOffload,
      pause: async () => {
        pauses += 1;
      },
    };
    const { netlog } = await openNetlog({ offload });
    const topic = await netlog.createTopic("t");
    await topic.publish({ payload: longPayload(0).subarray(0, LONG_BYTES) });
    expect(pauses).toBe(0);
    await topic.publish({ payload: longPayload(0) });
    expect(pauses).toBeGreaterThan(3);
  });

  it("is in the log before its topic is closed or flushed", async () => {
    const { netlog } = await openNetlog();
    const topic = await netlog.createTopic("t");
    const published = topic.publish({ payload: longPayload(0) });
    await topic.closeForGood();
    expect((await published).offset).toBe(0);
  });

  it("counts as bytes in flight from the call on", async () => {
    const { netlog } = await openNetlog({ limits: { bytesInFlight: LONG + 1000 } });
    const topic = await netlog.createTopic("t");
    const first = topic.publish({ payload: longPayload(0) });
    await expect(topic.publish({ payload: longPayload(0) })).rejects.toMatchObject({
      code: "too_many_requests",
    });
    await first;
    await topic.publish({ payload: longPayload(0) });
  });
});

describe("a long batch", () => {
  it.each([1, 3])("of %i messages a piece is kept as one of usual size is", async (type) => {
    const { netlog } = await openNetlog();
    const topic = await netlog.createTopic("t", { compression_type: type });
    const lines = topic.batches.openLines(LONG);
    const text = Buffer.concat([
      Buffer.alloc(LONG / 2, "x"),
      Buffer.from("\r\n"),
      Buffer.alloc(LONG / 2, "y"),
    ]);
    for (let start = 0; start < text.length; start += 65_536)
      lines.write(text.subarray(start, start + 65_536));
    const batches: Batch[] = [
      await lines.end(),
      await topic.batches.parseJson(
        Buffer.from(JSON.stringify(["a".repeat(LONG / 2), "b".repeat(LONG / 2)])),
      ),
      await topic.batches.parseJson(Buffer.from(JSON.stringify(["c".repeat(LONG)]))),
    ];
    for (const batch of batches) await topic.publishBatch(batch);
    const found: string[] = [];
    for (let offset = 0; offset < 5; offset++) {
      const { payload } = await topic.message(offset);
      expect(payload.every((byte) => byte === payload[0])).toBe(true);
      found.push(`${payload.length} ${String.fromCharCode(payload[0]!)}`);
    }
    const half = Math.floor(LONG / 2);
    expect(found).toEqual([`${half} x`, `${half} y`, `${half} a`, `${half} b`, `${LONG} c`]);
  });

  it("of a line that ends with CRLF between two pieces has the line's own sum", async () => {
    const { netlog } = await openNetlog();
    const topic = await netlog.createTopic("t");
    const lines = topic.batches.openLines();
    lines.write(Buffer.from(`${"x".repeat(200_000)}\r`));
    lines.write(Buffer.from("\nlast"));
    await topic.publishBatch(await lines.end());
    expect((await topic.message(0)).crc32).toBe(crc32(Buffer.alloc(200_000, "x")));
  });
});

describe("a stream of one long line", () => {
  it("is one message", async () => {
    const { netlog } = await openNetlog();
    const topic = await netlog.createTopic("t");
    const stream = topic.openStreamIn({ format: "lines", durability: undefined, onRoom: () => {} });
    for (let bytes = 0; bytes < 8 * LONG_BYTES; bytes += 65_536) stream.write(Buffer.alloc(65_536, "x"));
    stream.end();
    expect(await stream.ended).toEqual({ offset: 0, count: 1 });
    expect((await topic.message(0)).payload.length).toBe(8 * LONG_BYTES);
  });
});
