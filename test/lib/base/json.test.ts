import { describe, expect, it } from "vitest";
import { JsonError, LIMITS, parseJson } from "../../../lib/index.ts";

function nested(levels: number, inner = ""): string {
  return "[".repeat(levels) + inner + "]".repeat(levels);
}

describe("JSON from outside", () => {
  it.each<[string, unknown]>([
    ['{"a":[1,"]]]}}}"]}', { a: [1, "]]]}}}"] }],
    [JSON.stringify({ '"[\\': '\\"[[{' }), { '"[\\': '\\"[[{' }],
    ["\uFEFF[]", []],
    ["7", 7],
  ])("%s is what JSON says", (text, value) => {
    expect(parseJson(text, LIMITS.jsonDepth)).toEqual(value);
    expect(parseJson(Buffer.from(text), LIMITS.jsonDepth)).toEqual(value);
  });

  it("may be nested to the limit, and no deeper", () => {
    const deepest = nested(LIMITS.jsonDepth);
    expect(JSON.stringify(parseJson(deepest, LIMITS.jsonDepth))).toBe(deepest);
    expect(parseJson(nested(LIMITS.jsonDepth, '"[[", "]["'), LIMITS.jsonDepth)).toBeDefined();
    const objects = '{"a":'.repeat(LIMITS.jsonDepth + 1);
    for (const text of [nested(LIMITS.jsonDepth + 1), objects]) {
      expect(() => parseJson(text, LIMITS.jsonDepth)).toThrow(/64 levels/);
    }
  });

  it("is refused at once where it is nothing but brackets", () => {
    for (const text of ["[".repeat(8_000_000), '{"a":'.repeat(1_000_000), "[{".repeat(20_000)]) {
      expect(() => parseJson(text, LIMITS.jsonDepth)).toThrow(JsonError);
    }
  });

  it.each(["", "{", '{"a":1}}', "\uFEFF\uFEFF1", '"[[', '"\\', "]", "[1] 2"])(
    "%j is none, and the message does not quote it",
    (text) => expect(() => parseJson(text, LIMITS.jsonDepth)).toThrow(/^not JSON(, at position \d+)?$/),
  );

  it("is UTF-8", () => {
    expect(() => parseJson(Buffer.from([0x22, 0xff, 0x22]), LIMITS.jsonDepth)).toThrow("not UTF-8");
  });
});
