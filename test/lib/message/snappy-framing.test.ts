import crc32c from "crc-32/crc32c.js";
import { compressSync } from "snappy";
import { describe, expect, test } from "vitest";
import {
  frameSnappy,
  frameSnappySync,
  unframeSnappy,
  unframeSnappySync,
} from "../../../lib/message/snappy-framing.ts";
import { UnpackError } from "../../../lib/message/unpack-error.ts";

const MAX_BYTES = 1 << 20;
const START = Buffer.from("ff060000734e61507059", "hex");

function chunk(type: number, ...content: Buffer[]): Buffer {
  const bytes = Buffer.concat(content);
  const header = Buffer.alloc(4);
  header[0] = type;
  header.writeUIntLE(bytes.length, 1, 3);
  return Buffer.concat([header, bytes]);
}

function checksum(text: string | Buffer): Buffer {
  const crc = crc32c.buf(Buffer.from(text)) >>> 0;
  const rotated = ((crc >>> 15) | (crc << 17)) >>> 0;
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE((rotated + 0xa282ead8) % 2 ** 32);
  return bytes;
}

function compressedChunk(text: string): Buffer {
  return chunk(0x00, checksum(text), compressSync(text));
}

function plainChunk(text: string): Buffer {
  return chunk(0x01, checksum(text), Buffer.from(text));
}

function unframe(...chunks: Buffer[]): string {
  return unframeSnappySync(Buffer.concat(chunks), MAX_BYTES).toString();
}

describe("writes", () => {
  test("a stream identifier and, of bytes that do not compress, a chunk as it is", () => {
    // CRC-32C's check value is e3069283; rotated by 15 bits and with a282ead8 added, c78ab0e5.
    const framed = frameSnappySync(Buffer.from("123456789"));
    expect(framed.toString("hex")).toBe(`${START.toString("hex")}010d0000e5b08ac7313233343536373839`);
  });

  test("chunks of at most 65,536 bytes before packing", () => {
    const framed = frameSnappySync(Buffer.alloc(65_536 * 2 + 1, "a"));
    const types: number[] = [];
    for (let at = START.length; at < framed.length; at += 4 + framed.readUIntLE(at + 1, 3))
      types.push(framed[at]!);
    expect(types).toEqual([0, 0, 1]);
  });

  test("the same on the thread pool", async () => {
    const bytes = Buffer.alloc(150_000, "netlog");
    expect((await frameSnappy(bytes)).equals(frameSnappySync(bytes))).toBe(true);
  });

  test("nothing as the identifier alone", () => {
    expect(frameSnappySync(Buffer.alloc(0))).toEqual(START);
  });
});

describe("reads", () => {
  test("compressed and plain chunks, with checksum and without", () => {
    const unchecked = [chunk(0x02, compressSync("three ")), chunk(0x03, Buffer.from("four"))];
    expect(unframe(START, compressedChunk("one "), plainChunk("two "), ...unchecked)).toBe(
      "one two three four",
    );
  });

  test("streams one after another, padding and chunks that may be skipped", () => {
    const skipped = [chunk(0xfe, Buffer.alloc(9)), chunk(0x80), chunk(0xfd, Buffer.from("later"))];
    expect(unframe(START, plainChunk("one "), ...skipped, START, plainChunk("two"))).toBe("one two");
  });

  test("empty chunks", () => {
    expect(unframe(START, plainChunk(""), compressedChunk(""), chunk(0x03))).toBe("");
  });
});

describe("refuses", () => {
  test.each<[string, Buffer[], RegExp]>([
    ["nothing", [], /no snappy stream identifier/],
    ["no identifier", [plainChunk("a")], /no snappy stream identifier/],
    [
      "a wrong identifier later",
      [START, chunk(0xff, Buffer.from("sNaPpX"))],
      /byte 10 is a wrong stream identifier/,
    ],
    [
      "a short identifier later",
      [START, chunk(0xff, Buffer.from("sNaP"))],
      /byte 10 is a wrong stream identifier/,
    ],
    ["reserved chunks", [START, chunk(0x04)], /byte 10 is of the unknown type 4/],
    ["the last reserved chunk", [START, chunk(0x7f)], /byte 10 is of the unknown type 127/],
    ["a cut chunk header", [START, Buffer.from([1, 0])], /byte 10 is cut off/],
    ["a cut chunk", [START, plainChunk("abc").subarray(0, -1)], /byte 10 is cut off/],
    [
      "a chunk without room for its checksum",
      [START, chunk(0x01, Buffer.alloc(3))],
      /byte 10 has no checksum/,
    ],
    [
      "a wrong checksum",
      [START, chunk(0x01, checksum("a"), Buffer.from("b"))],
      /byte 10 has a wrong checksum/,
    ],
    [
      "a wrong checksum of packed bytes",
      [START, chunk(0x00, checksum("a"), compressSync("b"))],
      /wrong checksum/,
    ],
    ["garbage as packed bytes", [START, chunk(0x00, checksum("a"), Buffer.from([5, 1, 2]))], /snappy/],
    ["packed bytes without a length", [START, chunk(0x02)], /claims more than/],
    [
      "a length of 2^32-1",
      [START, chunk(0x02, Buffer.from([255, 255, 255, 255, 15, 0]))],
      /claims more than 65536/,
    ],
    ["an endless length", [START, chunk(0x02, Buffer.alloc(9, 0xff))], /claims more than 65536 bytes/],
    [
      "a plain chunk of more than 65,536 bytes",
      [START, chunk(0x03, Buffer.alloc(65_537))],
      /claims more than 65536/,
    ],
    [
      "a packed chunk of more",
      [START, chunk(0x02, compressSync(Buffer.alloc(65_537)))],
      /claims more than 65536/,
    ],
    [
      "a claim denser than snappy",
      [START, chunk(0x02, Buffer.from([0x80, 0x80, 0x02, 0]))],
      /than it can hold/,
    ],
  ])("%s", async (_, chunks, reason) => {
    const bytes = Buffer.concat(chunks);
    expect(() => unframeSnappySync(bytes, MAX_BYTES)).toThrow(reason);
    expect(() => unframeSnappySync(bytes, MAX_BYTES)).toThrow(
      expect.toSatisfy((error) => error instanceof UnpackError && error.kind === "corrupt"),
    );
    await expect(unframeSnappy(bytes, MAX_BYTES)).rejects.toThrow(reason);
  });

  test("more chunks than any writer of messages makes", () => {
    const padding = Buffer.alloc(131_072 * 4);
    for (let at = 0; at < padding.length; at += 4) padding[at] = 0xfe;
    expect(unframe(START, padding)).toBe("");
    expect(() => unframe(START, padding, plainChunk("a"))).toThrow(/byte 524298 is one too many/);
  });

  test("more than was allowed, before anything is unpacked", () => {
    const broken = chunk(0x02, Buffer.from([100, ...Buffer.alloc(20)]));
    expect(() => unframeSnappySync(Buffer.concat([START, broken]), 99)).toThrow(
      "more than 99 bytes unpacked",
    );
    expect(() => unframeSnappySync(Buffer.concat([START, broken, broken]), 150)).toThrow(
      "more than 150 bytes",
    );
  });
});
