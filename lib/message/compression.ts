/**
 * How the payload of a message set is packed: not at all (1), gzip (2), snappy framing format (3). Little is
 * done at once, much off the event loop through what is injected as Offload. Sizes that the data claims are
 * never believed: a hard limit stops what unpacks to more.
 */
import { gunzipSync, gzipSync, type ZlibOptions } from "node:zlib";
import type { Slots } from "../base/slots.ts";
import type { Limits } from "./limits.ts";
import { COMPRESSION_GZIP, COMPRESSION_NONE, COMPRESSION_SNAPPY, type SetCompression } from "./message.ts";
import { frameSnappySync, unframeSnappySync } from "./snappy-framing.ts";
import { UnpackError } from "./unpack-error.ts";

export type PackedCompression = typeof COMPRESSION_GZIP | typeof COMPRESSION_SNAPPY;

/** Work that does not hold up the event loop. Bytes are borrowed until the promise settles. */
export interface Offload {
  compress(type: PackedCompression, bytes: Uint8Array): Promise<Buffer>;
  /** Rejects with UnpackError, when more than `maxBytes` would come out too. */
  decompress(type: PackedCompression, bytes: Uint8Array, maxBytes: number): Promise<Buffer>;
  /** Gives the event loop back between two pieces of what is done on it: see Runtime. */
  pause(): Promise<void>;
}

/** Does the work on the spot, so that a simulation replays the same run. */
export const inlineOffload: Offload = {
  compress: (type, bytes) => settle(() => compressSync(type, bytes)),
  decompress: (type, bytes, maxBytes) => settle(() => decompressSync(type, bytes, maxBytes)),
  pause: () => Promise.resolve(),
};

/** Does so much at a time, for what comes out takes memory. */
export function boundedOffload(offload: Offload, slots: Slots): Offload {
  return {
    compress: (type, bytes) => slots.run(() => offload.compress(type, bytes)),
    decompress: (type, bytes, maxBytes) => slots.run(() => offload.decompress(type, bytes, maxBytes)),
    pause: () => offload.pause(),
  };
}

/** Packs `bytes`, which are borrowed until it is done; type 1 gives them back as they are. */
export function compress(
  type: SetCompression,
  bytes: Buffer,
  offload: Offload,
  limits: Limits,
): Buffer | Promise<Buffer> {
  if (type === COMPRESSION_NONE) return bytes;
  if (bytes.length > limits.inlineCompressionBytes) return offload.compress(type, bytes);
  return compressSync(type, bytes);
}

/**
 * Unpacks `bytes`, which are borrowed until it is done; type 1 gives them back as they are. Throws or rejects
 * with UnpackError for bytes that are not of the format, whole, and for more than `maxBytes` of output.
 */
export function decompress(
  type: SetCompression,
  bytes: Buffer,
  maxBytes: number,
  offload: Offload,
  limits: Limits,
): Buffer | Promise<Buffer> {
  if (type === COMPRESSION_NONE) {
    if (bytes.length > maxBytes) throw UnpackError.tooLarge(maxBytes);
    return bytes;
  }
  const muchBytes = limits.inlineCompressionBytes;
  if (bytes.length > muchBytes || promisedGzipBytes(type, bytes) > muchBytes) {
    return offload.decompress(type, bytes, maxBytes);
  }
  const inlineBytes = Math.min(muchBytes, maxBytes);
  try {
    return decompressSync(type, bytes, inlineBytes);
  } catch (error) {
    const moreIsAllowed =
      error instanceof UnpackError && error.kind === "too_large" && inlineBytes < maxBytes;
    if (!moreIsAllowed) throw error;
    return offload.decompress(type, bytes, maxBytes);
  }
}

/** A result of node:zlib with the option `info`. */
interface GunzipResult {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

export function gunzipOptions(maxBytes: number): ZlibOptions {
  return { maxOutputLength: maxBytes, info: true };
}

/**
 * The output of a gunzip of `bytes` with gunzipOptions. Members after the first belong to it, as in Go; other
 * bytes behind it, which zlib would pass over when they begin with a zero, do not.
 */
export function gunzipOutput(result: unknown, bytes: Uint8Array): Buffer {
  const { buffer, engine } = result as GunzipResult;
  if (engine.bytesWritten !== bytes.length) {
    throw UnpackError.corrupt(`${bytes.length - engine.bytesWritten} bytes after the end of the gzip data`);
  }
  // zlib's first chunk is 16 KiB: a cache must not keep all of it alive for a few bytes.
  return buffer.length < buffer.buffer.byteLength / 2 ? Buffer.from(buffer) : buffer;
}

/** Says of an error of gunzip whether the data is to blame; what is not the data's fault comes back as it is. */
export function gunzipError(error: unknown, maxBytes: number): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ERR_BUFFER_TOO_LARGE") return UnpackError.tooLarge(maxBytes, error);
  if (code === "Z_DATA_ERROR" || code === "Z_BUF_ERROR") {
    return UnpackError.corrupt((error as Error).message, error);
  }
  return error;
}

function compressSync(type: PackedCompression, bytes: Uint8Array): Buffer {
  return type === COMPRESSION_GZIP ? gzipSync(bytes) : frameSnappySync(bytes);
}

function decompressSync(type: PackedCompression, bytes: Uint8Array, maxBytes: number): Buffer {
  if (type === COMPRESSION_SNAPPY) return unframeSnappySync(bytes, maxBytes);
  let result: unknown;
  try {
    result = gunzipSync(bytes, gunzipOptions(maxBytes));
  } catch (error) {
    throw gunzipError(error, maxBytes);
  }
  return gunzipOutput(result, bytes);
}

/** A hint that says where to unpack, and nothing else: gzip ends with its unpacked size, true or not. */
function promisedGzipBytes(type: PackedCompression, bytes: Buffer): number {
  return type === COMPRESSION_GZIP && bytes.length >= 4 ? bytes.readUInt32LE(bytes.length - 4) : 0;
}

function settle(work: () => Buffer): Promise<Buffer> {
  return new Promise((resolve) => resolve(work()));
}
