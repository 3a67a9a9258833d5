/** A copy into a file, which is gone on with where it ends, or into standard output. */
import { type FileHandle, open } from "node:fs/promises";
import { type Output, writeAll } from "../../cli/command.ts";
import type { ToldMessage } from "../output/message-json.ts";
import { CopyError } from "./copy-error.ts";
import { canHold, encodeMessages, type FileFormat } from "./file-format.ts";
import { type Held, NOTHING_HELD, type Target } from "./target.ts";

const LF = 0x0a;
/** How each line of NDJSON begins. */
const LINE_START = '{"offset":';
const PIECE_BYTES = 256 * 1024;

export class FileTarget implements Target {
  readonly #path: string;
  readonly #format: FileFormat;
  readonly #file: FileHandle;
  /** Byte place behind the last whole line. */
  #end = 0;

  private constructor(path: string, format: FileFormat, file: FileHandle) {
    this.#path = path;
    this.#format = format;
    this.#file = file;
  }

  /** Makes the file when it is missing. @throws CopyError when it cannot be written. */
  static async open(path: string, format: FileFormat): Promise<FileTarget> {
    try {
      // Not "a+": a torn line is cut off and written over.
      const file = await open(path, "r+").catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") throw error;
        return open(path, "wx+");
      });
      return new FileTarget(path, format, file);
    } catch (error) {
      throw new CopyError(`${path} cannot be written (${(error as NodeJS.ErrnoException).code})`);
    }
  }

  async held(): Promise<Held> {
    const { count, last, end, torn } = await this.#readLines();
    this.#end = end;
    if (last === undefined) {
      if (torn.length > 0 && !this.#isBegunMessage(torn)) this.#refuseForeign("the content");
      return NOTHING_HELD;
    }
    if (this.#format === "lines") return { count, lastOffset: undefined, lastPayload: last };
    return { count, ...this.#parseLast(last) };
  }

  /** What a crash left of a line is written over, and cut off at the end: by then the line before it was looked at. */
  async take(
    batches: AsyncIterable<readonly ToldMessage[]>,
    onCopied: (count: number, bytes: number) => void,
  ): Promise<void> {
    await writeMessages(batches, this.#format, onCopied, (bytes) => this.#write(bytes));
    await this.#file.truncate(this.#end);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    await this.#file.truncate(this.#end);
    for (let written = 0; written < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, written, bytes.length - written, this.#end);
      written += bytesWritten;
      this.#end += bytesWritten;
    }
  }

  seal(): Promise<boolean> {
    return Promise.resolve(false);
  }

  async close(): Promise<void> {
    await this.#file.sync();
    await this.#file.close();
  }

  /** Whole lines, the last of them, where it ends, and how what follows begins. */
  async #readLines(): Promise<{
    count: number;
    last: Uint8Array | undefined;
    end: number;
    torn: Uint8Array;
  }> {
    const piece = Buffer.alloc(PIECE_BYTES);
    let position = 0;
    let count = 0;
    let lastStart = 0;
    let end = 0;
    for (;;) {
      const { bytesRead } = await this.#file.read(piece, 0, piece.length, position);
      if (bytesRead === 0) break;
      const read = piece.subarray(0, bytesRead);
      for (let at = read.indexOf(LF); at >= 0; at = read.indexOf(LF, at + 1)) {
        count++;
        lastStart = end;
        end = position + at + 1;
      }
      position += bytesRead;
    }
    const torn = await this.#readBytes(end, Math.min(position - end, LINE_START.length));
    const last = count === 0 ? undefined : await this.#readBytes(lastStart, end - 1 - lastStart);
    return { count, last, end, torn };
  }

  async #readBytes(position: number, sizeBytes: number): Promise<Uint8Array> {
    const bytes = Buffer.alloc(sizeBytes);
    await this.#file.read(bytes, 0, sizeBytes, position);
    return bytes;
  }

  #isBegunMessage(bytes: Uint8Array): boolean {
    return this.#format === "ndjson" && LINE_START.startsWith(Buffer.from(bytes).toString());
  }

  #parseLast(line: Uint8Array): Pick<Held, "lastOffset" | "lastPayload"> {
    try {
      const { offset, payload, payload_base64 } = JSON.parse(Buffer.from(line).toString()) as {
        offset: number;
        payload?: string;
        payload_base64?: string;
      };
      const lastPayload =
        payload === undefined ? Buffer.from(payload_base64!, "base64") : Buffer.from(payload);
      if (Number.isSafeInteger(offset)) return { lastOffset: offset, lastPayload };
    } catch {
      // Told below.
    }
    return this.#refuseForeign("the last line");
  }

  #refuseForeign(what: string): never {
    throw new CopyError(`${what} of ${this.#path} is no message: the file is none of a copy`);
  }
}

/** Nothing is known of what a pipe was given before. */
export class PipeTarget implements Target {
  readonly #output: Output;
  readonly #format: FileFormat;

  constructor(output: Output, format: FileFormat) {
    this.#output = output;
    this.#format = format;
  }

  held(): Promise<Held> {
    return Promise.resolve(NOTHING_HELD);
  }

  async take(
    batches: AsyncIterable<readonly ToldMessage[]>,
    onCopied: (count: number, bytes: number) => void,
  ): Promise<void> {
    await writeMessages(batches, this.#format, onCopied, (bytes) => writeAll(this.#output, bytes));
  }

  seal(): Promise<boolean> {
    return Promise.resolve(false);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** What came before a failure is written. @throws CopyError for a message that the format cannot hold. */
async function writeMessages(
  batches: AsyncIterable<readonly ToldMessage[]>,
  format: FileFormat,
  onCopied: (count: number, bytes: number) => void,
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  for await (const messages of batches) {
    const unfit = messages.find((message) => !canHold(message, format));
    const fitting = unfit === undefined ? messages : messages.slice(0, messages.indexOf(unfit));
    if (fitting.length > 0) {
      await write(encodeMessages(fitting, format));
      onCopied(
        fitting.length,
        fitting.reduce((sum, { payload }) => sum + payload.length, 0),
      );
    }
    if (unfit === undefined) continue;
    throw new CopyError(
      `the message at offset ${unfit.offset} does not fit into a line; --format ndjson takes any`,
    );
  }
}
