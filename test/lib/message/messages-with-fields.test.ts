import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crc32 } from "../../../lib/base/checksum.ts";
import { LIMITS } from "../../../lib/limits.ts";
import { parseBinaryBatch } from "../../../lib/message/batch-binary.ts";
import { inlineOffload } from "../../../lib/message/compression.ts";
import { addFields, entryFields } from "../../../lib/message/entry-fields.ts";
import { type EntryFields, encodeFields, type MessageFields } from "../../../lib/message/fields.ts";
import {
  derivedCrc32,
  encodeMessage,
  encodeMessageHeader,
  messageFlaw,
  soundMessageEnd,
  UNSOUND,
  viewOf,
} from "../../../lib/message/message.ts";
import { MessageCutter } from "../../../lib/message/message-cutter.ts";
import { encodeGroup, MessageGroups } from "../../../lib/message/message-groups.ts";
import { encodeSet, unpackEntry } from "../../../lib/message/message-set.ts";
import type { UnpackedEntry } from "../../../lib/message/unpacked-entry.ts";
import "../../support/fixed-seed.ts";

const FIELDS: MessageFields = {
  key: "order-7",
  contentType: "application/json",
  headers: [["x-meta-trace", "abc"]],
};
const PAYLOAD = Buffer.from("123456789");

function withFields(fields: EntryFields, payload: Uint8Array = PAYLOAD): Buffer {
  return encodeMessage(payload, encodeFields(fields));
}

/** A header of version 1, right in every way, before `content`. */
function wrap(compver: number, content: Buffer): Buffer {
  const message = Buffer.concat([Buffer.alloc(9), content]);
  encodeMessageHeader(message, 0, compver, crc32(content), content.length);
  return message;
}

function unpack(entry: Buffer, count: number, entryCrc?: number): UnpackedEntry {
  return unpackEntry(entry, count, inlineOffload, LIMITS, entryCrc) as UnpackedEntry;
}

test("writes version 1, and a checksum over all that is behind the header", () => {
  const message = withFields({ key: "k" });
  expect(message.toString("hex")).toBe(
    `10${crc32(message.subarray(9)).toString(16)}0000000f00040100016b313233343536373839`,
  );
});

test("a message without fields is the same bytes as ever", () => {
  expect(encodeMessage(PAYLOAD).toString("hex")).toBe("00cbf4392600000009313233343536373839");
});

test("gives payload, its own checksum, and fields, for those who ask", () => {
  for (const payload of [PAYLOAD, Buffer.alloc(40_000, 7)]) {
    const entry = unpack(withFields(FIELDS, payload), 1);
    expect(entry.payload(0)).toEqual(payload);
    expect(entry.crc32(0)).toBe(crc32(payload));
    expect(entry.fields(0)).toEqual(FIELDS);
    expect(entry.key(0)).toBe("order-7");
  }
  const plain = unpack(encodeMessage(PAYLOAD), 1);
  expect(plain.fields(0)).toBeUndefined();
  expect(plain.key(0)).toBeUndefined();
});

test("a large message that the frame's checksum vouches for is still held against the shape of its fields", () => {
  const message = withFields(FIELDS, Buffer.alloc(40_000, 7));
  expect(unpack(message, 1, crc32(message)).fields(0)).toEqual(FIELDS);
  expect(derivedCrc32(message)).toBe(crc32(message));
  const bad = Buffer.from(message);
  bad[11] = 0x80;
  bad.writeUInt32BE(crc32(bad.subarray(9)), 1);
  expect(() => unpack(bad, 1, crc32(bad))).toThrow("expected sound fields, found tag 128");
});

describe("sound is only what is sound in every byte:", () => {
  test.each([
    [
      "no room for the size of the fields",
      wrap(0x10, Buffer.from("00", "hex")),
      "at least 1 byte of payload",
    ],
    ["no payload", wrap(0x10, Buffer.from("00040100016b", "hex")), "at least 1 byte of payload"],
    ["fields beyond the end", wrap(0x10, Buffer.from("ffff0100016b61", "hex")), "at least 1 byte of payload"],
    ["a field that is cut", wrap(0x10, Buffer.from("00030100016b61", "hex")), "tag 1, which runs past"],
    ["a tag that must be known", wrap(0x10, Buffer.from("000380000061", "hex")), "tag 128"],
    ["a set where a single is wanted", wrap(0x11, Buffer.from("000061", "hex")), "a single message"],
  ])("%s", (_, bytes, reason) => {
    expect(soundMessageEnd(viewOf(bytes), 0, bytes.length)).toBe(UNSOUND);
    expect(JSON.stringify(messageFlaw(viewOf(bytes), 0, bytes.length, 0))).toContain(reason);
  });

  test("any flipped bit behind the first byte, which no checksum of a message covers", () => {
    const message = withFields(FIELDS);
    for (let bit = 8; bit < message.length * 8; bit++) {
      const flipped = Buffer.from(message);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(soundMessageEnd(viewOf(flipped), 0, flipped.length), `bit ${bit}`).toBe(UNSOUND);
    }
  });

  test("fields may be none", () => {
    const message = wrap(0x10, Buffer.from("000061", "hex"));
    expect(unpack(message, 1).fields(0)).toEqual({});
    expect(unpack(message, 1).payload(0).toString()).toBe("a");
  });
});

const messages = fc.array(
  fc.record(
    {
      payload: fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fields: fc.record({ key: fc.string({ unit: "binary", minLength: 1, maxLength: 20 }) }),
    },
    { requiredKeys: ["payload"] },
  ),
  { minLength: 1, maxLength: 20 },
);

test.each([1, 2, 3] as const)("a set, packed with %i, holds messages of both versions", (compression) => {
  fc.assert(
    fc.property(messages, (all) => {
      const bytes = Buffer.concat(
        all.map(({ payload, fields }) => encodeMessage(payload, fields && encodeFields(fields))),
      );
      const entry = unpack(encodeSet(bytes, compression, inlineOffload, LIMITS) as Buffer, all.length);
      for (const [index, { payload, fields }] of all.entries()) {
        expect(entry.payload(index)).toEqual(payload);
        expect(entry.crc32(index)).toBe(crc32(payload));
        expect(entry.fields(index)).toEqual(fields);
      }
    }),
    { numRuns: 30 },
  );
});

describe("the fields of an entry as a whole", () => {
  const producer = { id: "p", epoch: 3, seq: 2 ** 53 - 1 };
  const set = (compression: 1 | 2 | 3) =>
    encodeSet(
      Buffer.concat([withFields({ key: "a" }), encodeMessage(PAYLOAD)]),
      compression,
      inlineOffload,
      LIMITS,
    ) as Buffer;

  test.each([1, 2, 3] as const)(
    "are added to a set packed with %i, and leave its messages alone",
    (compression) => {
      const { entry, count } = addFields({ entry: set(compression), count: 2 }, { producer, closes: true });
      expect(entryFields(entry)).toEqual({ producer, closes: true });
      const unpacked = unpack(entry, count);
      expect(unpacked.fields(0)).toEqual({ key: "a" });
      expect(unpacked.fields(1)).toBeUndefined();
      expect(unpacked.payload(1)).toEqual(PAYLOAD);
    },
  );

  test("are added to those of a single message", () => {
    const { entry } = addFields({ entry: withFields(FIELDS), count: 1 }, { producer });
    expect(entryFields(entry)).toEqual({ ...FIELDS, producer });
    expect(unpack(entry, 1).payload(0)).toEqual(PAYLOAD);
  });

  test("are none of an entry of version 0", () => {
    expect(entryFields(encodeMessage(PAYLOAD))).toBeUndefined();
  });

  test("of a bad shape are damage", () => {
    const { entry } = addFields({ entry: set(1), count: 2 }, { producer });
    entry[11] = 0x80;
    entry.writeUInt32BE(crc32(entry.subarray(9)), 1);
    expect(() => entryFields(entry)).toThrow("expected sound fields, found tag 128");
    expect(() => unpack(entry, 2)).toThrow("expected sound fields");
  });
});

describe("a binary batch", () => {
  const parse = (body: Buffer) => parseBinaryBatch(body, inlineOffload, LIMITS);

  test("keeps fields as they are", () => {
    const single = withFields(FIELDS);
    expect(parse(single)).toEqual({ entry: single, count: 1 });
    const { entry, count } = parse(Buffer.concat([encodeMessage(PAYLOAD), single])) as {
      entry: Buffer;
      count: 2;
    };
    expect(count).toBe(2);
    expect(unpack(entry, 2).fields(1)).toEqual(FIELDS);
  });

  test.each<[string, EntryFields, string]>([
    ["idempotency", { idempotency: { key: "a", digest: Buffer.alloc(32) } }, "this message has tag 4"],
    ["an unknown tag", { unknown: [{ tag: 5, value: Buffer.alloc(1) }] }, "this message has tag 5"],
    ["a producer", { producer: { id: "a", epoch: 0, seq: 0 } }, "this message has tag 16"],
    ["a closed topic", { closes: true }, "may send the tags 1 to 3; this message has tag 18"],
    ["a long key", { key: "k".repeat(1025) }, "a key has 1 to 1024 bytes"],
    ["a header of another name", { headers: [["set-cookie", "a"]] }, "is no header of a message"],
    ["a header that would be two lines", { headers: [["ce-a", "a\r\nb: c"]] }, "takes visible ASCII"],
    [
      "many headers",
      { headers: Array.from({ length: 65 }, (_, i) => [`ce-${i}`, ""] as const) },
      "at most 64",
    ],
  ])("plants no %s, alone or in a set", (_, fields, reason) => {
    const both = Buffer.concat([encodeMessage(PAYLOAD), withFields(fields)]);
    expect(() => parse(withFields(fields))).toThrow(`message 0 at byte 0: `);
    expect(() => parse(both)).toThrow(`message 1 at byte 18: `);
    expect(() => parse(both)).toThrow(reason);
    expect(() => parse(encodeSet(both, 1, inlineOffload, LIMITS) as Buffer)).toThrow(reason);
  });

  test("that is a set has no fields as a whole", () => {
    const set = encodeSet(encodeMessage(PAYLOAD), 1, inlineOffload, LIMITS) as Buffer;
    expect(() => parse(addFields({ entry: set, count: 1 }, { closes: true }).entry)).toThrow(
      "a message set has no fields",
    );
  });

  test("counts the payload alone against the limit of a payload", () => {
    const limits = { ...LIMITS, payloadBytes: PAYLOAD.length };
    const longer = withFields({ key: "k" }, Buffer.alloc(PAYLOAD.length + 1));
    expect(parseBinaryBatch(withFields(FIELDS), inlineOffload, limits)).toMatchObject({ count: 1 });
    expect(() => parseBinaryBatch(longer, inlineOffload, limits)).toThrow("a payload has at most 9 bytes");
  });
});

describe("a stream of messages", () => {
  function cut(body: Buffer, pieceBytes: number): MessageGroups {
    const groups = new MessageGroups({ messages: LIMITS.batchMessages, bytes: Number.POSITIVE_INFINITY });
    const cutter = new MessageCutter(groups, LIMITS);
    for (let at = 0; at < body.length; at += pieceBytes) cutter.write(body.subarray(at, at + pieceBytes));
    cutter.end();
    return groups;
  }

  test.each([1, 7, 1000])("keeps fields as they are, in pieces of %i bytes", async (pieceBytes) => {
    const group = cut(
      Buffer.concat([withFields(FIELDS), encodeMessage(PAYLOAD), withFields({})]),
      pieceBytes,
    ).take();
    const { entry, count } = await encodeGroup(group!, 1, inlineOffload, LIMITS);
    const unpacked = unpack(entry, count);
    expect([0, 1, 2].map((index) => unpacked.fields(index))).toEqual([FIELDS, undefined, {}]);
    expect([0, 1, 2].map((index) => unpacked.payload(index))).toEqual([PAYLOAD, PAYLOAD, PAYLOAD]);
  });

  test("takes no field that only the server writes, and names the byte in the stream", () => {
    const body = Buffer.concat([encodeMessage(PAYLOAD), withFields({ closes: true })]);
    expect(() => cut(body, 5)).toThrow("message 1 at byte 18: a client may send the tags 1 to 3");
  });

  test("takes no fields of a set as a whole", () => {
    const set = encodeSet(encodeMessage(PAYLOAD), 1, inlineOffload, LIMITS) as Buffer;
    const { entry } = addFields({ entry: set, count: 1 }, { closes: true });
    const { bytes, closedEnd, end } = cut(entry, 4);
    expect(() => parseBinaryBatch(bytes.subarray(closedEnd, end), inlineOffload, LIMITS)).toThrow(
      "has no fields",
    );
  });
});
