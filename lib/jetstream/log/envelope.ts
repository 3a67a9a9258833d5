/**
 * What a message of a log's stream begins with: who wrote it, which segment it is of, and what follows. All integers are
 * big-endian.
 *
 * ```
 *  0     3         4      5          8       16    24                 32             40              48    52
 *  | NLR | version | kind | reserved | epoch | uid | segment sequence | segment base | segment bytes | CRC | body
 *    3B    u8        u8     3B, 0      u64     u64   u64                u64            u64             u32
 * ```
 *
 * Kind 0: the body is whole frames (lib/log/frame.ts), which have checksums of their own, and the CRC covers bytes 0 to 48.
 * Kind 1: a claim (claim.ts), and the CRC covers bytes 0 to 48 and the body.
 * Kind 2: a record of a kept file (lib/jetstream/scanners/kept-files.ts), under the CRC as well. It belongs to no segment, and
 * neither does a claim of its stream.
 *
 * `epoch` is the sequence of the claim by which the writer took the log over. `uid` is random, and no two messages have
 * the same: by it a writer knows a message again that it does not know to be stored. The segment's sequence is that of
 * its first message, which is a claim; its base is its first offset; its bytes are those of its frames up to and with this
 * message.
 */
import { crc32 } from "../../base/checksum.ts";
import type { Runtime } from "../../base/runtime.ts";
import { readUint64, writeUint64 } from "../../log/bytes.ts";

export const ENVELOPE_BYTES = 52;
export const FRAMES_KIND = 0;
export const CLAIM_KIND = 1;
/** In the stream of a topic's scanners. */
export const KEPT_KIND = 2;

const MAGIC_AND_VERSION = 0x4e4c5201;
const KIND = 4;
const EPOCH = 8;
const UID_HIGH = 16;
const UID_LOW = 20;
const SEGMENT_SEQUENCE = 24;
const SEGMENT_BASE = 32;
const SEGMENT_BYTES = 40;
const CRC = 48;

/** 64 bits, as two u32. */
export interface Uid {
  readonly high: number;
  readonly low: number;
}

/** A segment as its newest message tells of it. */
export interface SegmentMark {
  readonly sequence: number;
  readonly baseOffset: number;
  readonly sizeBytes: number;
}

export interface Envelope {
  readonly kind: number;
  readonly epoch: number;
  readonly uid: Uid;
  readonly segment: SegmentMark;
}

/** A random one: a UUID has random digits at its ends, and version and variant between them. */
export function newUid(runtime: Pick<Runtime, "randomId">): Uid {
  const id = runtime.randomId();
  return { high: Number.parseInt(id.slice(0, 8), 16), low: Number.parseInt(id.slice(-8), 16) };
}

export function sameUid(one: Uid, other: Uid): boolean {
  return one.high === other.high && one.low === other.low;
}

/** The whole message; the pieces of its body are copied. */
export function encodeMessage(envelope: Envelope, pieces: readonly Uint8Array[]): Buffer {
  let sizeBytes = ENVELOPE_BYTES;
  for (const piece of pieces) sizeBytes += piece.length;
  const message = Buffer.allocUnsafe(sizeBytes);
  const { kind, epoch, uid, segment } = envelope;
  message.writeUInt32BE(MAGIC_AND_VERSION, 0);
  message.writeUInt32BE(kind * 2 ** 24, KIND);
  writeUint64(message, epoch, EPOCH);
  message.writeUInt32BE(uid.high, UID_HIGH);
  message.writeUInt32BE(uid.low, UID_LOW);
  writeUint64(message, segment.sequence, SEGMENT_SEQUENCE);
  writeUint64(message, segment.baseOffset, SEGMENT_BASE);
  writeUint64(message, segment.sizeBytes, SEGMENT_BYTES);
  let at = ENVELOPE_BYTES;
  for (const piece of pieces) {
    message.set(piece, at);
    at += piece.length;
  }
  message.writeUInt32BE(crcOf(message, kind), CRC);
  return message;
}

/** `undefined`: the message is none of netlog's, of a later version, or damaged. */
export function decodeEnvelope(message: Buffer): Envelope | undefined {
  if (message.length < ENVELOPE_BYTES || message.readUInt32BE(0) !== MAGIC_AND_VERSION) return undefined;
  const kind = message.readUInt8(KIND);
  if (crcOf(message, kind) !== message.readUInt32BE(CRC)) return undefined;
  const epoch = readUint64(message, EPOCH);
  const sequence = readUint64(message, SEGMENT_SEQUENCE);
  const baseOffset = readUint64(message, SEGMENT_BASE);
  const sizeBytes = readUint64(message, SEGMENT_BYTES);
  if (epoch === undefined || sequence === undefined) return undefined;
  if (baseOffset === undefined || sizeBytes === undefined) return undefined;
  const uid = { high: message.readUInt32BE(UID_HIGH), low: message.readUInt32BE(UID_LOW) };
  return { kind, epoch, uid, segment: { sequence, baseOffset, sizeBytes } };
}

export function bodyOf(message: Buffer): Buffer {
  return message.subarray(ENVELOPE_BYTES);
}

function crcOf(message: Buffer, kind: number): number {
  const crc = crc32(message.subarray(0, CRC));
  return kind === FRAMES_KIND ? crc : crc32(bodyOf(message), crc);
}
