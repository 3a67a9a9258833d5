import fc from "fast-check";
import { expect, test } from "vitest";
import { BodyDigest, digestOf } from "../../../server/http/body-digest.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

const meaning = fc.array(fc.oneof(fc.string(), fc.boolean(), fc.constant(null)), { maxLength: 4 });
const pieces = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 });

test("a body has one digest, whole or in pieces", () => {
  fc.assert(
    fc.property(meaning, pieces, (what, parts) => {
      const digest = new BodyDigest(what);
      for (const part of parts) digest.add(part);
      expect(digestOf(what, Buffer.concat(parts))).toEqual(digest.end());
    }),
  );
});

test("bodies of all sizes about that of the room for them have the digest of their pieces", () => {
  for (let size = 16 * KIB - 40; size <= 16 * KIB; size++) {
    const body = Buffer.alloc(size, "x");
    const digest = new BodyDigest(["key é€"]);
    digest.add(body);
    expect(digestOf(["key é€"], body)).toEqual(digest.end());
  }
});

test("the same bytes have another digest where they mean something else", () => {
  const body = Buffer.from("a");
  const meanings = [
    ["payload", null, null, false],
    ["payload", null, null, true],
    ["payload", "k", null, false],
    ["payload", null, "k", false],
    ["lines", null, null, false],
  ];
  const digests = meanings.map((what) => digestOf(what, body).toString("hex"));
  expect(new Set(digests).size).toBe(meanings.length);
});

test("a large body gives the event loop back, a small one needs not", async () => {
  let pauses = 0;
  const runtime = { pause: () => Promise.resolve(void pauses++) };
  await new BodyDigest([]).addAll(Buffer.alloc(64 * 1024), runtime);
  expect(pauses).toBe(0);
  const body = Buffer.alloc(MIB, "x");
  const digest = new BodyDigest([]);
  await digest.addAll(body, runtime);
  expect(pauses).toBe(7);
  expect(digest.end()).toEqual(digestOf([], body));
});
