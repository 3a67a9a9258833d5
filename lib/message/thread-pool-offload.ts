/** Packs and unpacks on Node's thread pool, so that large message sets do not hold up the event loop. */
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { nodeRuntime } from "../base/runtime.ts";
import { gunzipError, gunzipOptions, gunzipOutput, type Offload } from "./compression.ts";
import { COMPRESSION_GZIP, COMPRESSION_SNAPPY } from "./message.ts";
import { frameSnappy, unframeSnappy } from "./snappy-framing.ts";

const gzipAsync = promisify<Uint8Array, Buffer>(gzip);

export const threadPoolOffload: Offload = {
  compress: (type, bytes) => (type === COMPRESSION_GZIP ? gzipAsync(bytes) : frameSnappy(bytes)),
  decompress: (type, bytes, maxBytes) =>
    type === COMPRESSION_SNAPPY ? unframeSnappy(bytes, maxBytes) : gunzipAsync(bytes, maxBytes),
  pause: () => nodeRuntime.pause(),
};

function gunzipAsync(bytes: Uint8Array, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    gunzip(bytes, gunzipOptions(maxBytes), (error, result) => {
      if (error !== null) return reject(gunzipError(error, maxBytes));
      try {
        resolve(gunzipOutput(result, bytes));
      } catch (failure) {
        reject(failure);
      }
    });
  });
}
