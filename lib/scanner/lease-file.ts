/**
 * The file of a scanner with acknowledgements: a journal of blocks, each written at once. The first holds the whole
 * state, the others what happened since; when it has grown long, a new file with the state of that moment takes its
 * place. All integers are big-endian.
 *
 * ```
 *  a block:
 *  0     3         4        8          16            24              24 + length
 *  | NLA | version | length | sequence | syncedBytes | body          | CRC-32 of all before it |
 *    3B    u8        u32      u64        u64           length bytes    u32
 *
 *  body of the first block:
 *  0      8      16            24             32        40             48               52
 *  | from | next | redelivered | deadLettered | skipped | pendingCount | settingsLength | settings | pending ... |
 *    u64    u64    u64           u64            u64       u64            u32              JSON
 *
 *  a pending message:                     a record, of which the other bodies are made:
 *  0        8                  12         0      1        9
 *  | offset | deliveries       |          | kind | offset |
 *    u64      u32, top bit:                 u8     u64
 *             condemned
 * ```
 *
 * Sequence numbers count the blocks of a file from 0. `syncedBytes` is how much of the file was surely on the disk
 * when the block was written: what is bad at or behind the highest such mark is a torn end and cut, before it it is
 * damage.
 */
import { crc32 } from "../base/checksum.ts";
import { Pending, PendingTable, RECORD_KINDS } from "./pending-table.ts";
import type { LeaseRecord } from "./scanner-store.ts";

/** Ends the names of these files; the id stands before it. */
export const LEASES_SUFFIX = ".leases";

const MAGIC_AND_VERSION = 0x4e4c4101;
const HEADER_BYTES = 24;
const CRC_BYTES = 4;
const STATE_BYTES = 52;
const PENDING_BYTES = 12;
const RECORD_BYTES = 9;
const CONDEMNED = 0x8000_0000;

export interface LeaseState {
  readonly from: number;
  /** Parsed JSON. */
  readonly settings: unknown;
  readonly table: PendingTable;
}

/** A file as it was read. */
export interface LeaseFile extends LeaseState {
  /** The number of the next block. */
  readonly sequence: number;
  /** Where the next block goes: what lies behind is torn. */
  readonly endPosition: number;
  /** Up to here it is surely on the disk. */
  readonly syncedBytes: number;
}

/** The blocks of a whole file: one that holds the state, and one of what is to be done to it, where that is anything. */
export function encodeLeases(state: LeaseState, records: readonly LeaseRecord[]): Buffer[] {
  const first = encodeLeaseFile(state);
  return records.length === 0 ? [first] : [first, encodeRecords(records, 1, 0)];
}

/** A whole file that holds one state. */
export function encodeLeaseFile({ from, settings, table }: LeaseState): Buffer {
  const json = Buffer.from(JSON.stringify(settings));
  const body = Buffer.alloc(STATE_BYTES + json.length + PENDING_BYTES * table.pending.size);
  const { redelivered, deadLettered, skipped } = table.counters;
  const figures = [from, table.next, redelivered, deadLettered, skipped, table.pending.size];
  for (const [index, figure] of figures.entries()) writeU64(body, figure, 8 * index);
  body.writeUInt32BE(json.length, STATE_BYTES - 4);
  body.set(json, STATE_BYTES);
  let position = STATE_BYTES + json.length;
  for (const { offset, deliveries, isCondemned } of table.pending.values()) {
    writeU64(body, offset, position);
    body.writeUInt32BE((deliveries | (isCondemned ? CONDEMNED : 0)) >>> 0, position + 8);
    position += PENDING_BYTES;
  }
  return encodeBlock(body, 0, 0);
}

export function encodeRecords(
  records: readonly LeaseRecord[],
  sequence: number,
  syncedBytes: number,
): Buffer {
  const body = Buffer.allocUnsafe(RECORD_BYTES * records.length);
  let position = 0;
  for (const { kind, offset } of records) {
    body[position] = RECORD_KINDS.indexOf(kind);
    writeU64(body, offset, position + 1);
    position += RECORD_BYTES;
  }
  return encodeBlock(body, sequence, syncedBytes);
}

/** `undefined` when the file is damaged: what it says of a time that was surely on the disk is not whole. */
export function decodeLeaseFile(bytes: Buffer): LeaseFile | undefined {
  const first = blockAt(bytes, 0);
  const state = first?.sequence === 0 ? decodeState(first.body) : undefined;
  if (first === undefined || state === undefined) return undefined;
  let syncedBytes = first.endPosition;
  let { endPosition } = first;
  let sequence = 1;
  for (let block = blockAt(bytes, endPosition); block !== undefined; block = blockAt(bytes, endPosition)) {
    if (block.sequence !== sequence || !applyRecords(state.table, block.body)) return undefined;
    syncedBytes = Math.max(syncedBytes, block.syncedBytes);
    endPosition = block.endPosition;
    sequence += 1;
  }
  if (syncedBytes > endPosition || isFollowed(bytes, endPosition, sequence)) return undefined;
  return { ...state, sequence, endPosition, syncedBytes };
}

interface Block {
  readonly sequence: number;
  readonly syncedBytes: number;
  readonly body: Buffer;
  readonly endPosition: number;
}

function encodeBlock(body: Buffer, sequence: number, syncedBytes: number): Buffer {
  const block = Buffer.allocUnsafe(HEADER_BYTES + body.length + CRC_BYTES);
  block.writeUInt32BE(MAGIC_AND_VERSION, 0);
  block.writeUInt32BE(body.length, 4);
  writeU64(block, sequence, 8);
  writeU64(block, syncedBytes, 16);
  block.set(body, HEADER_BYTES);
  const end = HEADER_BYTES + body.length;
  block.writeUInt32BE(crc32(block.subarray(0, end)), end);
  return block;
}

function blockAt(bytes: Buffer, position: number): Block | undefined {
  if (position + HEADER_BYTES + CRC_BYTES > bytes.length) return undefined;
  if (bytes.readUInt32BE(position) !== MAGIC_AND_VERSION) return undefined;
  const crcPosition = position + HEADER_BYTES + bytes.readUInt32BE(position + 4);
  if (crcPosition + CRC_BYTES > bytes.length) return undefined;
  if (bytes.readUInt32BE(crcPosition) !== crc32(bytes.subarray(position, crcPosition))) return undefined;
  return {
    sequence: readU64(bytes, position + 8),
    syncedBytes: readU64(bytes, position + 16),
    body: bytes.subarray(position + HEADER_BYTES, crcPosition),
    endPosition: crcPosition + CRC_BYTES,
  };
}

/**
 * Whether a whole block behind the bad bytes at `position`, whose sequence number would be `sequence`, says that these
 * were on the disk. Clients choose the offsets in records, and a row of them can look like a block; its number is then
 * beyond those of all blocks that have room in between.
 */
function isFollowed(bytes: Buffer, position: number, sequence: number): boolean {
  const magic = Buffer.alloc(4);
  magic.writeUInt32BE(MAGIC_AND_VERSION);
  let found = bytes.indexOf(magic, position + 1);
  while (found >= 0) {
    const block = blockAt(bytes, found);
    const blocksBetween = Math.floor((found - position) / (HEADER_BYTES + CRC_BYTES));
    const isNear =
      block !== undefined && block.sequence > sequence && block.sequence <= sequence + blocksBetween;
    if (isNear && block.syncedBytes > position && block.syncedBytes <= found) return true;
    found = bytes.indexOf(magic, found + 1);
  }
  return false;
}

function decodeState(body: Buffer): LeaseState | undefined {
  if (body.length < STATE_BYTES) return undefined;
  const figures = Array.from({ length: 6 }, (_, index) => readU64(body, 8 * index));
  const settingsLength = body.readUInt32BE(STATE_BYTES - 4);
  const [from = 0, next = 0, redelivered = 0, deadLettered = 0, skipped = 0, pendingCount = 0] = figures;
  const pendingPosition = STATE_BYTES + settingsLength;
  if (!figures.every(Number.isSafeInteger)) return undefined;
  if (body.length !== pendingPosition + PENDING_BYTES * pendingCount) return undefined;
  const table = new PendingTable(next);
  Object.assign(table.counters, { redelivered, deadLettered, skipped });
  for (let position = pendingPosition; position < body.length; position += PENDING_BYTES) {
    const pending = new Pending(readU64(body, position));
    const deliveries = body.readUInt32BE(position + 8);
    pending.deliveries = deliveries % CONDEMNED;
    pending.isCondemned = deliveries >= CONDEMNED;
    if (pending.offset >= next || table.pending.has(pending.offset)) return undefined;
    table.pending.set(pending.offset, pending);
  }
  return { from, settings: JSON.parse(body.toString("utf8", STATE_BYTES, pendingPosition)), table };
}

function applyRecords(table: PendingTable, body: Buffer): boolean {
  if (body.length % RECORD_BYTES !== 0) return false;
  for (let position = 0; position < body.length; position += RECORD_BYTES) {
    const kind = RECORD_KINDS[body[position]!];
    const offset = readU64(body, position + 1);
    if (kind === undefined || !Number.isSafeInteger(offset) || !table.apply(kind, offset)) return false;
  }
  return true;
}

/** At a fifth of what a BigInt costs, once for each message. */
function writeU64(bytes: Buffer, value: number, position: number): void {
  bytes.writeUInt32BE(Math.floor(value / 2 ** 32), position);
  bytes.writeUInt32BE(value >>> 0, position + 4);
}

function readU64(bytes: Buffer, position: number): number {
  return bytes.readUInt32BE(position) * 2 ** 32 + bytes.readUInt32BE(position + 4);
}
