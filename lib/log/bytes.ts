/** Big-endian u64 as JavaScript numbers; BigInt would cost more than the rest of a frame header together. */

export const UINT32_MAX: number = 2 ** 32 - 1;
const UINT32_RANGE = 2 ** 32;
const HIGH_WORD_MAX = 2 ** 21 - 1;

/** `value` is a safe integer, at least 0. */
export function writeUint64(target: Buffer, value: number, position: number): void {
  target.writeUInt32BE(Math.floor(value / UINT32_RANGE), position);
  target.writeUInt32BE(value % UINT32_RANGE, position + 4);
}

/** `undefined` for more than 2^53-1, which the format calls damage. */
export function readUint64(bytes: Buffer, position: number): number | undefined {
  const high = bytes.readUInt32BE(position);
  if (high > HIGH_WORD_MAX) return undefined;
  return high * UINT32_RANGE + bytes.readUInt32BE(position + 4);
}

/** A checksum as findings and log lines print it. */
export function hex(crc: number): string {
  return `0x${crc.toString(16).padStart(8, "0")}`;
}
