/**
 * The snappy framing format, as Go's snappy.NewBufferedWriter writes it: chunks one after another, each with at
 * most 65,536 bytes before packing. https://github.com/google/snappy/blob/main/framing_format.txt
 *
 *     0      1              4
 *     | type | length u24   | length bytes; with type 0 and 1 the first four are a checksum
 *
 * Little-endian. The checksum is the masked CRC-32C of the unpacked bytes. Reading and packing are generators
 * that hand each block to their driver, at once or with awaits in between: one algorithm for both.
 */
import crc32c from "crc-32/crc32c.js";
import { compress, compressSync, uncompress, uncompressSync } from "snappy";
import { UnpackError } from "./unpack-error.ts";

const CHUNK_HEADER_BYTES = 4;
const CHECKSUM_BYTES = 4;
const MAX_BLOCK_BYTES = 65_536;
/** Snappy's best is a copy of 64 bytes told in 3: what claims to be denser lies. */
const MAX_EXPANSION = 22;
/**
 * Twice what a writer makes that flushes after each message of the largest set. Millions of empty chunks would
 * hold up the event loop for a second.
 */
const MAX_CHUNKS = 131_072;

const COMPRESSED = 0x00;
const UNCOMPRESSED = 0x01;
const COMPRESSED_UNCHECKED = 0x02;
const UNCOMPRESSED_UNCHECKED = 0x03;
/** From here on a chunk that is not known is skipped; below, it ends the reading. Padding is one of them. */
const FIRST_SKIPPABLE = 0x80;
const STREAM_IDENTIFIER = 0xff;
const STREAM_START = Buffer.from([STREAM_IDENTIFIER, 6, 0, 0, ...Buffer.from("sNaPpY")]);

/** Yields one block after another to be run through the codec, is given each result, returns all of it. */
type Steps = Generator<Buffer, Buffer, Buffer>;

export function frameSnappySync(bytes: Uint8Array): Buffer {
  return driveSync(frameSteps(bytes), compressSync);
}

/** Packs block by block on the thread pool. `bytes` are borrowed until it resolves. */
export function frameSnappy(bytes: Uint8Array): Promise<Buffer> {
  return drive(frameSteps(bytes), compress);
}

/** Throws UnpackError: `corrupt`, or `too_large` before more than `maxBytes` are unpacked. */
export function unframeSnappySync(bytes: Uint8Array, maxBytes: number): Buffer {
  return driveSync(unframeSteps(bytes, maxBytes), uncompressBlockSync);
}

/** Like unframeSnappySync, block by block on the thread pool. `bytes` are borrowed until it settles. */
export function unframeSnappy(bytes: Uint8Array, maxBytes: number): Promise<Buffer> {
  return drive(unframeSteps(bytes, maxBytes), uncompressBlock);
}

function driveSync(steps: Steps, codec: (block: Buffer) => Buffer): Buffer {
  let step = steps.next();
  while (step.done !== true) step = steps.next(codec(step.value));
  return step.value;
}

async function drive(steps: Steps, codec: (block: Buffer) => Promise<Buffer>): Promise<Buffer> {
  let step = steps.next();
  while (step.done !== true) step = steps.next(await codec(step.value));
  return step.value;
}

function* frameSteps(bytes: Uint8Array): Steps {
  const pieces: Buffer[] = [STREAM_START];
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let position = 0; position < source.length; position += MAX_BLOCK_BYTES) {
    const block = source.subarray(position, position + MAX_BLOCK_BYTES);
    const packed = yield block;
    const isWorthIt = packed.length < block.length - block.length / 8;
    const content = isWorthIt ? packed : block;
    const header = Buffer.allocUnsafe(CHUNK_HEADER_BYTES + CHECKSUM_BYTES);
    header[0] = isWorthIt ? COMPRESSED : UNCOMPRESSED;
    header.writeUIntLE(CHECKSUM_BYTES + content.length, 1, 3);
    header.writeUInt32LE(maskedCrc32c(block), CHUNK_HEADER_BYTES);
    pieces.push(header, content);
  }
  return Buffer.concat(pieces);
}

function* unframeSteps(bytes: Uint8Array, maxBytes: number): Steps {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!source.subarray(0, STREAM_START.length).equals(STREAM_START)) {
    throw UnpackError.corrupt("no snappy stream identifier at the beginning");
  }
  const target = Buffer.allocUnsafe(claimedTotalBytes(source, maxBytes));
  let targetPosition = 0;
  let position = STREAM_START.length;
  while (position < source.length) {
    const chunk = readChunk(source, position);
    if (chunk.block !== undefined) {
      const block = chunk.isCompressed ? yield chunk.block : chunk.block;
      if (block.length !== chunk.unpackedBytes) throw corruptChunk(position, "unpacks to another length");
      if (chunk.crc !== undefined && chunk.crc !== maskedCrc32c(block)) {
        throw corruptChunk(position, "has a wrong checksum");
      }
      target.set(block, targetPosition);
      targetPosition += block.length;
    }
    position = chunk.end;
  }
  return target;
}

/** What all chunks together claim to unpack to; each was held against its own length, all against `maxBytes`. */
function claimedTotalBytes(source: Buffer, maxBytes: number): number {
  let total = 0;
  let position = STREAM_START.length;
  for (let count = 1; position < source.length; count++) {
    if (count > MAX_CHUNKS) throw corruptChunk(position, `is one too many: at most ${MAX_CHUNKS} are read`);
    const chunk = readChunk(source, position);
    total += chunk.unpackedBytes;
    if (total > maxBytes) throw UnpackError.tooLarge(maxBytes);
    position = chunk.end;
  }
  return total;
}

interface Chunk {
  /** Where the next one begins. */
  readonly end: number;
  /** `undefined`: nothing to unpack. */
  readonly block: Buffer | undefined;
  readonly isCompressed: boolean;
  /** What the block claims, at most MAX_BLOCK_BYTES. */
  readonly unpackedBytes: number;
  readonly crc: number | undefined;
}

function readChunk(source: Buffer, position: number): Chunk {
  if (source.length - position < CHUNK_HEADER_BYTES) throw corruptChunk(position, "is cut off");
  const type = source[position]!;
  const start = position + CHUNK_HEADER_BYTES;
  const end = start + source.readUIntLE(position + 1, 3);
  if (end > source.length) throw corruptChunk(position, "is cut off");
  if (type >= FIRST_SKIPPABLE) {
    if (type === STREAM_IDENTIFIER && !source.subarray(position, end).equals(STREAM_START)) {
      throw corruptChunk(position, "is a wrong stream identifier");
    }
    return { end, block: undefined, isCompressed: false, unpackedBytes: 0, crc: undefined };
  }
  if (type > UNCOMPRESSED_UNCHECKED) throw corruptChunk(position, `is of the unknown type ${type}`);
  const isChecked = type === COMPRESSED || type === UNCOMPRESSED;
  const blockStart = isChecked ? start + CHECKSUM_BYTES : start;
  if (blockStart > end) throw corruptChunk(position, "has no checksum");
  const block = source.subarray(blockStart, end);
  const isCompressed = type === COMPRESSED || type === COMPRESSED_UNCHECKED;
  const unpackedBytes = isCompressed ? claimedBytes(block) : block.length;
  if (unpackedBytes > MAX_BLOCK_BYTES)
    throw corruptChunk(position, `claims more than ${MAX_BLOCK_BYTES} bytes`);
  if (unpackedBytes > block.length * MAX_EXPANSION) {
    throw corruptChunk(position, "claims more than it can hold");
  }
  return { end, block, isCompressed, unpackedBytes, crc: isChecked ? source.readUInt32LE(start) : undefined };
}

/**
 * The length with which a snappy block begins: 7 bits a byte, lowest first. Three bytes hold all that is
 * allowed; Infinity for more, and for what is no length.
 */
function claimedBytes(block: Buffer): number {
  let value = 0;
  for (let i = 0; i < 3 && i < block.length; i++) {
    const byte = block[i]!;
    value |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) return value;
  }
  return Number.POSITIVE_INFINITY;
}

function uncompressBlockSync(block: Buffer): Buffer {
  try {
    return uncompressSync(block) as Buffer;
  } catch (error) {
    throw UnpackError.corrupt((error as Error).message, error);
  }
}

async function uncompressBlock(block: Buffer): Promise<Buffer> {
  try {
    return (await uncompress(block)) as Buffer;
  } catch (error) {
    throw UnpackError.corrupt((error as Error).message, error);
  }
}

function maskedCrc32c(bytes: Buffer): number {
  const crc = crc32c.buf(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function corruptChunk(position: number, what: string): UnpackError {
  return UnpackError.corrupt(`snappy chunk at byte ${position} ${what}`);
}
