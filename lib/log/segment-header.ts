/**
 * The bytes that a data file begins with, and what they say of how to read the rest. All integers are big-endian.
 *
 * ```
 *  version 3:
 *  0         1               2          4         12           16         20
 *  | version | header length | reserved | created | mask magic | mask crc | CRC-32 of the first 20
 *    u8 = 3    u8 = 24         u16        u64 ms    u32          u32        u32
 *
 *  version 2, the layout before masks (frame-mask.ts), which is read and never appended to:
 *  0         1               2          4         12
 *  | version | header length | reserved | created | CRC-32 of the first 12
 *    u8 = 2    u8 = 16         u16        u64 ms    u32
 * ```
 *
 * Version 1 is a file of the Go NetLog (created is u32 seconds there, the rest zeros): never to be appended to.
 */
import { crc32 } from "../base/checksum.ts";
import { readUint64, writeUint64 } from "./bytes.ts";
import type { FrameMask } from "./frame-mask.ts";

export const SEGMENT_HEADER_BYTES = 24;
export const OLD_SEGMENT_HEADER_BYTES = 16;

const VERSION = 3;
const OLD_VERSION = 2;
const GO_NETLOG_VERSION = 1;
const CREATED = 4;
const OLD_CRC = 12;
const MASK_MAGIC = 12;
const MASK_CRC = 16;
const CRC = 20;

/** How the frames of a data file lie in it. */
export interface SegmentLayout {
  /** Where the first frame begins. */
  readonly headerBytes: number;
  /** `undefined` in the layout of version 2. */
  readonly mask: FrameMask | undefined;
}

export type SegmentHeader =
  | {
      readonly kind: "valid";
      readonly version: 2 | 3;
      readonly createdAtMs: number;
      readonly layout: SegmentLayout;
    }
  | { readonly kind: "go-netlog" }
  | { readonly kind: "damaged" };

export const OLD_LAYOUT: SegmentLayout = { headerBytes: OLD_SEGMENT_HEADER_BYTES, mask: undefined };

export function layoutWith(mask: FrameMask): SegmentLayout {
  return { headerBytes: SEGMENT_HEADER_BYTES, mask };
}

export function encodeSegmentHeader(createdAtMs: number, { headerBytes, mask }: SegmentLayout): Buffer {
  const bytes = Buffer.alloc(headerBytes);
  bytes[0] = mask === undefined ? OLD_VERSION : VERSION;
  bytes[1] = headerBytes;
  writeUint64(bytes, createdAtMs, CREATED);
  if (mask !== undefined) {
    bytes.writeUInt32BE(mask.magic, MASK_MAGIC);
    bytes.writeUInt32BE(mask.crc, MASK_CRC);
  }
  const crcPosition = headerBytes - 4;
  bytes.writeUInt32BE(crc32(bytes.subarray(0, crcPosition)), crcPosition);
  return bytes;
}

/** `bytes` are the first SEGMENT_HEADER_BYTES of a data file, fewer where it has fewer. */
export function decodeSegmentHeader(bytes: Buffer): SegmentHeader {
  const version = soundVersion(bytes);
  if (version !== undefined) {
    const createdAtMs = readUint64(bytes, CREATED);
    if (createdAtMs === undefined) return { kind: "damaged" };
    if (version === OLD_VERSION) return { kind: "valid", version, createdAtMs, layout: OLD_LAYOUT };
    const mask = { magic: bytes.readUInt32BE(MASK_MAGIC), crc: bytes.readUInt32BE(MASK_CRC) };
    return { kind: "valid", version, createdAtMs, layout: layoutWith(mask) };
  }
  const isGoNetlog =
    bytes.length >= OLD_SEGMENT_HEADER_BYTES &&
    bytes[0] === GO_NETLOG_VERSION &&
    bytes[1] === OLD_SEGMENT_HEADER_BYTES &&
    bytes.readUInt32BE(8) === 0 &&
    bytes.readUInt32BE(OLD_CRC) === 0;
  return { kind: isGoNetlog ? "go-netlog" : "damaged" };
}

/** The version whose length and checksum the bytes bear out. */
function soundVersion(bytes: Buffer): 2 | 3 | undefined {
  const isWhole = (version: number, length: number, crcPosition: number) =>
    bytes[0] === version &&
    bytes[1] === length &&
    bytes.length >= length &&
    bytes.readUInt32BE(crcPosition) === crc32(bytes.subarray(0, crcPosition));
  if (isWhole(VERSION, SEGMENT_HEADER_BYTES, CRC)) return VERSION;
  return isWhole(OLD_VERSION, OLD_SEGMENT_HEADER_BYTES, OLD_CRC) ? OLD_VERSION : undefined;
}
