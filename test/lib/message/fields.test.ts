import fc from "fast-check";
import { expect, test } from "vitest";
import { LIMITS } from "../../../lib/limits.ts";
import { answerableFields, refusalOfFields, requireFields } from "../../../lib/message/field-rules.ts";
import {
  decodeFields,
  decodeKeyField,
  type EntryFields,
  encodeFields,
  FIELDS_MAX_BYTES,
  fieldsFlaw,
  type MessageFields,
} from "../../../lib/message/fields.ts";
import { parseKey, spellKey } from "../../../lib/message/key-spelling.ts";
import { viewOf } from "../../../lib/message/message.ts";
import "../../support/fixed-seed.ts";

const TOKEN = "!#$%&'*+.^_`|~0123456789abcdefghijklmnopqrstuvwxyz-";
const token = fc.string({ unit: fc.constantFrom(...TOKEN), minLength: 1, maxLength: 20 });
const visible = fc.string({ unit: "grapheme-ascii", maxLength: 40 }).map((text) => text.trim());
const key = fc.string({ unit: "binary", minLength: 1, maxLength: 80 });
const bytes = fc.uint8Array({ maxLength: 40 }).map((value) => Buffer.from(value));
const u53 = fc.maxSafeNat();

const messageFields: fc.Arbitrary<MessageFields> = fc.record(
  {
    key,
    contentType: fc.constantFrom("text/html; charset=utf-8", "application/cloudevents+json"),
    headers: fc.uniqueArray(
      fc.tuple(
        token.map((name) => `x-meta-${name}`),
        visible,
      ),
      {
        minLength: 1,
        maxLength: 6,
        selector: ([name]) => name,
      },
    ),
  },
  { requiredKeys: [] },
);
const entryFields: fc.Arbitrary<EntryFields> = fc
  .tuple(
    messageFields,
    fc.record(
      {
        idempotency: fc.record({
          key: fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 255 }),
          digest: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((value) => Buffer.from(value)),
        }),
        producer: fc.record({ id: key, epoch: u53, seq: u53 }),
        streamSequence: bytes,
        closes: fc.constant(true),
        unknown: fc
          .array(fc.record({ tag: fc.constantFrom(5, 15, 19, 127), value: bytes }), {
            minLength: 1,
            maxLength: 4,
          })
          .map((all) => all.sort((a, b) => a.tag - b.tag)),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([seen, others]) => ({ ...seen, ...others }));

test("writes tags in ascending order, each with its size", () => {
  const encoded = encodeFields({
    closes: true,
    headers: [["x-meta-a", "1"]],
    key: "k\u00fc",
    contentType: "a/b",
    producer: { id: "p", epoch: 1, seq: 2 ** 53 - 1 },
  });
  const producer = "0000000000000001001fffffffffffff70";
  expect(encoded.toString("hex")).toBe(
    `0100036bc3bc020003612f6203000a08782d6d6574612d6131100011${producer}120000`,
  );
});

test("reads back what was written", () => {
  fc.assert(
    fc.property(entryFields, (fields) => {
      const encoded = encodeFields(fields);
      expect(fieldsFlaw(viewOf(encoded), 0, encoded.length)).toBeUndefined();
      expect(decodeFields(encoded)).toEqual(fields);
      expect(decodeKeyField(encoded)).toBe(fields.key);
    }),
  );
});

test("refuses every cut and never reads past the end, whatever the bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (given) => {
      const flaw = fieldsFlaw(viewOf(given), 0, given.length);
      if (flaw === undefined)
        expect(encodeFields(decodeFields(Buffer.from(given)))).toEqual(Buffer.from(given));
      else expect(() => decodeFields(Buffer.from(given))).toThrow(flaw);
    }),
    { numRuns: 5000 },
  );
});

test.each([
  ["010000", "tag 1 with a value of a wrong shape"],
  ["01000161010001", "tag 1, which runs past the end of the fields"],
  ["0100016101000162", "tag 1 twice"],
  ["02000161010001", "tag 1, which runs past the end of the fields"],
  ["0200016101000161", "tag 1 behind tag 2"],
  ["03000161", "tag 3 with a value of a wrong shape"],
  ["0300020061", "tag 3 with a value of a wrong shape"],
  ["0300020261", "tag 3 with a value of a wrong shape"],
  [`040020${"00".repeat(32)}`, "tag 4 with a value of a wrong shape"],
  [`100011${"0020000000000000"}${"00".repeat(8)}61`, "tag 16 with a value of a wrong shape"],
  [`110401${"00".repeat(1025)}`, "tag 17 with a value of a wrong shape"],
  ["12000100", "tag 18 with a value of a wrong shape"],
  ["000000", "tag 0"],
  ["800000", "tag 128"],
  ["01", "a field that is cut off"],
])("calls %s no fields: %s", (hex, flaw) => {
  const given = Buffer.from(hex, "hex");
  expect(fieldsFlaw(viewOf(given), 0, given.length)).toBe(flaw);
});

test("keeps unknown tags, and lets them repeat", () => {
  const given = Buffer.from("050001aa050000130001bb", "hex");
  expect(encodeFields(decodeFields(given))).toEqual(given);
});

test("asserts that all fields fit in a message", () => {
  const value = Buffer.alloc(FIELDS_MAX_BYTES - 3);
  expect(encodeFields({ unknown: [{ tag: 5, value }] })).toHaveLength(FIELDS_MAX_BYTES);
  expect(() => encodeFields({ key: "a", unknown: [{ tag: 5, value }] })).toThrow("more than a message");
  expect(() => encodeFields({ key: "\u20ac".repeat(30_000) })).toThrow("more than a message");
});

test("a key goes through its spelling, which is visible ASCII", () => {
  fc.assert(
    fc.property(key, (given) => {
      const spelled = spellKey(given);
      expect(spelled).toMatch(/^[!-~]+$/);
      expect(parseKey(spelled)).toBe(given);
    }),
  );
  expect(spellKey("order/7 100%\u00fc")).toBe("order/7%20100%25%C3%BC");
});

test.each(["%", "%4", "%zz", "%ff", "%c3", "%ed%a0%80", "a b", "\u00fc", "a\t"])(
  "%j spells no key",
  (spelled) => {
    expect(parseKey(spelled)).toBeUndefined();
  },
);

const header = (name: string, value: string): MessageFields => ({ headers: [[name, value]] });

test.each<[MessageFields, string]>([
  [{ key: "" }, "1 to 1024 bytes"],
  [{ key: "k".repeat(1025) }, "1 to 1024 bytes of UTF-8; this one has 1025"],
  [{ key: "\u00fc".repeat(513) }, "this one has 1026"],
  [{ key: "\ud800" }, "half of a surrogate pair"],
  [{ contentType: "" }, "a content type is a media type"],
  [{ contentType: "json" }, "a content type is a media type"],
  [{ contentType: "a/b " }, "a content type is a media type"],
  [{ contentType: "a/b c" }, "a content type is a media type"],
  [{ contentType: "a/b;\u00fc" }, "a content type is a media type"],
  [{ contentType: "text/a;x, text/b" }, "a content type is a media type"],
  [{ contentType: "a/b;c" }, "a content type is a media type"],
  [{ contentType: "a/b;c=" }, "a content type is a media type"],
  [{ contentType: "a/b;c = d" }, "a content type is a media type"],
  [{ contentType: 'a/b;c="d' }, "a content type is a media type"],
  [{ contentType: 'a/b;c="d"e' }, "a content type is a media type"],
  [{ contentType: `a/b${"; ".repeat(120)}!=` }, "a content type is a media type"],
  [{ contentType: `a/b;${"c".repeat(252)}` }, "at most 255 visible ASCII characters"],
  [header("x-meta-", "a"), "is no header of a message"],
  [header("X-Meta-A", "a"), "in lower case"],
  [header("x-meta-a b", "a"), "is no header of a message"],
  [header("x-key", "a"), "is no header of a message"],
  [header("traceparents", "a"), "is no header of a message"],
  [header(`x-meta-${"a".repeat(249)}`, "a"), "at most 255 characters"],
  [header("ce-id", " a"), "the value of the header ce-id takes visible ASCII"],
  [header("ce-id", "a\t"), "the value of the header ce-id"],
  [header("ce-id", "a\nb"), "the value of the header ce-id"],
  [header("ce-id", "\u00fc"), "the value of the header ce-id"],
  [
    {
      headers: [
        ["ce-id", "1"],
        ["ce-id", "1"],
      ],
    },
    "each header once",
  ],
  [{ headers: Array.from({ length: 65 }, (_, i) => [`ce-${i}`, "1"] as const) }, "at most 64 headers"],
])("refuses %j, and says what is allowed", (fields, reason) => {
  expect(refusalOfFields(fields, LIMITS)).toContain(reason);
  expect(() => requireFields(fields, LIMITS)).toThrow(expect.objectContaining({ code: "bad_request" }));
});

test.each([
  "a/b",
  "a/b;c=d",
  'text/html; charset=utf-8 ;\ta="b, c; \\"d\\\\"',
  "Multipart/Form-Data;boundary=x",
  "text/html;",
  "text/html; ;charset=utf-8",
])("takes the content type %s", (contentType) => {
  expect(refusalOfFields({ contentType }, LIMITS)).toBeUndefined();
});

test("counts what an answer spells in its headers, and no byte more than 8 KiB", () => {
  // X-Key: %C3%BC and CRLF: 15 bytes; ce-id: and CRLF: 9 bytes.
  const most = { key: "\u00fc", headers: [["ce-id", "v".repeat(8192 - 15 - 9)]] } as const;
  expect(refusalOfFields(most, LIMITS)).toBeUndefined();
  const more = { ...most, headers: [["ce-id", "v".repeat(8192 - 15 - 8)]] } as const;
  expect(refusalOfFields(more, LIMITS)).toContain("at most 8192 bytes together");
  expect(refusalOfFields(more, LIMITS)).toContain("these have 8193");
});

test("allows everything that the rules allow", () => {
  fc.assert(fc.property(messageFields, (fields) => refusalOfFields(fields, LIMITS) === undefined));
  expect(refusalOfFields(header("ce-id", "a\tb  c"), LIMITS)).toBeUndefined();
  expect(refusalOfFields(header("ce-id", ""), LIMITS)).toBeUndefined();
  expect(refusalOfFields({ contentType: 'multipart/form-data; boundary="a b"' }, LIMITS)).toBeUndefined();
});

test("leaves out of an answer what its headers cannot hold, and nothing else", () => {
  const good = [
    ["traceparent", "00-1"],
    ["x-meta-a", "1"],
  ] as const;
  const bad = [
    ["set-cookie", "a=b"],
    ["ce-b", "1\r\nset-cookie: a=b"],
    ["x-meta-a", "2"],
  ] as const;
  const fields = { key: "", contentType: "text/html", headers: [good[0], bad[0], good[1], bad[1], bad[2]] };
  expect(answerableFields(fields, LIMITS)).toEqual({ contentType: "text/html", headers: good });
  expect(answerableFields({ key: "a", headers: good }, LIMITS)).toEqual({ key: "a", headers: good });
});
