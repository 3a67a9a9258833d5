/**
 * The bytes in which a topic's memory is kept, as it was when everything below an offset had been taken in. Who keeps
 * them adds that offset and a checksum (lib/storage/state-copies.ts).
 *
 *     0         1        2                  4
 *     | version | flags  | sequence's size  | stream sequence | producers | each producer | each key
 *       u8 = 1    u8       u16                                  u32
 *
 *     producer: | size of id | id | epoch | seq | number of places | each as in memory |
 *                 u8                f64     f64   u8                 (producer-table.ts)
 *     key:      as in memory (idempotency-table.ts)
 *
 * Big-endian; f64 because all numbers are integers up to 2^53-1. Flags: 1 the topic is closed, 2 it has a stream
 * sequence, 4 producers and keys are not known. Producers and keys stand in the order in which they are forgotten.
 */
import { NetlogError } from "../base/errors.ts";
import { firstSince, RECORD_BYTES } from "./idempotency-table.ts";
import { PLACE_BYTES, type Producer } from "./producer-table.ts";
import type { StateBytes, StateToKeep } from "./storage.ts";
import type { TopicMemory } from "./topic-memory.ts";

const VERSION = 1;
const CLOSED = 1;
const HAS_SEQUENCE = 2;
const UNKNOWN = 4;
const HEAD_BYTES = 8;
const PRODUCER_BYTES = 1 + 16 + 1;
const PRODUCER_MAX_BYTES: number = PRODUCER_BYTES + 255 + 255 * PLACE_BYTES;
/** What is encoded in one go. */
const SLICE_KEYS = 2000;
const SLICE_PRODUCERS = 100;
/**
 * Restored producers lie in so much memory together: to copy each of them takes longer than all else. Neighbours are
 * forgotten one after the other, so that one that is left pins few of those that are forgotten.
 */
export const CHUNK_BYTES: number = 8 * 1024;

/** A memory of one moment: everything below `through` was taken in. Keys that were forgotten since are left out. */
export type Snapshot = StateToKeep;

/** Producers and keys stay as they are: of the keys only those that are there are noted. */
export function snapshotOf(
  memory: TopicMemory,
  through: number,
  isKnown: boolean,
  isClosed: boolean,
): Snapshot {
  const { streamSequence } = memory;
  const producers = isKnown ? memory.producers.freeze() : [];
  const range = isKnown ? memory.keys.range : { first: 0, end: 0 };
  const flags =
    (isClosed ? CLOSED : 0) | (streamSequence === undefined ? 0 : HAS_SEQUENCE) | (isKnown ? 0 : UNKNOWN);
  function* pieces(): Generator<Buffer, void, void> {
    yield encodeHead(flags, streamSequence ?? new Uint8Array(0), producers.length);
    for (let first = 0; first < producers.length; first += SLICE_PRODUCERS) {
      yield encodeProducers(producers.slice(first, first + SLICE_PRODUCERS));
    }
    for (let first = range.first; first < range.end; first += SLICE_KEYS) {
      yield memory.keys.records({ first, end: Math.min(range.end, first + SLICE_KEYS) });
    }
  }
  return { through, pieces };
}

/** Says that the topic's producers and keys lie in its messages alone: the next opening makes the state from them. */
export const UNKNOWN_STATE: StateToKeep = {
  through: 0,
  pieces: () => [encodeHead(UNKNOWN, new Uint8Array(0), 0)],
};

function encodeHead(flags: number, sequence: Uint8Array, producerCount: number): Buffer {
  const head = Buffer.alloc(HEAD_BYTES + sequence.length);
  head.writeUInt8(VERSION, 0);
  head.writeUInt8(flags, 1);
  head.writeUInt16BE(sequence.length, 2);
  head.set(sequence, 4);
  head.writeUInt32BE(producerCount, 4 + sequence.length);
  return head;
}

function encodeProducers(producers: readonly Producer[]): Buffer {
  let sizeBytes = 0;
  for (const { id, placeCount } of producers) {
    sizeBytes += PRODUCER_BYTES + Buffer.byteLength(id) + placeCount * PLACE_BYTES;
  }
  const bytes = Buffer.allocUnsafe(sizeBytes);
  let position = 0;
  for (const { id, epoch, seq, placeCount, places, placesAt } of producers) {
    const idBytes = bytes.write(id, position + 1);
    bytes.writeUInt8(idBytes, position);
    position = bytes.writeDoubleBE(epoch, position + 1 + idBytes);
    position = bytes.writeDoubleBE(seq, position);
    position = bytes.writeUInt8(placeCount, position);
    position += places.copy(bytes, position, placesAt, placesAt + placeCount * PLACE_BYTES);
  }
  return bytes;
}

/** What `restore` found beside what it put into the memory. */
export interface Restored {
  readonly isKnown: boolean;
}

/** What is wrong with the beginning of a kept state; `undefined`: nothing. It goes on from the name of what holds it. */
export function versionTrouble(start: Buffer): string | undefined {
  const version = start[0];
  if (version === VERSION) return undefined;
  return `is of version ${version}, and this program reads version ${VERSION}; start the version of netlog that wrote it`;
}

/**
 * Puts what was kept into an empty memory, without the keys that were published before `forgetKeysBeforeMs`.
 *
 * @throws topic_unavailable: it is of a version that this program does not know, and may say what no message does. And what
 *   the disk throws.
 */
export async function restore(
  memory: TopicMemory,
  bytes: StateBytes,
  forgetKeysBeforeMs: number,
): Promise<Restored> {
  const start = await bytes.at(0, HEAD_BYTES);
  const trouble = versionTrouble(start);
  if (trouble !== undefined) {
    throw new NetlogError("topic_unavailable", { reason: `the topic's state ${trouble}` });
  }
  const flags = start.readUInt8(1);
  memory.isClosed = (flags & CLOSED) !== 0;
  const sequenceEnd = 4 + start.readUInt16BE(2);
  const head = await bytes.at(0, sequenceEnd + 4);
  if ((flags & HAS_SEQUENCE) !== 0) memory.streamSequence = Buffer.from(head.subarray(4, sequenceEnd));
  const producerCount = head.readUInt32BE(sequenceEnd);
  const keysStart = await restoreProducers(memory, bytes, sequenceEnd + 4, producerCount);
  await restoreKeys(memory, bytes, keysStart, forgetKeysBeforeMs);
  return { isKnown: (flags & UNKNOWN) === 0 };
}

/** Resolves to where they end. */
async function restoreProducers(
  { producers }: TopicMemory,
  bytes: StateBytes,
  start: number,
  count: number,
): Promise<number> {
  let position = start;
  for (let left = count; left > 0; ) {
    const piece = await bytes.at(position, PRODUCER_MAX_BYTES);
    let end = 0;
    let pieceCount = 0;
    do {
      end = producerEnd(piece, end);
      pieceCount++;
    } while (pieceCount < left && end + PRODUCER_MAX_BYTES <= Math.min(piece.length, CHUNK_BYTES));
    const chunk = Buffer.allocUnsafeSlow(end);
    piece.copy(chunk, 0, 0, end);
    for (let at = 0; at < end; at = producerEnd(chunk, at)) producers.restore(decodeProducer(chunk, at));
    position += end;
    left -= pieceCount;
  }
  return position;
}

function producerEnd(bytes: Buffer, at: number): number {
  const placesStart = at + bytes[at]! + PRODUCER_BYTES;
  return placesStart + bytes[placesStart - 1]! * PLACE_BYTES;
}

/** Its places are those in `bytes`. */
function decodeProducer(bytes: Buffer, at: number): Producer {
  const idEnd = at + 1 + bytes[at]!;
  const placesAt = at + bytes[at]! + PRODUCER_BYTES;
  return {
    id: bytes.toString("utf8", at + 1, idEnd),
    epoch: bytes.readDoubleBE(idEnd),
    seq: bytes.readDoubleBE(idEnd + 8),
    placeCount: bytes[placesAt - 1]!,
    places: bytes,
    placesAt,
    isFrozen: true,
  };
}

/** Those that are left lie at the end. */
async function restoreKeys(
  { keys }: TopicMemory,
  bytes: StateBytes,
  start: number,
  forgetBeforeMs: number,
): Promise<void> {
  for (let left = Math.floor((bytes.sizeBytes - start) / RECORD_BYTES); left > 0; ) {
    const records = await bytes.at(bytes.sizeBytes - left * RECORD_BYTES, RECORD_BYTES);
    const count = Math.floor(records.length / RECORD_BYTES);
    const first = keys.size > 0 ? 0 : firstSince(records, count, forgetBeforeMs);
    keys.restore(records.subarray(first * RECORD_BYTES, count * RECORD_BYTES), left - first);
    left -= count;
  }
}
