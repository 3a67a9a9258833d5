import { expect, test } from "vitest";
import { BodyDigest } from "../../../server/http/body-digest.ts";

const MIB = 1024 * 1024;

function digestOf(
  pieces: readonly Buffer[],
  meaning: readonly (string | boolean | null)[] = ["payload"],
): string {
  const digest = new BodyDigest(meaning);
  for (const piece of pieces) digest.add(piece);
  return digest.end().toString("hex");
}

test("a body has one digest, however it came", async () => {
  const body = Buffer.alloc(MIB, "x");
  const whole = new BodyDigest(["payload"]);
  await whole.addAll(body, { pause: () => Promise.resolve() });
  expect(whole.end().toString("hex")).toBe(digestOf([body.subarray(0, 7), body.subarray(7)]));
});

test("the same bytes have another digest where they mean something else", () => {
  const body = [Buffer.from("a")];
  const meanings = [
    ["payload", null, null, false],
    ["payload", null, null, true],
    ["payload", "k", null, false],
    ["payload", null, "k", false],
    ["lines", null, null, false],
  ];
  expect(new Set(meanings.map((meaning) => digestOf(body, meaning))).size).toBe(meanings.length);
});

test("a large body gives the event loop back, a small one needs not", async () => {
  let pauses = 0;
  const runtime = { pause: () => Promise.resolve(void pauses++) };
  await new BodyDigest([]).addAll(Buffer.alloc(64 * 1024), runtime);
  expect(pauses).toBe(0);
  await new BodyDigest([]).addAll(Buffer.alloc(MIB), runtime);
  expect(pauses).toBe(7);
});
