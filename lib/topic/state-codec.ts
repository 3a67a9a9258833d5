/**
 * The bytes in which a topic's memory is kept, as it was when everything below an offset had been taken in. Who keeps
 * them adds that offset and a checksum (lib/storage/state-files.ts).
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
import { PLACE_BYTES, type Producer } from "./producer-table.ts";
import type { StateToKeep } from "./storage.ts";
import type { TopicMemory } from "./topic-memory.ts";

const VERSION = 1;
const CLOSED = 1;
const HAS_SEQUENCE = 2;
const UNKNOWN = 4;
const HEAD_BYTES = 8;
const PRODUCER_BYTES = 1 + 16 + 1;
/** What is encoded in one go. */
const SLICE_KEYS = 2000;
const SLICE_PRODUCERS = 100;
/**
 * Restored places lie in so much memory together: to allocate that of each takes longer than all else. Neighbours are
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

/** What is wrong with bytes that have their checksum; `undefined`: nothing. It goes on from the name of what holds them. */
export function versionTrouble(bytes: Buffer): string | undefined {
  const version = bytes[0];
  if (version === VERSION) return undefined;
  return `is of version ${version}, and this program reads version ${VERSION}; start the version of netlog that wrote it`;
}

/**
 * Puts what was kept into an empty memory. The bytes have their checksum.
 *
 * @throws topic_unavailable: they are of a version that this program does not know, and may say what no message does.
 */
export function restore(memory: TopicMemory, bytes: Buffer): Restored {
  const trouble = versionTrouble(bytes);
  if (trouble !== undefined) {
    throw new NetlogError("topic_unavailable", { reason: `the topic's state ${trouble}` });
  }
  const flags = bytes.readUInt8(1);
  memory.isClosed = (flags & CLOSED) !== 0;
  let position = 4 + bytes.readUInt16BE(2);
  if ((flags & HAS_SEQUENCE) !== 0) memory.streamSequence = Buffer.from(bytes.subarray(4, position));
  const producerCount = bytes.readUInt32BE(position);
  position += 4;
  const keysStart = behindProducers(bytes, position, producerCount);
  restoreProducers(memory, bytes.subarray(position, keysStart));
  memory.keys.restore(bytes.subarray(keysStart));
  return { isKnown: (flags & UNKNOWN) === 0 };
}

function behindProducers(bytes: Buffer, start: number, count: number): number {
  let position = start;
  for (let i = 0; i < count; i++) {
    const placesAt = position + bytes.readUInt8(position) + PRODUCER_BYTES;
    position = placesAt + bytes.readUInt8(placesAt - 1) * PLACE_BYTES;
  }
  return position;
}

function restoreProducers({ producers }: TopicMemory, bytes: Buffer): void {
  let [chunk, used] = [Buffer.alloc(0), 0];
  for (let position = 0; position < bytes.length; ) {
    const idEnd = position + 1 + bytes.readUInt8(position);
    const id = bytes.toString("utf8", position + 1, idEnd);
    const epoch = bytes.readDoubleBE(idEnd);
    const seq = bytes.readDoubleBE(idEnd + 8);
    const placeCount = bytes.readUInt8(idEnd + 16);
    position = idEnd + 17 + placeCount * PLACE_BYTES;
    if (used + placeCount * PLACE_BYTES > chunk.length) {
      [chunk, used] = [Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, placeCount * PLACE_BYTES)), 0];
    }
    producers.restore({ id, epoch, seq, placeCount, places: chunk, placesAt: used, isFrozen: true });
    used += bytes.copy(chunk, used, idEnd + 17, position);
  }
}
