/** A copy out of a file, or out of standard input: a message a line, as JSON in the server's form or as it is. */
import { Buffer } from "node:buffer";
import { createReadStream, statSync } from "node:fs";
import { crc32 as crc32Of } from "node:zlib";
import { checkFields, isNetlogClientError } from "../../../lib/client/index.ts";
import { BaseCaps, LARGEST_BYTES, parseJson } from "../../../lib/values.ts";
import { cutLines } from "../input/lines.ts";
import type { ToldMessage } from "../output/message-json.ts";
import { CopyError } from "./copy-error.ts";
import type { FileFormat } from "./file-format.ts";
import type { Source } from "./source.ts";

/** No server takes more. */
const PAYLOAD_BYTES = LARGEST_BYTES;
/** JSON makes a payload longer: six characters for a byte at worst, and the fields around it. */
const JSON_LINE_BYTES = 6 * PAYLOAD_BYTES + 1024;
const JSON_DEPTH = new BaseCaps().jsonDepth;

export class FileSource implements Source {
  readonly first = 0;
  readonly isFirstFixed = true;
  readonly isClosed = false;
  readonly unit = "bytes";
  readonly total: number | undefined;
  readonly #name: string;
  readonly #format: FileFormat;
  readonly #open: () => AsyncIterable<Uint8Array>;
  readonly #signal: AbortSignal;
  #done = 0;

  private constructor(
    name: string,
    format: FileFormat,
    open: () => AsyncIterable<Uint8Array>,
    total: number | undefined,
    signal: AbortSignal,
  ) {
    this.#name = name;
    this.#format = format;
    this.#open = open;
    this.#signal = signal;
    this.total = total;
  }

  /** @throws CopyError when there is no such file. */
  static ofFile(path: string, format: FileFormat, signal: AbortSignal): FileSource {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats?.isFile() !== true) throw new CopyError(`${path} is no file`);
    return new FileSource(path, format, () => createReadStream(path), stats.size, signal);
  }

  static ofPipe(
    pieces: AsyncIterable<Uint8Array>,
    format: FileFormat,
    sizeBytes: number | undefined,
    signal: AbortSignal,
  ): FileSource {
    let isRead = false;
    const open = (): AsyncIterable<Uint8Array> => {
      if (isRead) throw new CopyError("standard input cannot be read a second time; start the copy again");
      isRead = true;
      return pieces;
    };
    return new FileSource("standard input", format, open, sizeBytes, signal);
  }

  get done(): number {
    return this.#done;
  }

  async *read(place: number): AsyncGenerator<readonly ToldMessage[], void, undefined> {
    this.#done = 0;
    let offset = 0;
    const maxBytes = this.#format === "ndjson" ? JSON_LINE_BYTES : PAYLOAD_BYTES;
    for await (const lines of cutLines(this.#counted(), maxBytes, this.#signal)) {
      yield* this.#messages(lines.slice(Math.max(0, place - offset)), Math.max(place, offset));
      offset += lines.length;
    }
    if (offset < place)
      throw new CopyError(`${this.#name} has ${offset} messages, less than were copied from it`);
  }

  /** What stands before a line that is no message is given first. */
  *#messages(
    lines: readonly Uint8Array[],
    first: number,
  ): Generator<readonly ToldMessage[], void, undefined> {
    const messages: ToldMessage[] = [];
    try {
      for (const line of lines) messages.push(this.#message(line, first + messages.length));
    } catch (error) {
      if (messages.length > 0) yield messages;
      throw error;
    }
    if (messages.length > 0) yield messages;
  }

  async *#counted(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const piece of this.#open()) {
      this.#done += piece.length;
      yield piece;
    }
  }

  #message(line: Uint8Array, offset: number): ToldMessage {
    if (this.#format === "lines") return { offset, timestamp: "", crc32: 0, payload: line };
    const refuse = (why: string): never => {
      throw new CopyError(`message ${offset + 1} of ${this.#name} ${why}`);
    };
    const fields = parseObject(line) ?? refuse("is no JSON object; --format lines takes lines as they are");
    const { payload, payload_base64: base64, crc32 } = fields;
    const isText = typeof payload === "string";
    if (!isText && typeof base64 !== "string") refuse('has neither "payload" nor "payload_base64"');
    const bytes = isText ? Buffer.from(payload) : Buffer.from(String(base64), "base64");
    if (bytes.length === 0) refuse("is empty");
    if (crc32 !== undefined && crc32 !== crc32Of(bytes)) refuse("is not what its crc32 says");
    const { key, content_type: contentType, headers } = fields;
    const carried = { key, contentType, headers } as Pick<ToldMessage, "key" | "contentType" | "headers">;
    try {
      checkFields(carried);
    } catch (error) {
      if (!isNetlogClientError(error)) throw error;
      refuse(`cannot be sent: ${error.message}`);
    }
    return { offset, timestamp: "", crc32: Number(crc32 ?? 0), payload: bytes, ...carried };
  }
}

function parseObject(line: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = parseJson(line, JSON_DEPTH);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
