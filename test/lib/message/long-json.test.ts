import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { JsonError } from "../../../lib/index.ts";
import { readLongElement } from "../../../lib/message/long-element.ts";
import { LongText } from "../../../lib/message/long-text.ts";
import "../../support/fixed-seed.ts";

/** A piece ends here, where nothing stands in the way. */
const PIECE_BYTES = 16 * 1024;

/** Spellings of characters in JSON; a piece must end within none of them, nor between halves of one. */
const UNITS = [
  "a",
  "é",
  "€",
  "\u{1F600}",
  '\\"',
  "\\\\",
  "\\/",
  "\\n",
  "\\u00e9",
  "\\u005c",
  "\\uD83D\\uDE00",
  "\\ud83d\\ude00",
  "\\\\u1234",
  "\\\\\\u1234",
];
const HALF = /\p{Surrogate}/u;
const BROKEN = ["\\ud83d", "\\ude00", "\\ude00\\ud83d", "\\", "\\x", "\\u12", "\n", '"'];

/** The text between the quotes, put together again. */
function read(content: Buffer): string {
  const body = Buffer.concat([Buffer.from('"'), content, Buffer.from('"')]);
  const pieces = [...new LongText(body, 1, body.length - 1).pieces()];
  const whole = pieces.join("");
  // A whole character is in one piece.
  if (!HALF.test(whole)) expect(pieces.some((piece) => HALF.test(piece))).toBe(false);
  return whole;
}

function expectSame(content: string): void {
  const bytes = Buffer.from(content);
  let expected: string | undefined;
  try {
    expected = JSON.parse(`"${content}"`) as string;
  } catch {
    expect(() => read(bytes)).toThrow(JsonError);
    return;
  }
  expect(read(bytes) === expected).toBe(true);
}

describe("a long text of JSON", () => {
  test("is the text that the parser finds in it as a whole, whatever stands where a piece ends", () => {
    for (const unit of [...UNITS, ...BROKEN]) {
      for (let shift = 0; shift <= Buffer.byteLength(unit) + 1; shift++) {
        expectSame("x".repeat(PIECE_BYTES - shift) + unit + "y".repeat(100));
        expectSame("x".repeat(PIECE_BYTES - shift) + unit.repeat(30));
      }
    }
  });

  test("reads texts of any characters as JSON.parse does", () => {
    const unit = fc.constantFrom(...UNITS, ...UNITS, ...UNITS, ...BROKEN);
    const run = fc.tuple(unit, fc.nat(9000)).map(([text, count]) => text.repeat(count));
    fc.assert(
      fc.property(fc.array(fc.oneof(unit, run), { maxLength: 12 }), (parts) => expectSame(parts.join(""))),
      { numRuns: 200 },
    );
  });

  test("is UTF-8", () => {
    const content = Buffer.alloc(3 * PIECE_BYTES, "x");
    for (const place of [0, PIECE_BYTES - 1, PIECE_BYTES, content.length - 1]) {
      for (const bytes of [[0xff], [0x80], [0xc3], [0x80, 0x80, 0x80, 0x80]]) {
        const wrong = Buffer.from(content);
        wrong.set(bytes.slice(0, content.length - place), place);
        expect(() => read(wrong)).toThrow("not UTF-8");
      }
    }
    expect(() => read(Buffer.alloc(3 * PIECE_BYTES, 0x80))).toThrow("not UTF-8");
  });
});

describe("a long element of a JSON array", () => {
  const long = "x".repeat(70_000);

  /** Read as it is, its long texts put together again. */
  async function element(text: string): Promise<unknown> {
    const body = Buffer.from(`[${text},1]`);
    const read = await readLongElement(body, 1, body.length - 3, () => Promise.resolve());
    const whole = (value: unknown): unknown =>
      value instanceof LongText ? [...value.pieces()].join("") : value;
    if (typeof read !== "object" || read === null || read instanceof LongText) return whole(read);
    return Object.fromEntries(Object.entries(read).map(([name, value]) => [name, whole(value)]));
  }

  test.each([
    JSON.stringify(long),
    ` ${JSON.stringify(long)}\n`,
    "{}",
    JSON.stringify({ payload: long }),
    ` { "payload_base64" :\t"${long}" , "crc32" : 7 , "offset": [1, {"a": "]}"}] , "delivery": null } `,
    `{"payload":"${long}","payload":"short"}`,
    `{"payload":"short","timestamp":"é","payl\\u006fad":"${long}"}`,
    `{"__proto__":1,"payload":"${long}"}`,
    `{"payload":${" ".repeat(140_000)}"${long}"}`,
  ])("is what the parser finds in it: %#", async (text) => {
    const expected = JSON.parse(text) as object;
    expect(JSON.stringify(await element(text))).toBe(JSON.stringify(expected));
  });

  test.each([
    `{"payload":"${long}"`,
    `{"payload":"${long}"}}`,
    `{"payload":"${long}",}`,
    `{"payload" "${long}"}`,
    `{"payload":"${long}" 1}`,
    `{payload:"${long}"}`,
    `{"payload":}`,
    `{"payload":tru}`,
    `{"payload":"${long}","offset":[1,2}`,
    `{"payload":"${long}"]`,
    `"${long}" 1`,
    `{"offset":"${long}"}`,
    `{"${long}":1}`,
    `{"delivery":[${"1,".repeat(40_000)}1]}`,
  ])("is refused: %#", async (text) => {
    await expect(element(text)).rejects.toThrow(JsonError);
  });

  test("is nothing that a message could be made of where it is neither text nor object", async () => {
    expect(await element(`[${"1,".repeat(40_000)}1]`)).toBeUndefined();
    expect(await element(" ".repeat(70_000))).toBeUndefined();
  });
});
