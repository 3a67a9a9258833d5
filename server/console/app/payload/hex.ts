/** Bytes as rows of hex, as `xxd` shows them. A row is made when it is looked at, so the size of the payload costs nothing. */

const BYTES_PER_ROW = 16;
const OFFSET_DIGITS = 8;
const GROUP_BYTES = 8;

export interface HexRow {
  /** Place of the first byte, in hex. */
  readonly place: string;
  /** Two groups of eight, always as wide as a full row. */
  readonly hex: string;
  /** A point for each byte that is no visible ASCII. */
  readonly ascii: string;
}

export function hexRowCount(bytes: Uint8Array): number {
  return Math.ceil(bytes.length / BYTES_PER_ROW);
}

export function hexRow(bytes: Uint8Array, row: number): HexRow {
  const start = row * BYTES_PER_ROW;
  const part = bytes.subarray(start, start + BYTES_PER_ROW);
  const pairs = Array.from(part, (byte) => byte.toString(16).padStart(2, "0"));
  while (pairs.length < BYTES_PER_ROW) pairs.push("  ");
  return {
    place: start.toString(16).padStart(OFFSET_DIGITS, "0"),
    hex: `${pairs.slice(0, GROUP_BYTES).join(" ")}  ${pairs.slice(GROUP_BYTES).join(" ")}`,
    ascii: Array.from(part, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join(
      "",
    ),
  };
}
