/**
 * The file of a persistent scanner: two slots, of which one holds a position that is surely on the disk while the
 * other is written, so that a write that tears leaves that one. The valid slot with the higher sequence number
 * counts. All integers are big-endian.
 *
 * ```
 *  0                     4096          4140        8192
 *  | slot 0  | zeros ... | slot 1      | zeros ... | keys, of version 3
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
 *
 *  version 3, of one that reads by key; expireMs is 0 where it does not expire:
 *  0     3         4          12     20     28         36               40                      44
 *  | NLS | version | sequence | from | next | expireMs | CRC-32 of keys | CRC-32 of bytes 0..40 |
 *    3B    u8        u64        u64    u64    u64        u32              u32
 *
 *  keys, up to the end of the file: | size u16 | UTF-8 | ...
 * ```
 *
 * A slot of even sequence number is slot 0. The slots lie 4096 bytes apart, for that is the most that a disk
 * writes at once. The keys are written with the file and never again. What a scanner with acknowledgements keeps is in
 * a file of another kind: lease-file.ts.
 */
import { crc32 } from "../base/checksum.ts";
import type { Limits } from "./limits.ts";

export interface ScannerState {
  /** Counts the writes. */
  readonly sequence: number;
  /** Where the scanner began. */
  readonly from: number;
  /** Everything before it is settled. */
  readonly next: number;
  /** Not used for so many ms the scanner is dropped; `undefined`: never. */
  readonly expireMs?: number | undefined;
  /** What it reads by; `undefined`: it gives all messages. */
  readonly keys?: readonly string[] | undefined;
}

/** Ends the names of scanner files; the id stands before it. */
export const SCANNER_SUFFIX = ".scanner";

/** And the version in the last byte. */
const MAGIC = 0x4e4c5300;
const CRC_POSITIONS: Readonly<Record<number, number>> = { 1: 28, 2: 36, 3: 40 };
const EXPIRE_POSITION = 28;
const KEYS_CRC_POSITION = 36;
const SLOT_BYTES = 44;
const SLOT_SPACING_BYTES = 4096;
const KEYS_POSITION = 2 * SLOT_SPACING_BYTES;
const KEY_SIZE_BYTES = 2;

/** A file that is longer was written by another program. */
export function scannerFileMaxBytes({ keysRead, messageKeyBytes }: Limits): number {
  return KEYS_POSITION + keysRead * (KEY_SIZE_BYTES + messageKeyBytes);
}

/** Where the slot of a state lies. */
export function slotPosition(sequence: number): number {
  return (sequence % 2) * SLOT_SPACING_BYTES;
}

/** `keysCrc` is that of the state's keys: see keysChecksum. */
export function encodeSlot(state: ScannerState, keysCrc: number | undefined): Buffer {
  const { sequence, from, next, expireMs } = state;
  const version = keysCrc !== undefined ? 3 : expireMs !== undefined ? 2 : 1;
  const crcPosition = CRC_POSITIONS[version]!;
  const slot = Buffer.alloc(crcPosition + 4);
  slot.writeUInt32BE(MAGIC + version, 0);
  slot.writeBigUInt64BE(BigInt(sequence), 4);
  slot.writeBigUInt64BE(BigInt(from), 12);
  slot.writeBigUInt64BE(BigInt(next), 20);
  if (version > 1) slot.writeBigUInt64BE(BigInt(expireMs ?? 0), EXPIRE_POSITION);
  if (keysCrc !== undefined) slot.writeUInt32BE(keysCrc, KEYS_CRC_POSITION);
  slot.writeUInt32BE(crc32(slot.subarray(0, crcPosition)), crcPosition);
  return slot;
}

/** A whole file that holds one state. */
export function encodeScannerFile(state: ScannerState): Buffer {
  const slots = Buffer.concat([
    Buffer.alloc(slotPosition(state.sequence)),
    encodeSlot(state, keysChecksum(state)),
  ]);
  if (state.keys === undefined) return slots;
  return Buffer.concat([slots, Buffer.alloc(KEYS_POSITION - slots.length), encodeKeys(state.keys)]);
}

/** What each slot has of the keys; they are up to 64 KiB, and the same for every position. */
export function keysChecksum({ keys }: ScannerState): number | undefined {
  return keys === undefined ? undefined : crc32(encodeKeys(keys));
}

function encodeKeys(keys: readonly string[]): Buffer {
  return Buffer.concat(
    keys.flatMap((key) => {
      const bytes = Buffer.from(key);
      return [Buffer.of(bytes.length >>> 8, bytes.length), bytes];
    }),
  );
}

/** `undefined` where they do not have the checksum, or are none. */
function decodeKeys(bytes: Buffer, crc: number): string[] | undefined {
  if (crc32(bytes) !== crc) return undefined;
  const keys: string[] = [];
  for (let position = 0; position < bytes.length; ) {
    const start = position + KEY_SIZE_BYTES;
    const end = start <= bytes.length ? start + bytes.readUInt16BE(position) : Number.POSITIVE_INFINITY;
    if (end > bytes.length) return undefined;
    keys.push(bytes.toString("utf8", start, end));
    position = end;
  }
  return keys.length === 0 ? undefined : keys;
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
  if (slot.length < 4) return undefined;
  const version = slot.readUInt32BE(0) - MAGIC;
  const crcPosition = CRC_POSITIONS[version];
  if (crcPosition === undefined || slot.length < crcPosition + 4) return undefined;
  if (slot.readUInt32BE(crcPosition) !== crc32(slot.subarray(0, crcPosition))) return undefined;
  const figures = {
    sequence: Number(slot.readBigUInt64BE(4)),
    from: Number(slot.readBigUInt64BE(12)),
    next: Number(slot.readBigUInt64BE(20)),
  };
  const expireMs = version === 1 ? 0 : Number(slot.readBigUInt64BE(EXPIRE_POSITION));
  if (![...Object.values(figures), expireMs].every(Number.isSafeInteger)) return undefined;
  const state = expireMs === 0 && version !== 2 ? figures : { ...figures, expireMs };
  if (version < 3) return state;
  const keys = decodeKeys(bytes.subarray(KEYS_POSITION), slot.readUInt32BE(KEYS_CRC_POSITION));
  return keys === undefined ? undefined : { ...state, keys };
}
