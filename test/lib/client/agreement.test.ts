/** What the client writes out a second time is what the server has. */
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, expectTypeOf, onTestFinished, test, vi } from "vitest";
import {
  BATCH_BYTES,
  BATCH_MESSAGES,
  encodeBatch,
  MESSAGE_HEADER_BYTES,
  type Publishable,
  packMessage,
} from "../../../lib/client/batch-encoding.ts";
import { CLIENT_ERROR_CODES, SERVER_ERROR_CODES } from "../../../lib/client/errors.ts";
import { FIELD_LIMITS, fieldsOfAnswer, requestHeaders } from "../../../lib/client/fields.ts";
import type * as wire from "../../../lib/client/index.ts";
import { LIMITS, type ScannerDescription, type TopicInfo, type TopicSettings } from "../../../lib/index.ts";
import { keptContentType, refusalOfFields } from "../../../lib/message/field-rules.ts";
import { encodeFields } from "../../../lib/message/fields.ts";
import { spellKey } from "../../../lib/message/key-spelling.ts";
import { encodeMessage, MESSAGE_HEADER_BYTES as SERVER_HEADER_BYTES } from "../../../lib/message/message.ts";
import type { Finding } from "../../../lib/topic/integrity.ts";
import { ERROR_TABLE } from "../../../server/wire/errors.ts";

test("the client knows every error code of the server, and has none of the same name", () => {
  expect([...SERVER_ERROR_CODES].sort()).toEqual(Object.keys(ERROR_TABLE).sort());
  expect(CLIENT_ERROR_CODES.filter((code) => code in ERROR_TABLE)).toEqual([]);
});

test("the limits of a batch, of a message's fields and of keys are the server's", () => {
  expect(BATCH_BYTES).toBe(LIMITS.batchBytes);
  expect(BATCH_MESSAGES).toBe(LIMITS.batchMessages);
  expect(FIELD_LIMITS).toEqual({
    keyBytes: LIMITS.messageKeyBytes,
    contentTypeLength: LIMITS.contentTypeLength,
    headers: LIMITS.messageHeaders,
    fieldsBytes: LIMITS.messageFieldsBytes,
    keysToReadBy: LIMITS.keysRead,
  });
});

describe("the fields of a message", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 4 }),
    fc.constantFrom(
      "",
      " a",
      "a\tb",
      "é",
      "x".repeat(255),
      "x".repeat(256),
      "é".repeat(512),
      "é".repeat(513),
      "\ud800",
    ),
  );
  const name = fc.oneof(
    fc.constantFrom("x-meta-a", "ce-type", "traceparent", "tracestate", "x-meta-", "x-key", "x-meta-é"),
    fc.string({ minLength: 1, maxLength: 3 }).map((end) => `x-meta-${end.toLowerCase()}`),
    fc.integer({ min: 240, max: 260 }).map((length) => `x-meta-${"n".repeat(length)}`),
  );
  const headers = fc.oneof(
    fc.array(fc.tuple(name, text), { maxLength: 3 }),
    fc
      .tuple(fc.integer({ min: 60, max: 70 }), fc.integer({ min: 100, max: 150 }))
      .map(([count, size]) =>
        Array.from({ length: count }, (_, i) => [`ce-${i}`, "v".repeat(size)] as const),
      ),
  );
  const contentType = fc.oneof(
    text,
    fc.constantFrom("text/html; charset=utf-8", "a/b", "a/", "a/b;é", "a/b "),
    fc
      .array(fc.constantFrom(...'ab;=, \t"\\', ";a=b", '; a="b, \\" c"', "application/octet-stream"), {
        maxLength: 5,
      })
      .map((parts) => `a/b${parts.join("")}`),
    fc.constantFrom(
      "application/octet-stream;a",
      "application/x-www-form-urlencoded",
      "Application/Octet-Stream ; x=1",
    ),
  );
  const fields = fc.record({ key: text, contentType, headers }, { requiredKeys: [] });

  test("are refused by the client where the server would refuse them, and else have the same bytes", () => {
    fc.assert(
      fc.property(fields, (given) => {
        const contentType = keptContentType(given.contentType);
        const { contentType: _sent, ...others } = given;
        const kept = contentType === undefined ? others : { ...others, contentType };
        const isRefused = refusalOfFields(kept, LIMITS) !== undefined;
        const payload = Buffer.from("payload");
        let packed: ReturnType<typeof packMessage>;
        try {
          packed = packMessage({ ...given, payload });
        } catch (error) {
          expect(error).toMatchObject({ code: "invalid_argument" });
          expect(isRefused).toBe(true);
          return;
        }
        expect(isRefused).toBe(false);
        const bytes = encodeFields(kept);
        const message = encodeMessage(payload, bytes.length === 0 ? undefined : bytes);
        expect(Buffer.from(encodeBatch([packed], "none"))).toEqual(message);
      }),
      { numRuns: 1000 },
    );
  });

  test("stand in headers as the server reads them", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 50 }), (key) => {
        const sent = requestHeaders({ key, contentType: undefined, headers: [] })["X-Key"]!;
        expect(sent).toBe(spellKey(key));
        expect(fieldsOfAnswer(new Headers({ "X-Key": sent }))).toMatchObject({ key });
      }),
    );
  });
});

describe("a batch", () => {
  const fields = { key: "k", headers: [["x-meta-a", "b"]] } as const;
  const payloads = ["one", "grün", "\0\xff", "x".repeat(3000)].map((text) => Buffer.from(text));
  const given: Publishable[] = [...payloads, { payload: "with fields", ...fields }];
  const packed = given.map(packMessage);
  const messages = Buffer.concat([
    ...payloads.map((payload) => encodeMessage(payload)),
    encodeMessage(Buffer.from("with fields"), encodeFields(fields)),
  ]);

  test("is byte for byte the server's messages", () => {
    expect(MESSAGE_HEADER_BYTES).toBe(SERVER_HEADER_BYTES);
    expect(Buffer.from(encodeBatch(packed, "none"))).toEqual(messages);
    expect(encodeBatch([], "gzip")).toHaveLength(0);
  });

  test.each(["with Node", "without Node"])(
    "gzipped %s is a set of the server's messages, always the same",
    (where) => {
      if (where === "without Node") vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined);
      onTestFinished(() => void vi.restoreAllMocks());
      const set = Buffer.from(encodeBatch(packed, "gzip"));
      const content = set.subarray(MESSAGE_HEADER_BYTES);
      expect(gunzipSync(content)).toEqual(messages);
      const asServerWould = encodeMessage(content);
      asServerWould[0] = 2;
      expect(set).toEqual(asServerWould);
      expect(Buffer.from(encodeBatch(packed, "gzip"))).toEqual(set);
    },
  );
});

test("what the server tells has the types that the client gives it", () => {
  expectTypeOf<TopicSettings>().toEqualTypeOf<wire.TopicSettings>();
  expectTypeOf<TopicInfo>().toEqualTypeOf<wire.TopicInfo>();
  expectTypeOf<Finding>().toEqualTypeOf<wire.Finding>();
  expectTypeOf<ScannerDescription>().toExtend<wire.ScannerDescription>();
  expectTypeOf<keyof ScannerDescription>().toEqualTypeOf<keyof wire.ScannerDescription>();
});
