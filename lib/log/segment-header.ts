/**
 * The 16 bytes that a data file begins with.
 *
 * ```
 *  0         1               2          4              12          16
 *  | version | header length | reserved | created      | CRC-32 of the first 12
 *    u8 = 2    u8 = 16         u16        u64 ms         u32
 * ```
 *
 * Version 1 is a file of the Go NetLog (created is u32 seconds there, the rest zeros): never to be appended to.
 */
import { crc32 } from "../checksum.ts";
import { readUint64, writeUint64 } from "./bytes.ts";

export const SEGMENT_HEADER_BYTES = 16;

const VERSION = 2;
const GO_NETLOG_VERSION = 1;
const CREATED = 4;
const CRC = 12;

export type SegmentHeader =
  | { readonly kind: "valid"; readonly createdAtMs: number }
  | { readonly kind: "go-netlog" }
  | { readonly kind: "damaged" };

export function encodeSegmentHeader(createdAtMs: number): Buffer {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
  bytes[0] = VERSION;
  bytes[1] = SEGMENT_HEADER_BYTES;
  writeUint64(bytes, createdAtMs, CREATED);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, CRC)), CRC);
  return bytes;
}

export function decodeSegmentHeader(bytes: Buffer): SegmentHeader {
  if (bytes.length < SEGMENT_HEADER_BYTES || bytes[1] !== SEGMENT_HEADER_BYTES) return { kind: "damaged" };
  if (bytes[0] === VERSION && bytes.readUInt32BE(CRC) === crc32(bytes.subarray(0, CRC))) {
    const createdAtMs = readUint64(bytes, CREATED);
    if (createdAtMs !== undefined) return { kind: "valid", createdAtMs };
  }
  const isGoNetlog =
    bytes[0] === GO_NETLOG_VERSION && bytes.readUInt32BE(8) === 0 && bytes.readUInt32BE(CRC) === 0;
  return { kind: isGoNetlog ? "go-netlog" : "damaged" };
}
