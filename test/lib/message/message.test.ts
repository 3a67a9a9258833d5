import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crc32 } from "../../../lib/base/checksum.ts";
import {
  decodeMessageHeader,
  derivedCrc32,
  encodeMessage,
  encodeMessageHeader,
  encodeMessageInto,
  headerFlaw,
  messageFlaw,
  soundMessageEnd,
  UNSOUND,
  viewOf,
} from "../../../lib/message/message.ts";
import "../../support/fixed-seed.ts";

const PAYLOAD = Buffer.from("123456789");
/** CRC-32 of "123456789" is the check value of every catalogue of CRCs: cbf43926. */
const GOLDEN = Buffer.from("00cbf4392600000009313233343536373839", "hex");

const payloads = fc.uint8Array({ minLength: 1, maxLength: 600 });

test("writes the header, big-endian, and the payload behind it", () => {
  expect(encodeMessage(PAYLOAD)).toEqual(GOLDEN);
});

test("writes into the middle of a buffer and touches nothing else", () => {
  const target = Buffer.alloc(30, 0xee);
  expect(encodeMessageInto(target, 5, PAYLOAD)).toBe(5 + GOLDEN.length);
  expect(target.subarray(5, 5 + GOLDEN.length)).toEqual(GOLDEN);
  expect(target.subarray(0, 5)).toEqual(Buffer.alloc(5, 0xee));
  expect(target.subarray(5 + GOLDEN.length)).toEqual(Buffer.alloc(7, 0xee));
});

test("reads version and compression from the two halves of the first byte", () => {
  const message = Buffer.from(GOLDEN);
  message[0] = 0x12;
  expect(decodeMessageHeader(viewOf(message), 0)).toEqual({
    version: 1,
    compression: 2,
    crc32: 0xcbf43926,
    length: 9,
  });
});

test("verifies messages one after another, at any place in a buffer", () => {
  fc.assert(
    fc.property(fc.array(payloads, { minLength: 1, maxLength: 8 }), fc.nat(20), (all, before) => {
      const bytes = Buffer.concat([Buffer.alloc(before), ...all.map((payload) => encodeMessage(payload))]);
      const view = viewOf(bytes);
      let position = before;
      for (const payload of all) {
        const end = soundMessageEnd(view, position, bytes.length);
        expect(end).toBe(position + 9 + payload.length);
        expect(bytes.subarray(position + 9, end)).toEqual(Buffer.from(payload));
        position = end;
      }
      expect(position).toBe(bytes.length);
    }),
    { numRuns: 200 },
  );
});

test("finds every flipped bit of a message", () => {
  for (let bit = 0; bit < GOLDEN.length * 8; bit++) {
    const bytes = Buffer.from(GOLDEN);
    bytes[bit >>> 3]! ^= 1 << (bit & 7);
    expect(soundMessageEnd(viewOf(bytes), 0, bytes.length), `bit ${bit}`).not.toBe(bytes.length);
  }
});

test("finds an empty message in front of others", () => {
  const bytes = Buffer.concat([Buffer.alloc(9), GOLDEN]);
  expect(soundMessageEnd(viewOf(bytes), 0, bytes.length)).toBe(UNSOUND);
});

test("finds every cut, and reads nothing behind the end", () => {
  const view = viewOf(Buffer.concat([GOLDEN, GOLDEN]));
  for (let end = 0; end < GOLDEN.length; end++) expect(soundMessageEnd(view, 0, end)).toBe(UNSOUND);
  expect(soundMessageEnd(view, 0, GOLDEN.length)).toBe(GOLDEN.length);
});

describe("says what is wrong:", () => {
  function header(compver: number, crc: number, length: number, payload = ""): Buffer {
    const bytes = Buffer.alloc(9);
    encodeMessageHeader(bytes, 0, compver, crc, length);
    return Buffer.concat([bytes, Buffer.from(payload)]);
  }

  test.each([
    ["a cut header", Buffer.alloc(5), "length", "9 bytes of header", "5 bytes"],
    ["another version", header(0x20, 0, 1, "a"), "unknown", "version 0 or 1", "version 2"],
    ["an unknown compression", header(4, 0, 1, "a"), "unknown", "compression 0 to 3", "compression 4"],
    ["a message set", header(2, 0, 1, "a"), "unknown", "a single message", "a message set"],
    ["no payload", header(0, 0, 0), "length", "at least 1 byte of payload", "0 bytes"],
    [
      "a length past the end",
      header(0, 0, 2 ** 32 - 1, "abc"),
      "length",
      "4294967295 bytes of payload",
      "3 bytes",
    ],
    ["a wrong checksum", header(0, 7, 9, "123456789"), "checksum", "7", "3421780262"],
  ])("%s", (_, bytes, type, expected, actual) => {
    expect(soundMessageEnd(viewOf(bytes), 0, bytes.length)).toBe(UNSOUND);
    expect(messageFlaw(viewOf(bytes), 0, bytes.length, 3)).toEqual({
      type,
      expected,
      actual,
      index: 3,
      position: 0,
    });
  });

  test("nothing about the header of a set", () => {
    expect(headerFlaw(viewOf(header(3, 0, 1, "a")), 0, 10)).toBeUndefined();
  });
});

test("a large message's own CRC follows from that of its payload", () => {
  for (const payloadBytes of [1, 100, 8 * 1024 - 10, 8 * 1024 - 9, 10_000, 1_000_003]) {
    const message = encodeMessage(Buffer.alloc(payloadBytes, "netlog"));
    const derived = derivedCrc32(message);
    if (message.length < 8 * 1024) expect(derived).toBeUndefined();
    else expect(derived).toBe(crc32(message));
  }
});
