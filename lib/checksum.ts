/**
 * IEEE CRC-32 of bytes, as frames, messages and indexes use it. The table-driven package is faster on short
 * input, where a call into native code costs more than the sum itself; zlib's is faster on long input.
 */
import { crc32 as nativeCrc32 } from "node:zlib";
import crc32Table from "crc-32";

/** The two cross at about 64 bytes here (Node 20: 36 B 176 ns against 219 ns, 100 B 338 ns against 251 ns). */
const NATIVE_FROM_BYTES = 64;

/** CRC-32 (IEEE 802.3) of `bytes`, as an unsigned 32-bit number. */
export function crc32(bytes: Uint8Array): number {
  if (bytes.length >= NATIVE_FROM_BYTES) return nativeCrc32(bytes);
  return crc32Table.buf(bytes) >>> 0;
}
