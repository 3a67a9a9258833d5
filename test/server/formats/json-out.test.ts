import { crc32 } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteWriter } from "../../../server/formats/byte-writer.ts";
import { JSON_ARRAY, NDJSON } from "../../../server/formats/json-out.ts";
import "../../support/fixed-seed.ts";

const message = fc.record({
  offset: fc.oneof(fc.nat(), fc.maxSafeNat()),
  timestampMs: fc.nat({ max: 4_000_000_000_000 }),
  payload: fc
    .oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme", maxLength: 700 }), fc.uint8Array())
    .map((content) => Buffer.from(content as string)),
});

/** What the format is, told by JSON.stringify. */
function told({
  offset,
  timestampMs,
  payload,
}: {
  offset: number;
  timestampMs: number;
  payload: Buffer;
}): string {
  const text = payload.toString("utf8");
  const content = Buffer.from(text).equals(payload)
    ? { payload: text }
    : { payload_base64: payload.toString("base64") };
  const timestamp = new Date(timestampMs).toISOString();
  return JSON.stringify({ offset, timestamp, crc32: crc32(payload), ...content });
}

test("any message is written as JSON.stringify writes it", () => {
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 20 }), (messages) => {
      const [lines, array] = [new ByteWriter(), new ByteWriter()];
      for (const [i, each] of messages.entries()) {
        const full = { ...each, crc32: crc32(each.payload), fieldBytes: undefined };
        NDJSON.encode(lines, full, i === 0);
        JSON_ARRAY.encode(array, full, i === 0);
      }
      expect(lines.view.toString()).toBe(messages.map((each) => `${told(each)}\n`).join(""));
      expect(array.view.toString()).toBe(messages.map(told).join(","));
    }),
    { numRuns: 300 },
  );
});
