import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readJsonArray } from "../../../lib/base/json-array.ts";
import { JsonError, LIMITS } from "../../../lib/index.ts";
import "../../support/fixed-seed.ts";

const LONG_BYTES = 64 * 1024;

/** What is read piece by piece, with how many elements came together. */
async function read(text: string): Promise<{ elements: unknown[]; pieces: number[]; pauses: number }> {
  const body = Buffer.from(text);
  const elements: unknown[] = [];
  const pieces: number[] = [];
  let pauses = 0;
  const taker = {
    takeElements(more: unknown[]) {
      elements.push(...more);
      pieces.push(more.length);
    },
    async takeLongElement(start: number, end: number) {
      expect(end - start).toBeGreaterThan(LONG_BYTES);
      this.takeElements([JSON.parse(body.toString("utf8", start, end))]);
    },
  };
  const pause = (): Promise<void> => {
    pauses += 1;
    return Promise.resolve();
  };
  expect(await readJsonArray(body, taker, pause, LIMITS.jsonDepth)).toBe(true);
  return { elements, pieces, pauses };
}

/** Elements, and white space around them, of a few bytes to more than a piece. */
const filler = fc.constantFrom(" ", "\n", "", "", "\t", "\r\n");
const scalar = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom('",', "],", "\\", '\\"', "[{", "}]", "é\u{1F600}", "\ud83d"),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(null, true, false, {}, []),
);
const element = fc.oneof(
  scalar,
  fc.array(scalar, { maxLength: 4 }),
  fc.dictionary(fc.string(), scalar, { maxKeys: 4 }),
  fc.tuple(scalar, fc.nat(3)).map(([value, power]) => Array(10 ** power).fill(value)),
  fc.nat(90_000).map((length) => "x".repeat(length)),
);
const array = fc.array(fc.tuple(filler, element, filler), { minLength: 1, maxLength: 40 });

function textOf(parts: readonly (readonly [string, unknown, string])[]): string {
  return `[${parts.map(([before, value, behind]) => before + JSON.stringify(value) + behind).join(",")}]`;
}

describe("a long JSON array", () => {
  test("has the elements that the parser finds in it as a whole", async () => {
    await fc.assert(
      fc.asyncProperty(array, filler, fc.constantFrom("", "\uFEFF"), async (parts, space, mark) => {
        const text = textOf(parts);
        const { elements } = await read(mark + space + text + space);
        expect(JSON.stringify(elements)).toBe(JSON.stringify(JSON.parse(text)));
      }),
      { numRuns: 100 },
    );
  });

  test("is refused where the parser refuses the whole, whatever is wrong with it", async () => {
    const wrong = fc.constantFrom(
      "",
      ",",
      "]",
      "[",
      "}",
      "{",
      '"',
      "\\",
      "\0",
      " ",
      "1",
      ":",
      "nul",
      ",]",
      "[1 2]",
    );
    await fc.assert(
      fc.asyncProperty(array, fc.nat(), wrong, fc.nat(1), async (parts, seed, text, dropped) => {
        const sound = textOf(parts);
        const place = 1 + (seed % sound.length);
        // Half of a character that was cut is another one in bytes.
        const changed = Buffer.from(sound.slice(0, place) + text + sound.slice(place + dropped)).toString();
        let expected: unknown;
        try {
          expected = JSON.parse(changed);
        } catch {
          // A long element is parsed by who takes it.
          await expect(read(changed)).rejects.toThrow(/JSON|too deep/);
          return;
        }
        expect(JSON.stringify((await read(changed)).elements)).toBe(JSON.stringify(expected));
      }),
      { numRuns: 400 },
    );
  });

  test("is read in pieces, with the event loop given back between them", async () => {
    const { elements, pieces, pauses } = await read(JSON.stringify(Array(100_000).fill("twelve bytes")));
    expect(elements).toHaveLength(100_000);
    expect(Math.max(...pieces)).toBeLessThan(LONG_BYTES / 10);
    expect(pauses).toBe(pieces.length - 1);
  });

  test.each([
    ["[]", []],
    [" [ \n ] ", []],
    ["[1]", [1]],
  ])("may be short: %s", async (text, expected) => {
    expect((await read(text)).elements).toEqual(expected);
  });

  test.each([
    ["", /nothing/],
    ["[", /at byte 1$/],
    ["[1", /at byte 2$/],
    ["[1,]", /byte/],
    ["[,1]", /byte 1/],
    ["[1}", /at byte 2$/],
    ['["é" 1]', /byte/],
    ["[1] x", /at byte 4$/],
    ['["a', /at byte 3$/],
    [`["${"x".repeat(80_000)}"`, /at byte 80003$/],
  ])("tells where it is no JSON: %#", async (text, expected) => {
    if (text === "") {
      const taker = { takeElements: () => {}, takeLongElement: () => Promise.resolve() };
      expect(await readJsonArray(Buffer.from(text), taker, () => Promise.resolve(), LIMITS.jsonDepth)).toBe(
        false,
      );
    } else {
      await expect(read(text)).rejects.toThrow(expected);
    }
  });

  test("is nested no deeper than JSON in one go may be", async () => {
    const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);
    expect(await read(nested(LIMITS.jsonDepth))).toMatchObject({ pieces: [1] });
    await expect(read(nested(LIMITS.jsonDepth + 1))).rejects.toThrow(/64 levels/);
    await expect(read("[".repeat(1_000_000))).rejects.toThrow(JsonError);
  });

  test("is UTF-8", async () => {
    const body = Buffer.from(`["${"x".repeat(1000)}"]`);
    body[100] = 0xff;
    const taker = { takeElements: () => {}, takeLongElement: () => Promise.resolve() };
    await expect(readJsonArray(body, taker, () => Promise.resolve(), LIMITS.jsonDepth)).rejects.toThrow(
      "not UTF-8",
    );
  });
});

const HOSTILE_BYTES = 2 * 1024 * 1024;

test.each([
  ["escaped quotes", `["${'\\"'.repeat(HOSTILE_BYTES / 2)}"]`],
  ["backslashes", `["${"\\\\".repeat(HOSTILE_BYTES / 2)}"]`],
  ["one element of numbers", `[[${"1,".repeat(HOSTILE_BYTES / 2)}1]]`],
])("gives the event loop back while it looks for the end of %s", async (_what, text) => {
  const { elements, pauses } = await read(text);
  expect(elements).toEqual(JSON.parse(text));
  expect(pauses).toBeGreaterThan(HOSTILE_BYTES / (256 * 1024));
});

test.each([
  ["behind it", `[1]${" ".repeat(HOSTILE_BYTES)}`],
  ["before it", `${" ".repeat(HOSTILE_BYTES)}[1]`],
  ["in it", `[${" ".repeat(HOSTILE_BYTES)}]`],
])("gives the event loop back while it passes over white space %s", async (_what, text) => {
  const { elements, pauses } = await read(text);
  expect(elements).toEqual(JSON.parse(text));
  expect(pauses).toBeGreaterThan(HOSTILE_BYTES / (256 * 1024));
});
