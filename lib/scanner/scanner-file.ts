/**
 * The file of a persistent scanner: two slots, of which one holds a position that is surely on the disk while the
 * other is written, so that a write that tears leaves that one. The valid slot with the higher sequence number
 * counts. All integers are big-endian.
 *
 * ```
 *  0                 40          4096              4136
 *  | slot 0          | zeros ... | slot 1          |
 *
 *  a slot, version 1:
 *  0     3         4          12     20     28                      32
 *  | NLS | version | sequence | from | next | CRC-32 of bytes 0..28 |
 *    3B    u8        u64        u64    u64    u32
 *
 *  version 2, of a scanner that expires:
 *  0     3         4          12     20     28         36                      40
 *  | NLS | version | sequence | from | next | expireMs | CRC-32 of bytes 0..36 |
 *    3B    u8        u64        u64    u64    u64        u32
 * ```
 *
 * A slot of even sequence number is slot 0. The slots lie 4096 bytes apart, for that is the most that a disk
 * writes at once. What a scanner with acknowledgements keeps is in a file of another kind: lease-file.ts.
 */
import { crc32 } from "../base/checksum.ts";

export interface ScannerState {
  /** Counts the writes. */
  readonly sequence: number;
  /** Where the scanner began. */
  readonly from: number;
  /** Everything before it is settled. */
  readonly next: number;
  /** Not used for so many ms the scanner is dropped; `undefined`: never. */
  readonly expireMs?: number | undefined;
}

/** Ends the names of scanner files; the id stands before it. */
export const SCANNER_SUFFIX = ".scanner";

const MAGIC_AND_VERSION_1 = 0x4e4c5301;
const MAGIC_AND_VERSION_2 = 0x4e4c5302;
const CRC_1 = 28;
const CRC_2 = 36;
const SLOT_BYTES = 40;
const SLOT_SPACING_BYTES = 4096;

/** A file may be longer than the two slots only because somebody else wrote it. */
export const SCANNER_FILE_MAX_BYTES: number = SLOT_SPACING_BYTES + SLOT_BYTES;

/** Where the slot of a state lies. */
export function slotPosition(sequence: number): number {
  return (sequence % 2) * SLOT_SPACING_BYTES;
}

export function encodeSlot(state: ScannerState): Buffer {
  const { sequence, from, next, expireMs } = state;
  const crcPosition = expireMs === undefined ? CRC_1 : CRC_2;
  const slot = Buffer.alloc(crcPosition + 4);
  slot.writeUInt32BE(expireMs === undefined ? MAGIC_AND_VERSION_1 : MAGIC_AND_VERSION_2, 0);
  slot.writeBigUInt64BE(BigInt(sequence), 4);
  slot.writeBigUInt64BE(BigInt(from), 12);
  slot.writeBigUInt64BE(BigInt(next), 20);
  if (expireMs !== undefined) slot.writeBigUInt64BE(BigInt(expireMs), CRC_1);
  slot.writeUInt32BE(crc32(slot.subarray(0, crcPosition)), crcPosition);
  return slot;
}

/** A whole file that holds one state. */
export function encodeScannerFile(state: ScannerState): Buffer {
  return Buffer.concat([Buffer.alloc(slotPosition(state.sequence)), encodeSlot(state)]);
}

/** The newest state that a file's bytes hold; `undefined` when neither slot is whole. */
export function decodeScannerFile(bytes: Buffer): ScannerState | undefined {
  return decodeSlots(bytes).reduce((newest, state) =>
    newest === undefined || (state !== undefined && state.sequence > newest.sequence) ? state : newest,
  );
}

/** What each of the two slots holds; `undefined` where it was never written, or is not whole. */
export function decodeSlots(bytes: Buffer): (ScannerState | undefined)[] {
  return [0, 1].map((sequence) => decodeSlot(bytes, slotPosition(sequence)));
}

/** The bytes of the slot of a state, as many of them as there are. */
export function slotBytes(bytes: Buffer, sequence: number): Buffer {
  return bytes.subarray(slotPosition(sequence), slotPosition(sequence) + SLOT_BYTES);
}

function decodeSlot(bytes: Buffer, position: number): ScannerState | undefined {
  const slot = bytes.subarray(position, position + SLOT_BYTES);
  if (slot.length < CRC_1 + 4) return undefined;
  const magicAndVersion = slot.readUInt32BE(0);
  const expires = magicAndVersion === MAGIC_AND_VERSION_2;
  const crcPosition = expires ? CRC_2 : CRC_1;
  if (!expires && magicAndVersion !== MAGIC_AND_VERSION_1) return undefined;
  if (slot.length < crcPosition + 4) return undefined;
  if (slot.readUInt32BE(crcPosition) !== crc32(slot.subarray(0, crcPosition))) return undefined;
  const state: ScannerState = {
    sequence: Number(slot.readBigUInt64BE(4)),
    from: Number(slot.readBigUInt64BE(12)),
    next: Number(slot.readBigUInt64BE(20)),
    ...(expires ? { expireMs: Number(slot.readBigUInt64BE(CRC_1)) } : {}),
  };
  return Object.values(state).every(Number.isSafeInteger) ? state : undefined;
}
