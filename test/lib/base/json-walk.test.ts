import { describe, expect, it } from "vitest";
import { JsonWalk } from "../../../lib/base/json-walk.ts";
import { seededRandom } from "../../support/seeded-random.ts";

const DEPTH = 1000;
const VALUES = [
  '{"a":[1,-0,0.5,1e9,2E-3,-1.5e+7,true,false,null,"x"],"b":{},"c":[]}',
  ' [ "\\u00e9\\n\\"\\\\" , "grün \u{1f600}" , { "k" : [ [ ] , { } ] } ]\r\n\t',
  '"text"',
  "-12.25e-2",
  '[[[1],[2,3]],{"a":{"b":{"c":null}}}]',
];

/** In pieces of so many bytes. */
function isJson(bytes: Buffer, pieceBytes: number, depth = DEPTH): boolean {
  try {
    const walk = new JsonWalk(bytes, depth);
    while (walk.advance(pieceBytes));
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === "JsonError") return false;
    throw error;
  }
}

function isJsonToV8(bytes: Buffer): boolean {
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}

describe("a walk over JSON", () => {
  it.each(VALUES)("takes %s, in pieces of any size", (text) => {
    for (const pieceBytes of [1, 2, 3, 7, 1000]) expect(isJson(Buffer.from(text), pieceBytes)).toBe(true);
  });

  it.each([
    "",
    " ",
    "{}{}",
    "1 2",
    "[1,]",
    '{"a":1,}',
    "{,}",
    "[,]",
    '{"a"}',
    '{"a":}',
    "{1:2}",
    "01",
    "1.",
    ".5",
    "1e",
    "+1",
    "-",
    "nul",
    "nulll",
    "True",
    "[1}",
    '{"a":1]',
    "[",
    '"open',
    '"\\x"',
    '"\\u12g4"',
    '"\\u12',
    '"a\nb"',
    "\ufeff1",
    "'a'",
    "\u00a01",
  ])("refuses %j, in pieces of any size", (text) => {
    for (const pieceBytes of [1, 2, 3, 7, 1000]) expect(isJson(Buffer.from(text), pieceBytes)).toBe(false);
  });

  it("takes as many levels as it may, and no more", () => {
    const nested = (depth: number) => Buffer.from("[".repeat(depth) + "]".repeat(depth));
    expect(isJson(nested(DEPTH), 64)).toBe(true);
    expect(isJson(nested(DEPTH + 1), 64)).toBe(false);
  });

  it("agrees with JSON.parse on values with bytes changed, dropped and doubled", () => {
    const random = seededRandom(15);
    const below = (end: number) => Math.floor(random() * end);
    const marks = Buffer.from('{}[]",:\\u0eE+-. tfn\x80\xc3\xed\xf4\xff\x1f', "latin1");
    for (let round = 0; round < 40_000; round++) {
      const bytes = [...Buffer.from(VALUES[below(VALUES.length)]!)];
      for (let change = below(3); change >= 0; change--) {
        const place = below(bytes.length);
        bytes.splice(place, below(2), ...(below(3) === 0 ? [] : [marks[below(marks.length)]!]));
      }
      const mutated = Buffer.from(bytes);
      expect(isJson(mutated, 1 + below(20)), mutated.toString("latin1")).toBe(isJsonToV8(mutated));
    }
  });
});
