/**
 * An export of frames, as the server keeps them, into a file or a pipe. A file is gone on with behind its last whole
 * frame, which must be the source's own.
 */
import { type FileHandle, open } from "node:fs/promises";
import { isNetlogClientError, type Offset, type Topic, type TopicInfo } from "../../../lib/client/index.ts";
import {
  computeEntryCrc,
  decodeFrameHeader,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  frameBytes,
  frameEndOffset,
} from "../../../lib/values.ts";
import { type Output, writeAll } from "../../cli/command.ts";
import { CopyError } from "./copy-error.ts";
import type { CopyProgress } from "./run-copy.ts";

export interface FrameExportOptions {
  /** Where it begins, as it was said; `null`: with the first message that is kept, or where the file ends. */
  readonly from: Offset | null;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: CopyProgress, total: number) => void;
  /** Reports messages that are left out, because they are damaged or dropped. */
  readonly onMissing: (text: string) => void;
}

interface HeldFrames {
  readonly count: number;
  readonly last: FrameHeader | undefined;
}

/** @throws CopyError; what reading and writing throw. What `onProgress` reported is written also then. */
export async function exportFrames(
  topic: Topic,
  { closed, latest_offset: latest }: TopicInfo,
  target: FrameFile | FramePipe,
  options: FrameExportOptions,
): Promise<CopyProgress & { readonly isClosed: boolean }> {
  const { signal, onProgress, onMissing } = options;
  const end = latest + 1;
  const held = await target.held();
  let next = held.last === undefined ? await firstOf(topic, options.from) : frameEndOffset(held.last);
  if (held.last !== undefined) await requireSame(topic, held.last);
  let progress: CopyProgress = { held: held.count, copied: 0, bytes: 0 };
  const total = Math.max(0, end - next);
  while (next < end && !signal.aborted) {
    try {
      const { bytes, nextOffset } = await topic.readFrames({ from: next, max: MAX_MESSAGES, signal });
      if (bytes.length === 0) break;
      const frames = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      const count = countIn(frames, nextOffset);
      await target.write(frames);
      next = nextOffset;
      progress = { ...progress, copied: progress.copied + count, bytes: progress.bytes + bytes.length };
      onProgress(progress, total);
    } catch (error) {
      if (signal.aborted) break;
      next = behindMissing(error, next, onMissing);
    }
  }
  return { ...progress, isClosed: closed === true && next >= end };
}

/** In one answer; its bytes are bounded as well. */
const MAX_MESSAGES = 100_000;

async function firstOf(topic: Topic, from: Offset | null): Promise<number> {
  return typeof from === "number" ? from : await topic.offsetOf(from ?? "first");
}

/** Messages in whole frames, up to `nextOffset`. @throws CopyError: they are not what the answer says. */
function countIn(frames: Buffer, nextOffset: number): number {
  let count = 0;
  let last: FrameHeader | undefined;
  for (let position = 0; position < frames.length; position += frameBytes(last)) {
    last = wholeFrameAt(frames, position);
    if (last === undefined)
      throw new CopyError("the server's answer holds a frame that is damaged; try again");
    count += last.messageCount;
  }
  if (last !== undefined && frameEndOffset(last) === nextOffset) return count;
  throw new CopyError(`the server's frames do not end at offset ${nextOffset}, as its answer says`);
}

/** With its entry, sound; `undefined` where there is none. */
function wholeFrameAt(bytes: Buffer, position: number): FrameHeader | undefined {
  const header = decodeFrameHeader(bytes, position);
  if (header === undefined || position + frameBytes(header) > bytes.length) return undefined;
  return computeEntryCrc(bytes, position, header) === header.entryCrc ? header : undefined;
}

/** @throws CopyError where the last frame of the file is not the topic's. */
async function requireSame(topic: Topic, last: FrameHeader): Promise<void> {
  const { bytes } = await topic.readFrames({ from: last.baseOffset, max: 1 }).catch((error: unknown) => {
    if (!isNetlogClientError(error, "offset_not_found")) throw error;
    return { bytes: new Uint8Array() };
  });
  const frame = decodeFrameHeader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), 0);
  const isSame =
    frame?.baseOffset === last.baseOffset &&
    frame.messageCount === last.messageCount &&
    frame.timestampMs === last.timestampMs &&
    frame.entryCrc === last.entryCrc;
  if (isSame) return;
  throw new CopyError(
    `the last frame of the file, of offset ${last.baseOffset}, is not in the topic: it is another one's, or dropped there; export into another file`,
  );
}

/** Where to go on behind what cannot be read. @throws `error`, if it is of another kind. */
function behindMissing(error: unknown, next: number, onMissing: (text: string) => void): number {
  if (isNetlogClientError(error, "checksum_error") && error.nextOffset !== undefined) {
    const { offset = next, nextOffset } = error;
    onMissing(`what is damaged at offset ${offset} is left out`);
    return nextOffset;
  }
  const isDropped = isNetlogClientError(error, "offset_not_found");
  if (!isDropped || error.firstOffset === undefined || error.firstOffset <= next) throw error;
  onMissing(`${error.firstOffset - next} messages before offset ${error.firstOffset} were dropped meanwhile`);
  return error.firstOffset;
}

/** A file of frames, one after the other. */
export class FrameFile {
  readonly #path: string;
  readonly #file: FileHandle;
  /** Behind the last whole frame. */
  #end = 0;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** Makes the file when it is missing. @throws CopyError when it cannot be written. */
  static async open(path: string): Promise<FrameFile> {
    try {
      const file = await open(path, "r+").catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") throw error;
        return open(path, "wx+");
      });
      return new FrameFile(path, file);
    } catch (error) {
      throw new CopyError(`${path} cannot be written (${(error as NodeJS.ErrnoException).code})`);
    }
  }

  /** Looks at headers alone, and at the last frame whole. What a crash left of a frame is written over. */
  async held(): Promise<HeldFrames> {
    const { size } = await this.#file.stat();
    let count = 0;
    let last: FrameHeader | undefined;
    let position = 0;
    for (;;) {
      const start = await this.#readBytes(position, FRAME_HEADER_BYTES);
      const header = decodeFrameHeader(start, 0);
      if (header === undefined) {
        if (start.length === FRAME_HEADER_BYTES || !isBegunFrame(start)) this.#refuseForeign(position);
        break;
      }
      const end = position + frameBytes(header);
      if (end > size) break;
      if (end === size && wholeFrameAt(await this.#readBytes(position, end - position), 0) === undefined)
        break;
      if (last !== undefined && header.baseOffset < frameEndOffset(last)) this.#refuseForeign(position);
      last = header;
      count += header.messageCount;
      position = end;
    }
    this.#end = position;
    return { count, last };
  }

  async write(frames: Buffer): Promise<void> {
    await this.#file.truncate(this.#end);
    for (let written = 0; written < frames.length; ) {
      const { bytesWritten } = await this.#file.write(frames, written, frames.length - written, this.#end);
      written += bytesWritten;
      this.#end += bytesWritten;
    }
  }

  async close(): Promise<void> {
    await this.#file.sync();
    await this.#file.close();
  }

  async #readBytes(position: number, sizeBytes: number): Promise<Buffer> {
    const bytes = Buffer.alloc(sizeBytes);
    const { bytesRead } = await this.#file.read(bytes, 0, sizeBytes, position);
    return bytes.subarray(0, bytesRead);
  }

  #refuseForeign(position: number): never {
    throw new CopyError(
      `no frame begins at byte ${position} of ${this.#path}: the file is none of an export`,
    );
  }
}

/** The end of a file, or the beginning of a header. */
function isBegunFrame(bytes: Buffer): boolean {
  return "NLF".startsWith(bytes.subarray(0, 3).toString("latin1"));
}

/** Nothing is known of what a pipe was given before. */
export class FramePipe {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  held(): Promise<HeldFrames> {
    return Promise.resolve({ count: 0, last: undefined });
  }

  async write(frames: Buffer): Promise<void> {
    await writeAll(this.#output, frames);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
