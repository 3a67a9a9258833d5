import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crc32 } from "../../../lib/base/checksum.ts";
import { isNetlogError } from "../../../lib/base/errors.ts";
import { LIMITS } from "../../../lib/limits.ts";
import { inlineOffload } from "../../../lib/message/compression.ts";
import { DamagedEntryError, type Flaw } from "../../../lib/message/flaw.ts";
import { encodeMessage, encodeMessageHeader, type SetCompression } from "../../../lib/message/message.ts";
import { encodeEntry, encodeSet, setEnd, unpackEntry } from "../../../lib/message/message-set.ts";
import { threadPoolOffload } from "../../../lib/message/thread-pool-offload.ts";
import type { UnpackedEntry } from "../../../lib/message/unpacked-entry.ts";
import { goEntries, goManifest, unpackGoData } from "../../support/go-data.ts";
import "../../support/fixed-seed.ts";

const SETS: SetCompression[] = [1, 2, 3];
const COMPRESSIONS = [0, ...SETS];

/** An entry around any payload, with a good checksum. */
function wrap(compver: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(9);
  encodeMessageHeader(header, 0, compver, crc32(payload), payload.length);
  return Buffer.concat([header, payload]);
}

function messages(...texts: string[]): Buffer {
  return Buffer.concat(texts.map((text) => encodeMessage(Buffer.from(text))));
}

function payloadsOf(entry: UnpackedEntry): Buffer[] {
  return Array.from({ length: entry.count }, (_, i) => entry.payload(i));
}

async function flawOf(entry: Buffer, count: number, limits = LIMITS): Promise<Flaw> {
  try {
    await unpackEntry(entry, count, inlineOffload, limits);
  } catch (error) {
    if (!(error instanceof DamagedEntryError)) throw error;
    expect(isNetlogError(error, "checksum_error")).toBe(true);
    return error.flaw;
  }
  return expect.unreachable("was to be found damaged");
}

const packed = (payloads: readonly Uint8Array[]) => payloads.map((payload) => ({ payload }));

describe("an entry", () => {
  const payloads = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 30 });

  test("gives back its payloads and their checksums, in any compression", async () => {
    await fc.assert(
      fc.asyncProperty(payloads, fc.constantFrom(...SETS), async (all, type) => {
        const entry = await encodeEntry(packed(all), 0, all.length, type, inlineOffload, LIMITS);
        const unpacked = await unpackEntry(entry, all.length, inlineOffload, LIMITS);
        expect(payloadsOf(unpacked)).toEqual(all.map((payload) => Buffer.from(payload)));
        expect(all.map((_, i) => unpacked.crc32(i))).toEqual(all.map((payload) => crc32(payload)));
        expect(unpacked.sizeBytes).toBeGreaterThan(all.reduce((sum, payload) => sum + payload.length, 0));
      }),
      { numRuns: 150 },
    );
  });

  test("of one payload is a single message, whatever the compression", async () => {
    const all = [Buffer.from("a"), Buffer.from("b"), Buffer.from("c")];
    expect(await encodeEntry(packed(all), 1, 2, 2, inlineOffload, LIMITS)).toEqual(
      encodeMessage(Buffer.from("b")),
    );
  });

  test("of several payloads is a set of just those", async () => {
    const all = [Buffer.from("a"), Buffer.from("b"), Buffer.from("c")];
    expect(await encodeEntry(packed(all), 1, 3, 1, inlineOffload, LIMITS)).toEqual(
      wrap(1, messages("b", "c")),
    );
  });

  test.each(SETS)(
    "of a megabyte is packed and unpacked on the thread pool with compression %i",
    async (type) => {
      const all = Array.from({ length: 1000 }, (_, i) => Buffer.alloc(1000, `message ${i} `));
      const entry = await encodeEntry(packed(all), 0, all.length, type, threadPoolOffload, LIMITS);
      expect(entry[0]).toBe(type);
      const unpacked = await unpackEntry(entry, all.length, threadPoolOffload, LIMITS);
      expect(unpacked.payload(999).equals(all[999]!)).toBe(true);
    },
  );
});

describe("a set", () => {
  test("has the bytes of NetLog's", () => {
    const set = encodeSet(messages("a", "bc"), 1, inlineOffload, LIMITS) as Buffer;
    expect(set.toString("hex")).toBe(
      "0152f4f80800000015" + "00e8b7be430000000161" + "00c2a92b38000000026263",
    );
  });

  test("packs the messages as they are", async () => {
    const bytes = messages("one", "two");
    for (const type of SETS) {
      const unpacked = await unpackEntry(
        await encodeSet(bytes, type, inlineOffload, LIMITS),
        2,
        inlineOffload,
        LIMITS,
      );
      expect(payloadsOf(unpacked).map(String)).toEqual(["one", "two"]);
    }
  });

  test("may hold one message", async () => {
    const unpacked = await unpackEntry(wrap(2, gzipSync(messages("alone"))), 1, inlineOffload, LIMITS);
    expect(payloadsOf(unpacked).map(String)).toEqual(["alone"]);
  });
});

describe("where to cut", () => {
  const sized = (...sizes: number[]) => sizes.map((size) => Buffer.alloc(size));
  const limits = { ...LIMITS, batchBytes: 100, batchMessages: 4 };

  test.each<[string, number[], number, number, number]>([
    ["all that fit", [10, 10, 10], 0, 100, 3],
    ["from the start given", [10, 10, 10], 1, 100, 3],
    ["at most the messages asked for", [10, 10, 10], 0, 2, 2],
    ["at most the messages that a set may have", [1, 1, 1, 1, 1, 1], 0, 100, 4],
    ["up to the last byte that a set may have", [41, 41], 0, 100, 2],
    ["not beyond it", [41, 42], 0, 100, 1],
    ["one that no set could hold goes alone", [500, 1], 0, 100, 1],
    ["and is left for the next one", [1, 500], 0, 100, 1],
  ])("%s", (_, sizes, start, maxMessages, end) => {
    expect(setEnd(packed(sized(...sizes)), start, maxMessages, limits)).toBe(end);
  });

  test("what it cuts can be read back", async () => {
    const all = sized(60, 31, 1, 1, 1, 300, 82, 1);
    let read = 0;
    for (let start = 0, end = 0; start < all.length; start = end) {
      end = setEnd(packed(all), start, 100, limits);
      const entry = await encodeEntry(packed(all), start, end, 2, inlineOffload, limits);
      read += (await unpackEntry(entry, end - start, inlineOffload, limits)).count;
    }
    expect(read).toBe(all.length);
  });
});

describe("damage is reported:", () => {
  const two = messages("one", "two");
  const badSecond = Buffer.from(two);
  badSecond[two.length - 1]! ^= 1;
  const nested = Buffer.concat([messages("one"), wrap(1, messages("two"))]);
  const version2 = wrap(0x20, Buffer.from("a"));

  test.each<[string, Buffer, number, Omit<Flaw, "position"> & { position?: number }]>([
    [
      "no bytes",
      Buffer.alloc(0),
      1,
      { type: "length", expected: "9 bytes of header", actual: "0 bytes", index: undefined },
    ],
    [
      "another version",
      version2,
      1,
      { type: "unknown", expected: "version 0 or 1", actual: "version 2", index: undefined },
    ],
    [
      "an unknown compression",
      wrap(9, two),
      2,
      { type: "unknown", expected: "compression 0 to 3", actual: "compression 9", index: undefined },
    ],
    [
      "an empty set",
      wrap(1, Buffer.alloc(0)),
      1,
      { type: "length", expected: "at least 1 byte of payload", actual: "0 bytes", index: undefined },
    ],
    [
      "bytes behind the entry",
      Buffer.concat([wrap(1, two), two]),
      2,
      { type: "length", expected: "33 bytes of entry", actual: "57 bytes", index: undefined },
    ],
    [
      "bytes behind a single",
      Buffer.concat([messages("a"), Buffer.alloc(1)]),
      1,
      { type: "length", expected: "10 bytes of entry", actual: "11 bytes", index: undefined },
    ],
    [
      "a single that should be two",
      messages("one"),
      2,
      { type: "length", expected: "2 messages", actual: "1", index: undefined },
    ],
    [
      "a message too many",
      wrap(1, two),
      1,
      { type: "length", expected: "1 messages", actual: "12 bytes after them", index: undefined },
    ],
    [
      "a message too few",
      wrap(1, messages("one", "three")),
      3,
      { type: "length", expected: "3 messages", actual: "26 bytes of messages", index: undefined },
    ],
    [
      "a message too few of long ones",
      wrap(1, messages("one", "a long message")),
      3,
      { type: "length", expected: "3 messages", actual: "2", index: undefined },
    ],
    [
      "a count beyond sense",
      wrap(1, two),
      65_537,
      { type: "length", expected: "65537 messages", actual: "a limit of 65536", index: undefined },
    ],
    [
      "a message with a wrong checksum",
      wrap(1, badSecond),
      2,
      {
        type: "checksum",
        expected: String(crc32(Buffer.from("two"))),
        actual: String(crc32(Buffer.from("twn"))),
        index: 1,
        position: 12,
      },
    ],
    [
      "a set in a set",
      wrap(1, nested),
      2,
      { type: "unknown", expected: "a single message", actual: "a message set", index: 1, position: 12 },
    ],
    [
      "an empty message",
      wrap(1, Buffer.concat([two, wrap(0, Buffer.alloc(0))])),
      3,
      { type: "length", expected: "at least 1 byte of payload", actual: "0 bytes", index: 2, position: 24 },
    ],
    [
      "a cut message",
      wrap(1, messages("one", "long one").subarray(0, -1)),
      2,
      { type: "length", expected: "8 bytes of payload", actual: "7 bytes", index: 1, position: 12 },
    ],
    [
      "a message of another version",
      wrap(1, Buffer.concat([two, version2])),
      3,
      { type: "unknown", expected: "version 0 or 1", actual: "version 2", index: 2, position: 24 },
    ],
    [
      "garbage instead of gzip",
      wrap(2, two),
      2,
      {
        type: "unknown",
        expected: "a payload that unpacks",
        actual: "incorrect header check",
        index: undefined,
      },
    ],
    [
      "a set that unpacks to nothing",
      wrap(2, gzipSync("")),
      1,
      { type: "length", expected: "1 messages", actual: "0 bytes of messages", index: undefined },
    ],
  ])("%s", async (_, entry, count, flaw) => {
    expect(await flawOf(entry, count)).toEqual({ position: 0, ...flaw });
  });

  test("a wrong checksum of the set", async () => {
    const entry = wrap(1, two);
    entry[4]! ^= 1;
    const actual = String(crc32(two));
    expect(await flawOf(entry, 2)).toMatchObject({ type: "checksum", actual, index: undefined });
  });

  test("a set that unpacks to more than a set may hold", async () => {
    const limits = { ...LIMITS, setBytes: 1000, inlineCompressionBytes: 100 };
    for (const type of SETS) {
      const entry = await encodeSet(encodeMessage(Buffer.alloc(992)), type, inlineOffload, limits);
      const flaw = await flawOf(entry, 1, limits);
      expect(flaw).toMatchObject({ type: "length", actual: "more than 1000 bytes unpacked" });
      const largest = await encodeSet(encodeMessage(Buffer.alloc(991)), type, inlineOffload, limits);
      expect((await unpackEntry(largest, 1, inlineOffload, limits)).count).toBe(1);
    }
  });

  test("with the message and the byte in its reason", () => {
    expect(() => unpackEntry(wrap(1, badSecond), 2, inlineOffload, LIMITS)).toThrow(
      /^checksum error: message 1 at byte 12, checksum: expected \d+, found \d+$/,
    );
  });

  test.each(COMPRESSIONS)("every flipped bit and every cut with compression %i", async (type) => {
    const entry =
      type === 0 ? messages("one") : await encodeSet(two, type as SetCompression, inlineOffload, LIMITS);
    const count = type === 0 ? 1 : 2;
    for (let bit = 0; bit < entry.length * 8; bit++) {
      const flipped = Buffer.from(entry);
      flipped[bit >>> 3]! ^= 1 << (bit & 7);
      await flawOf(flipped, count);
    }
    for (let length = 0; length < entry.length; length++) await flawOf(entry.subarray(0, length), count);
    expect((await unpackEntry(entry, count, inlineOffload, LIMITS)).count).toBe(count);
  });
});

test("reads all that the Go program wrote", async () => {
  const folder = unpackGoData();
  const seenCompressions = new Set<number>();
  for (const [topic, expected] of Object.entries(goManifest())) {
    const found: { offset: number; size: number; sha256: string }[] = [];
    for (const { baseOffset, count, bytes } of goEntries(folder, topic)) {
      seenCompressions.add(bytes[0]!);
      const entry = await unpackEntry(bytes, count, threadPoolOffload, LIMITS);
      payloadsOf(entry).forEach((payload, i) => {
        const sha256 = createHash("sha256").update(payload).digest("hex");
        found.push({ offset: baseOffset + i, size: payload.length, sha256 });
      });
    }
    expect(found, topic).toEqual(expected);
  }
  expect([...seenCompressions].sort()).toEqual(COMPRESSIONS);
});
