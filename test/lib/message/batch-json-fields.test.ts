import { expect, test } from "vitest";
import { crc32 } from "../../../lib/base/checksum.ts";
import { LIMITS } from "../../../lib/limits.ts";
import { parseJsonBatch } from "../../../lib/message/batch-json.ts";
import { inlineOffload } from "../../../lib/message/compression.ts";
import { encodeGroup } from "../../../lib/message/message-groups.ts";
import { unpackEntry } from "../../../lib/message/message-set.ts";
import type { UnpackedEntry } from "../../../lib/message/unpacked-entry.ts";

const MIB = 1024 * 1024;

async function unpacked(elements: unknown): Promise<UnpackedEntry> {
  const body = Buffer.from(JSON.stringify(elements));
  const group = await parseJsonBatch(body, inlineOffload.pause, LIMITS);
  const { entry, count } = await encodeGroup(group, 1, inlineOffload, LIMITS);
  return await unpackEntry(entry, count, inlineOffload, LIMITS);
}

async function refusal(element: unknown): Promise<unknown> {
  return await unpacked(["a", element]).catch((error: unknown) => error);
}

const FIELDS = {
  key: "käse",
  content_type: "text/html; charset=utf-8",
  headers: { "x-meta-b": "2", "ce-id": "1", traceparent: "00-1" },
};
const DECODED = {
  key: "käse",
  contentType: "text/html; charset=utf-8",
  headers: Object.entries(FIELDS.headers),
};

test("elements bring fields, and those without are as ever", async () => {
  const entry = await unpacked(["a", { payload: "b", ...FIELDS }, { payload_base64: "AP8=", key: "k" }]);
  expect([0, 1, 2].map((index) => entry.fields(index))).toEqual([undefined, DECODED, { key: "k" }]);
  expect([0, 1, 2].map((index) => entry.payload(index).toString("hex"))).toEqual(["61", "62", "00ff"]);
});

test("the checksum of an element is the payload's own", async () => {
  const entry = await unpacked([{ payload: "b", crc32: crc32(Buffer.from("b")), ...FIELDS }]);
  expect(entry.crc32(0)).toBe(crc32(Buffer.from("b")));
  expect(await refusal({ payload: "b", crc32: 1, ...FIELDS })).toMatchObject({ code: "bad_request" });
});

test("no header is no field", async () => {
  expect((await unpacked([{ payload: "b", headers: {} }])).fields(0)).toBeUndefined();
});

test.each(["text", "base64"])("a long %s, which is read in pieces, has its fields", async (form) => {
  const payload = Buffer.alloc(MIB, "abc");
  const long =
    form === "text" ? { payload: payload.toString() } : { payload_base64: payload.toString("base64") };
  const entry = await unpacked([
    { key: "first", ...long },
    { ...long, ...FIELDS },
    { payload: "c", key: "last" },
  ]);
  expect([0, 1, 2].map((index) => entry.fields(index))).toEqual([{ key: "first" }, DECODED, { key: "last" }]);
  expect(entry.payload(1).equals(payload)).toBe(true);
  expect(entry.crc32(1)).toBe(crc32(payload));
});

test.each<[unknown, string]>([
  [{ key: 7 }, "element 1: key takes a text"],
  [{ key: null }, "element 1: key takes a text"],
  [{ key: "" }, "element 1: a key has 1 to 1024 bytes"],
  [{ key: "k".repeat(1025) }, "element 1: a key has 1 to 1024 bytes"],
  [{ key: "\ud800" }, "element 1: a key is text; this one has half of a surrogate pair"],
  [{ content_type: ["a/b"] }, "element 1: content_type takes a text"],
  [{ content_type: "html" }, "element 1: a content type is a media type"],
  [{ headers: [["x-meta-a", "1"]] }, "element 1: headers takes an object of texts"],
  [{ headers: "x-meta-a: 1" }, "element 1: headers takes an object of texts"],
  [{ headers: { "x-meta-a": 1 } }, "element 1: headers takes an object of texts"],
  [{ headers: { "X-Meta-A": "1" } }, 'element 1: "X-Meta-A" is no header of a message'],
  [{ headers: { "x-meta-a": "ü" } }, "element 1: the value of the header x-meta-a takes visible ASCII"],
  [
    { headers: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`ce-${i}`, ""])) },
    "at most 64 headers",
  ],
  [{ headers: { "x-meta-a": "v".repeat(8192) } }, "at most 8192 bytes together"],
])("refuses %j, and says what is allowed", async (fields, reason) => {
  for (const payload of ["b", "b".repeat(MIB)]) {
    const error = await refusal({ payload, ...(fields as object) });
    expect(error).toMatchObject({ code: "bad_request", reason: expect.stringContaining(reason) });
  }
});

async function textRefusal(text: string): Promise<unknown> {
  return await Promise.resolve()
    .then(() => parseJsonBatch(Buffer.from(text), inlineOffload.pause, LIMITS))
    .catch((error: unknown) => error);
}

/** By the three ways that an element is read: in one go, in a piece of a long body, and as a long element. */
const WAYS: readonly (readonly [string, (fields: string) => string])[] = [
  ["a short body", (fields) => `["a",{"payload":"b",${fields}}]`],
  ["a long body", (fields) => `["a",{"payload":"b",${fields}}${',"c"'.repeat(60_000)}]`],
  ["a long text", (fields) => `["a",{"payload":"${"b".repeat(MIB)}",${fields}}]`],
  ["a long element without a long text", (fields) => `["a",{"payload":"b"${" ".repeat(100_000)},${fields}}]`],
];

test.each(WAYS)("refuses a header that is there twice, however it is spelled: %s", async (_way, textOf) => {
  const twice = { code: "bad_request", reason: expect.stringMatching(/^element 1: .* is there twice; /) };
  for (const fields of [
    '"headers":{"x-meta-a":"1","x-meta-a":"2"}',
    '"headers" : { "ce-id" : "\\"{" , "x-meta-a":"1" , "\\u0078-meta-a" :"1"}',
    '"headers":{"x-meta-a":"1"},"key":"k","headers":{"x-meta-a":"2"}',
    '"headers":{"x-meta-a":"1"},"\\u0068eaders":{}',
  ]) {
    expect(await textRefusal(textOf(fields)), fields).toMatchObject(twice);
  }
  const sound = '"headers":{"x-meta-a":"x-meta-a","x-meta-b":"{\\"x-meta-a\\":1}"},"key":"headers"';
  expect(await textRefusal(textOf(sound))).not.toHaveProperty("code");
});

test("takes the same header in different elements", async () => {
  const entry = await unpacked([1, 2, 3].map((n) => ({ payload: "b", headers: { "x-meta-a": String(n) } })));
  expect([0, 1, 2].map((index) => entry.fields(index)?.headers)).toEqual(
    [1, 2, 3].map((n) => [["x-meta-a", String(n)]]),
  );
});
