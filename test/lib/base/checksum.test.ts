import { crc32 as nativeCrc32 } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { crc32, crc32Joined, crc32Range, crc32Within } from "../../../lib/base/checksum.ts";
import "../../support/fixed-seed.ts";

const CHECK_INPUT = Buffer.from("123456789");

test("gives the check value of the IEEE polynomial", () => {
  expect(crc32(CHECK_INPUT)).toBe(0xcbf43926);
  expect(crc32Range(new DataView(CHECK_INPUT.buffer, CHECK_INPUT.byteOffset, 9), 0, 9)).toBe(0xcbf43926);
});

test("gives the same sum by every way, for every length, at every place", () => {
  const bytes = fc.uint8Array({ minLength: 0, maxLength: 700 });
  fc.assert(
    fc.property(bytes, fc.nat(40), fc.nat(40), (content, before, after) => {
      const buffer = new Uint8Array(before + content.length + after);
      buffer.set(content, before);
      const view = new DataView(buffer.buffer);
      expect(crc32(content)).toBe(nativeCrc32(content));
      const [start, end] = [before, before + content.length];
      expect(crc32Range(view, start, end)).toBe(nativeCrc32(content));
      expect(crc32Within(buffer, start, end)).toBe(nativeCrc32(content));
      expect(crc32Within(buffer, start, end, before)).toBe(nativeCrc32(content, before));
    }),
    { numRuns: 500 },
  );
});

test("sums long stretches of a view that does not begin where its buffer does", () => {
  const buffer = Buffer.alloc(5000, "netlog");
  const view = new DataView(buffer.buffer, buffer.byteOffset + 3, 4990);
  expect(crc32Range(view, 7, 4000)).toBe(nativeCrc32(buffer.subarray(10, 4003)));
  expect(crc32Within(buffer.subarray(3), 7, 4000)).toBe(nativeCrc32(buffer.subarray(10, 4003)));
});

test("joins the sums of two stretches to that of both", () => {
  const bytes = fc.uint8Array({ minLength: 0, maxLength: 3000 });
  fc.assert(
    fc.property(bytes, bytes, (first, second) => {
      const joined = crc32Joined(crc32(first), crc32(second), second.length);
      expect(joined).toBe(nativeCrc32(Buffer.concat([first, second])));
    }),
    { numRuns: 500 },
  );
  const large = Buffer.alloc(16 * 1024 * 1024 + 5, "netlog");
  expect(crc32Joined(nativeCrc32("head"), nativeCrc32(large), large.length)).toBe(
    nativeCrc32(large, nativeCrc32("head")),
  );
});
