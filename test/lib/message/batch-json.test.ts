import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crc32 } from "../../../lib/base/checksum.ts";
import { isNetlogError } from "../../../lib/base/errors.ts";
import { LIMITS, type Limits } from "../../../lib/limits.ts";
import { parseJsonBatch } from "../../../lib/message/batch-json.ts";
import { inlineOffload } from "../../../lib/message/compression.ts";
import { encodeGroup } from "../../../lib/message/message-groups.ts";
import { unpackEntry } from "../../../lib/message/message-set.ts";
import "../../support/fixed-seed.ts";

function bodyOf(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value) ?? "");
}

async function payloadsOf(value: unknown): Promise<Buffer[]> {
  const group = await parseJsonBatch(bodyOf(value), inlineOffload.pause, LIMITS);
  const { entry, count } = await encodeGroup(group, 1, inlineOffload, LIMITS);
  const unpacked = await unpackEntry(entry, count, inlineOffload, LIMITS);
  return Array.from({ length: count }, (_, i) => Buffer.from(unpacked.payload(i)));
}

function refusal(value: unknown, limits: Partial<Limits> = {}): string {
  try {
    void parseJsonBatch(bodyOf(value), inlineOffload.pause, { ...LIMITS, ...limits });
  } catch (error) {
    if (!isNetlogError(error)) throw error;
    return `${error.code}: ${error.reason}`;
  }
  return expect.unreachable("was to be refused");
}

describe("a JSON array", () => {
  test("holds texts, and objects with text or base64", async () => {
    const value = ["é", { payload: "two\n" }, { payload_base64: "AP8=" }, { payload: "\u{1F600}" }];
    expect(await payloadsOf(value)).toEqual([
      Buffer.from("é"),
      Buffer.from("two\n"),
      Buffer.of(0, 255),
      Buffer.from("\u{1F600}"),
    ]);
  });

  test("may be what a read of many messages gave", async () => {
    const value = [
      {
        offset: 7,
        timestamp: "2026-11-20T23:27:59.023Z",
        crc32: crc32(Buffer.from("a")),
        payload: "a",
        delivery: 2,
      },
      { offset: "any", timestamp: null, crc32: crc32(Buffer.of(255)), payload_base64: "/w==", delivery: {} },
    ];
    expect(await payloadsOf(value)).toEqual([Buffer.from("a"), Buffer.of(255)]);
  });

  test("gives back any payloads", async () => {
    const text = fc.string({ unit: "grapheme", minLength: 1 });
    const element = fc.oneof(
      text.map((payload) => ({ sent: payload as unknown, bytes: Buffer.from(payload) })),
      text.map((payload) => ({ sent: { payload } as unknown, bytes: Buffer.from(payload) })),
      fc.uint8Array({ minLength: 1 }).map((payload) => {
        const bytes = Buffer.from(payload);
        return { sent: { payload_base64: bytes.toString("base64") } as unknown, bytes };
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(element, { minLength: 1 }), async (elements) => {
        expect(await payloadsOf(elements.map(({ sent }) => sent))).toEqual(
          elements.map(({ bytes }) => bytes),
        );
      }),
    );
  });

  test.each([
    ["nothing", undefined, "no JSON array"],
    ["an object", { payload: "a" }, "no JSON array"],
    ["no message", [], "the array is empty"],
    ["a number", ["a", 1], "element 1: it is neither a text nor an object"],
    ["null", [null], "element 0: it is neither"],
    ["an array", [["a"]], "element 0: it is neither"],
    ["an empty text", ["a", "b", ""], "element 2: a message has at least one byte"],
    ["an empty payload", [{ payload: "" }], "element 0: a message has at least one byte"],
    ["empty base64", [{ payload_base64: "" }], "element 0: a message has at least one byte"],
    ["no payload", [{ offset: 1 }], 'element 0: it takes one of "payload" and "payload_base64"'],
    ["two payloads", [{ payload: "a", payload_base64: "YQ==" }], "element 0: it takes one of"],
    [
      "a field that there is not",
      [{ payload: "a", keys: "k" }],
      'element 0: unknown field "keys"; there are: offset',
    ],
    ["a field of all objects", [JSON.parse('{"payload":"a","__proto__":1}')], 'unknown field "__proto__"'],
    ["a payload that is no text", [{ payload: 1 }], "element 0: payload takes a text"],
    ["null for a payload", [{ payload: null }], "element 0: payload takes a text"],
    ["base64 that is no text", [{ payload_base64: 1 }], "element 0: payload_base64 takes a text"],
    ["half of a surrogate pair", ["a\ud800"], "element 0: half of a surrogate pair"],
    ["the other half", [{ payload: "\udc00b" }], "element 0: half of a surrogate pair"],
    ["a wrong checksum", [{ payload: "a", crc32: 1 }], "element 0: crc32: expected 1, found 3904355907"],
    ["a checksum in text", [{ payload: "a", crc32: "3904355907" }], "element 0: crc32 takes a number"],
    ["null for a checksum", [{ payload: "a", crc32: null }], "element 0: crc32 takes a number"],
  ])("is refused when it holds %s", (_name, value, expected) => {
    expect(refusal(value)).toMatch(/^bad_request: /);
    expect(refusal(value)).toContain(expected);
  });

  test.each(["YQ", "YQ=", "YQ===", "YR==", "Y Q==", "YQ==\n", "-_8=", "=", "YQ==YQ==", "é"])(
    "is refused when it holds %j as base64",
    (text) => {
      expect(refusal([{ payload_base64: text }])).toBe(
        "bad_request: element 0: payload_base64 is not base64, padded, in one line",
      );
    },
  );

  test("never has its payload quoted", () => {
    for (const value of [
      [{ payload: "secret\ud800" }],
      [{ payload_base64: "secret" }],
      [{ payload: ["secret"] }],
    ]) {
      expect(refusal(value)).not.toContain("secret");
    }
  });

  test("is refused when it is more than a batch, or an element more than a payload", () => {
    expect(refusal(["a", "b", "c"], { batchMessages: 2 })).toBe(
      "payload_too_large: a batch has at most 2 messages",
    );
    expect(refusal(["éé", "ééa"], { payloadBytes: 4 })).toBe(
      "payload_too_large: element 1: a payload has at most 4 bytes",
    );
  });
});
