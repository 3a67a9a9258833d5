/**
 * What a request's body is read from: the request itself, or what unpacks it. Node unpacks on its thread pool, a piece of
 * 16 KiB at a time and only as fast as the pieces are taken, so that little may unpack to much without taking memory.
 */
import type { Readable } from "node:stream";
import { createGunzip, createInflate, type Gunzip, type Inflate } from "node:zlib";
import { NetlogError } from "../../lib/index.ts";
import { HttpError } from "../wire/errors.ts";

export type ContentCoding = "gzip" | "deflate";

const CODINGS: ReadonlyMap<string, ContentCoding | undefined> = new Map([
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["deflate", "deflate"],
  ["identity", undefined],
]);

/** What zlib says of bytes that are not of its format, or not all of them. */
const FLAWS: ReadonlySet<unknown> = new Set(["Z_DATA_ERROR", "Z_BUF_ERROR", "Z_NEED_DICT"]);

/** `undefined` for a body that comes as it is. @throws unsupported_media_type. */
export function parseContentCoding(header: string): ContentCoding | undefined {
  const name = header.trim().toLowerCase();
  if (CODINGS.has(name)) return CODINGS.get(name);
  throw new HttpError("unsupported_media_type", {
    reason: "Content-Encoding takes one of gzip, deflate and identity; leave it out for a body as it is",
    headers: ["Accept-Encoding", "gzip, deflate"],
  });
}

export class BodySource {
  /** Gives the bytes of the body. Its failures are to be told as `failureOf` says, its end only after `flaw`. */
  readonly stream: Readable;
  readonly #incoming: Readable;
  readonly #coding: ContentCoding | undefined;
  readonly #unpacker: Gunzip | Inflate | undefined;
  #packedBytes = 0;

  constructor(incoming: Readable, coding: ContentCoding | undefined) {
    this.#incoming = incoming;
    this.#coding = coding;
    this.stream = incoming;
    if (coding === undefined) return;
    this.#unpacker = coding === "gzip" ? createGunzip() : createInflate();
    this.stream = this.#unpacker;
    incoming.on("data", this.#count);
    incoming.on("error", this.#cutOff);
    incoming.pipe(this.#unpacker);
  }

  failureOf(error: unknown): unknown {
    const code = (error as NodeJS.ErrnoException).code;
    if (this.#unpacker === undefined) return cutOff();
    return FLAWS.has(code) ? this.#notPacked() : error;
  }

  /** At the end of the stream: what is wrong with a body that unpacked to its end, as if it were whole. */
  flaw(): NetlogError | undefined {
    if (this.#unpacker === undefined) return undefined;
    const isAll = this.#incoming.readableEnded && this.#unpacker.bytesWritten === this.#packedBytes;
    return isAll ? undefined : this.#notPacked();
  }

  /** Gives no more. What is still to come is dropped by the answer. */
  close(): void {
    if (this.#unpacker !== undefined) {
      this.#incoming.unpipe(this.#unpacker);
      this.#incoming.off("data", this.#count);
      this.#unpacker.destroy();
    }
    this.#incoming.pause();
  }

  readonly #count = (piece: Buffer): void => {
    this.#packedBytes += piece.length;
  };

  readonly #cutOff = (): void => void this.#unpacker?.destroy(cutOff());

  #notPacked(): NetlogError {
    const format = this.#coding === "gzip" ? "gzip" : "the zlib format, which deflate means";
    const reason = `the body is not ${format}, from its first byte to its last, as Content-Encoding says`;
    return new NetlogError("bad_request", { reason });
  }
}

/** The client left, or the body is not valid HTTP. */
export function cutOff(): NetlogError {
  return new NetlogError("bad_request", { reason: "the body was cut off" });
}
