import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeFrame, FRAME_HEADER_BYTES } from "../../../lib/log/frame.ts";
import {
  decodeMaskedHeader,
  findMaskedMagic,
  maskOf,
  newMask,
  toggleMask,
} from "../../../lib/log/frame-mask.ts";
import { ManualRuntime } from "../../support/manual-runtime.ts";

const MASK = { magic: 0x9d2c_5680, crc: 0xefc6_0000 };
const PARTS = [0, 1, 2, 3, 36, 37, 38, 39];

function framesFrom(baseOffset: number, entries: readonly string[]): Buffer {
  const bytes = Buffer.alloc(entries.reduce((sum, text) => sum + FRAME_HEADER_BYTES + text.length, 0));
  let at = 0;
  for (const [i, text] of entries.entries()) {
    const facts = { baseOffset: baseOffset + i, timestampMs: 1000, unsyncedCount: i, messageCount: 1 };
    at = encodeFrame(bytes, at, facts, Buffer.from(text));
  }
  return bytes;
}

describe("a masked frame", () => {
  it("is found at its position with its mask, and says what it said", () => {
    const plain = framesFrom(7, ["one", "two!"]);
    const masked = Buffer.from(plain);
    toggleMask(masked, 24, MASK);
    expect(decodeMaskedHeader(masked, 0, 24, MASK)).toEqual(decodeMaskedHeader(plain, 0, 0, undefined));
    expect(decodeMaskedHeader(masked, 43, 67, MASK)).toMatchObject({ baseOffset: 8, entryBytes: 4 });
    toggleMask(masked, 24, MASK);
    expect(masked.equals(plain)).toBe(true);
  });

  it("changes the magic, the flags and the header's checksum, and nothing else", () => {
    const plain = framesFrom(7, ["one"]);
    const masked = Buffer.from(plain);
    toggleMask(masked, 0, { magic: 0xffff_ffff, crc: 0xffff_ffff });
    const changed = [...plain.keys()].filter((at) => plain[at] !== masked[at]);
    expect(changed).toEqual(PARTS);
  });

  it("is none at another position, with another mask, or with none", () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 2 ** 32 - 1 }),
        fc.nat({ max: 2 ** 32 - 1 }),
        fc.record({ magic: fc.nat({ max: 2 ** 32 - 1 }), crc: fc.nat({ max: 2 ** 32 - 1 }) }),
        (position, other, mask) => {
          const masked = framesFrom(0, ["entry"]);
          toggleMask(masked, position, mask);
          expect(decodeMaskedHeader(masked, 0, position, mask)).toBeDefined();
          if (other !== position) expect(decodeMaskedHeader(masked, 0, other, mask)).toBeUndefined();
          expect(
            decodeMaskedHeader(masked, 0, position, { ...mask, crc: (mask.crc ^ 1) >>> 0 }),
          ).toBeUndefined();
          if (mask.crc !== 0) expect(decodeMaskedHeader(masked, 0, position, undefined)).toBeUndefined();
        },
      ),
    );
  });

  it("gives away its own mask to one who knows where it begins", () => {
    const masked = framesFrom(0, ["entry"]);
    toggleMask(masked, 4_000_000_000, MASK);
    expect(maskOf(masked, 0, 4_000_000_000)).toEqual(MASK);
  });

  it("is found behind other bytes, where it begins and nowhere else", () => {
    const masked = framesFrom(0, ["entry"]);
    toggleMask(masked, 1000 + 13, MASK);
    const bytes = Buffer.concat([Buffer.alloc(13, "NLF\0"), masked, Buffer.alloc(40)]);
    expect(findMaskedMagic(bytes, 0, bytes.length, 1000, MASK)).toBe(13);
    expect(findMaskedMagic(bytes, 14, bytes.length, 1000, MASK)).toBe(-1);
    expect(findMaskedMagic(bytes, 0, 13, 1000, MASK)).toBe(-1);
    expect(findMaskedMagic(bytes, 0, bytes.length, 1000, undefined)).toBe(0);
  });
});

it("masks are two random words, and none is like the one before", () => {
  const runtime = new ManualRuntime();
  const masks = Array.from({ length: 1000 }, () => newMask(runtime));
  expect(new Set(masks.map(({ magic }) => magic)).size).toBeGreaterThan(990);
  for (const word of ["magic", "crc"] as const) {
    const ones = (bit: number) => masks.filter((mask) => ((mask[word] >>> bit) & 1) === 1).length;
    for (let bit = 0; bit < 32; bit++) expect(Math.abs(ones(bit) - 500)).toBeLessThan(120);
  }
});
