import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crc32 } from "../../../lib/base/checksum.ts";
import { isNetlogError } from "../../../lib/base/errors.ts";
import { LIMITS, type Limits } from "../../../lib/limits.ts";
import type { Batch } from "../../../lib/message/batch.ts";
import { parseBinaryBatch } from "../../../lib/message/batch-binary.ts";
import { inlineOffload } from "../../../lib/message/compression.ts";
import { encodeMessage, encodeMessageHeader } from "../../../lib/message/message.ts";
import { encodeSet, unpackEntry } from "../../../lib/message/message-set.ts";
import { frameSnappySync } from "../../../lib/message/snappy-framing.ts";
import { threadPoolOffload } from "../../../lib/message/thread-pool-offload.ts";
import "../../support/fixed-seed.ts";

const SETS = [1, 2, 3] as const;

/** A message or set around any payload, with a good checksum. */
function wrap(compver: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(9);
  encodeMessageHeader(header, 0, compver, crc32(payload), payload.length);
  return Buffer.concat([header, payload]);
}

function messages(...texts: string[]): Buffer {
  return Buffer.concat(texts.map((text) => encodeMessage(Buffer.from(text))));
}

async function parse(body: Buffer, limits?: Partial<Limits>): Promise<Batch> {
  return await parseBinaryBatch(body, inlineOffload, { ...LIMITS, ...limits });
}

async function textsOf({ entry, count }: Batch): Promise<string[]> {
  const unpacked = await unpackEntry(entry, count, inlineOffload, LIMITS);
  return Array.from({ length: count }, (_, i) => unpacked.payload(i).toString());
}

async function refusal(body: Buffer, limits?: Partial<Limits>): Promise<string> {
  const error = await parse(body, limits).then(
    () => expect.unreachable("was to be refused"),
    (reason: unknown) => reason,
  );
  if (!isNetlogError(error)) throw error;
  return `${error.code}: ${error.reason}`;
}

describe("takes", () => {
  test("messages one after another as a set of compression 1, as they came", async () => {
    const body = messages("one", "two", "three");
    const batch = await parse(body);
    expect(batch.count).toBe(3);
    expect(batch.entry).toEqual(await encodeSet(body, 1, inlineOffload, LIMITS));
  });

  test("one message as it is, without a set and without a copy", async () => {
    const body = messages("one");
    expect(await parse(body)).toEqual({ entry: body, count: 1 });
    expect((await parse(body)).entry).toBe(body);
  });

  test.each(SETS)("one set of compression %i, kept as it is", async (type) => {
    const body = await encodeSet(messages("one", "two"), type, inlineOffload, LIMITS);
    const batch = await parse(body);
    expect(batch.entry).toBe(body);
    expect(await textsOf(batch)).toEqual(["one", "two"]);
  });

  test("large sets off the event loop", async () => {
    const texts = Array.from({ length: 2000 }, (_, i) => `message ${i} `.repeat(20));
    for (const type of SETS) {
      const body = await encodeSet(messages(...texts), type, threadPoolOffload, LIMITS);
      const batch = await parseBinaryBatch(body, threadPoolOffload, LIMITS);
      expect(batch.entry).toBe(body);
      expect(batch.count).toBe(2000);
    }
  });

  test("anything that reads back as what was sent", async () => {
    const payloads = fc.array(fc.uint8Array({ minLength: 1, maxLength: 400 }), {
      minLength: 1,
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(payloads, async (all) => {
        const { entry, count } = await parse(Buffer.concat(all.map((payload) => encodeMessage(payload))));
        const unpacked = await unpackEntry(entry, count, inlineOffload, LIMITS);
        expect(count).toBe(all.length);
        all.forEach((payload, i) => {
          expect(unpacked.payload(i)).toEqual(Buffer.from(payload));
        });
      }),
      { numRuns: 100 },
    );
  });

  test("a body up to the last byte and the last message allowed", async () => {
    const body = messages("a", "b", "c");
    expect((await parse(body, { batchBytes: body.length, batchMessages: 3, payloadBytes: 1 })).count).toBe(3);
  });
});

describe("refuses, naming message and byte:", () => {
  const two = messages("one", "two");
  const wrongCrc = Buffer.from(two);
  wrongCrc[14]! ^= 0x80;
  const endless = Buffer.from(messages("abc"));
  endless.writeUInt32BE(0xffffffff, 5);
  const brokenSet = wrap(1, two);
  brokenSet[1]! ^= 1;

  test.each<[string, Buffer, RegExp]>([
    ["an empty body", Buffer.alloc(0), /^the body is empty/],
    [
      "less than a header",
      two.subarray(0, 5),
      /^message 0 at byte 0, length: expected 9 bytes of header, found 5 bytes$/,
    ],
    [
      "a header alone",
      two.subarray(0, 9),
      /^message 0 at byte 0, length: expected 3 bytes of payload, found 0 bytes$/,
    ],
    [
      "a rest behind the last message",
      Buffer.concat([two, Buffer.from("x")]),
      /^message 2 at byte 24, length: .* found 1 bytes$/,
    ],
    [
      "a cut message",
      two.subarray(0, -1),
      /^message 1 at byte 12, length: expected 3 bytes of payload, found 2 bytes$/,
    ],
    [
      "a length past the end",
      endless,
      /^message 0 at byte 0, length: expected 4294967295 bytes of payload, found 3 bytes$/,
    ],
    [
      "an empty message",
      Buffer.concat([two, wrap(0, Buffer.alloc(0))]),
      /^message 2 at byte 24, length: expected at least 1 byte/,
    ],
    ["a wrong checksum", wrongCrc, /^message 1 at byte 12, checksum: expected \d+, found \d+$/],
    [
      "another version first",
      wrap(0x20, Buffer.from("a")),
      /^message 0 at byte 0, unknown: expected version 0 or 1, found version 2$/,
    ],
    [
      "another version later",
      Buffer.concat([two, wrap(0xf0, Buffer.from("a"))]),
      /^message 2 at byte 24, .* version 15$/,
    ],
    [
      "an unknown compression",
      wrap(4, two),
      /^message 0 at byte 0, unknown: expected compression 0 to 3, found compression 4$/,
    ],
    [
      "a set among messages",
      Buffer.concat([two, wrap(1, two)]),
      /^message 2 at byte 24, .* found a message set$/,
    ],
    [
      "a message behind a set",
      Buffer.concat([wrap(1, two), two]),
      /^message 1 at byte 33: a message set stands alone, but 24 bytes follow it$/,
    ],
    [
      "two sets",
      Buffer.concat([wrap(2, gzipSync(two)), wrap(1, two)]),
      /stands alone, but 33 bytes follow it$/,
    ],
    ["a set with a wrong checksum", brokenSet, /^message 0 at byte 0, checksum: expected \d+, found \d+$/],
    [
      "a set past the end",
      wrap(1, two).subarray(0, -1),
      /^message 0 at byte 0, length: expected 24 bytes of payload, found 23 bytes$/,
    ],
    [
      "a set without payload",
      wrap(2, Buffer.alloc(0)),
      /^message 0 at byte 0, length: expected at least 1 byte/,
    ],
    [
      "a set that unpacks to nothing",
      wrap(2, gzipSync("")),
      /is an empty set: a set has at least one message$/,
    ],
    [
      "a set that does not unpack",
      wrap(2, two),
      /^message 0 at byte 0 is a set that does not unpack: incorrect header check$/,
    ],
    [
      "a set in a set",
      wrap(2, gzipSync(Buffer.concat([two, wrap(1, two)]))),
      /^in the set as unpacked, message 2 at byte 24, .* a message set$/,
    ],
    [
      "a wrong checksum in a set",
      wrap(1, wrongCrc),
      /^in the set as unpacked, message 1 at byte 12, checksum: /,
    ],
    [
      "a cut message in a set",
      wrap(3, frameSnappySync(two.subarray(0, -1))),
      /^in the set as unpacked, message 1 at byte 12, length: /,
    ],
  ])("%s", async (_, body, reason) => {
    const [code, ...told] = (await refusal(body)).split(": ");
    expect(code).toBe("bad_request");
    expect(told.join(": ")).toMatch(reason);
  });

  test("a length past the end as malformed, whatever the limits", async () => {
    expect(await refusal(endless, { payloadBytes: 1, batchMessages: 1 })).toMatch(/^bad_request: message 0/);
  });

  test("never quoting a payload", async () => {
    const secret = messages("secret-payload");
    secret[20]! ^= 1;
    expect(await refusal(secret)).not.toContain("payload:");
    expect(await refusal(secret)).not.toContain("secret");
  });
});

describe("is too large with", () => {
  test.each<[string, Buffer, Partial<Limits>, string]>([
    ["more bytes than a batch", messages("abc"), { batchBytes: 11 }, "a batch has at most 11 bytes"],
    [
      "more messages than a batch",
      messages("a", "b", "c"),
      { batchMessages: 2 },
      "a batch has at most 2 messages",
    ],
    [
      "a larger payload than a message",
      messages("a", "bcd"),
      { payloadBytes: 2 },
      "message 1 at byte 10: a payload has at most 2 bytes",
    ],
    [
      "a set of more messages",
      wrap(2, gzipSync(messages("a", "b", "c"))),
      { batchMessages: 2 },
      "a batch has at most 2 messages",
    ],
    [
      "a set that unpacks to more bytes",
      wrap(2, gzipSync(messages("a".repeat(992)))),
      { batchBytes: 1000 },
      "message 0 at byte 0 is a set that does not unpack: more than 1000 bytes unpacked",
    ],
  ])("%s", async (_, body, limits, reason) => {
    expect(await refusal(body, limits)).toBe(`payload_too_large: ${reason}`);
  });

  test("a bomb, which is stopped before it is unpacked", async () => {
    const bomb = wrap(2, gzipSync(Buffer.alloc(64 * 1024 * 1024)));
    for (const offload of [inlineOffload, threadPoolOffload]) {
      const parsing = Promise.resolve().then(() => parseBinaryBatch(bomb, offload, LIMITS));
      await expect(parsing).rejects.toThrow(/^payload too large: .*more than 8388608 bytes unpacked$/);
    }
  });
});

test("refuses every flipped bit and every cut", async () => {
  for (const body of [
    messages("one", "two"),
    wrap(1, messages("one", "two")),
    wrap(2, gzipSync(messages("one"))),
  ]) {
    // A set's first byte is covered by no checksum: with compression 0 the same bytes are one good message.
    const firstBit = body[0] === 0 ? 0 : 8;
    for (let bit = firstBit; bit < body.length * 8; bit++) {
      const flipped = Buffer.from(body);
      flipped[bit >>> 3]! ^= 1 << (bit & 7);
      expect(await refusal(flipped), `bit ${bit}`).toMatch(/^bad_request: /);
    }
    for (let length = 0; length < body.length; length++) {
      const isWholeMessage = body[0] === 0 && length === 12;
      if (isWholeMessage) continue;
      expect(await refusal(body.subarray(0, length)), `${length} bytes`).toMatch(/^bad_request: /);
    }
  }
});
