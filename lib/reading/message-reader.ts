/** From frames to messages: reads a log message by message, through the shared cache of unpacked sets. */
import { isNetlogError, NetlogError } from "../base/errors.ts";
import { type Frame, type FrameHeader, frameAt, frameBytes, frameEndOffset } from "../log/frame.ts";
import type { FrameRun, Log, LogCursor } from "../log/log.ts";
import type { Offload } from "../message/compression.ts";
import { decodeMessageFields, type MessageFields, withContentType } from "../message/fields.ts";
import { unpackEntry } from "../message/message-set.ts";
import type { UnpackedEntry } from "../message/unpacked-entry.ts";
import type { Limits } from "./limits.ts";
import type { PlacedEntry, SetCache } from "./set-cache.ts";

export interface Message {
  readonly offset: number;
  readonly timestampMs: number;
  readonly crc32: number;
  /** Pins nothing much larger than itself, where nothing else is said. */
  readonly payload: Buffer;
  /** Key, content type and headers as they lie there, for fieldsOf; `undefined`: it has none. Pins as the payload does. */
  readonly fieldBytes: Buffer | undefined;
  /** How often it was given out, this time included; of a scanner with acknowledgements alone. */
  readonly delivery?: number;
}

/** Whether a message was taken; "last": it was, and no other is wanted now. */
export type Taken = boolean | "last";

export interface MessageReaderOptions {
  readonly log: Log;
  readonly sets: SetCache;
  readonly offload: Offload;
  readonly limits: Limits;
  /** The content type of messages that bring none, as fields have it; `undefined`: there is none. */
  typeField?: Buffer | undefined;
}

/** Reads the messages of one log. */
export class MessageReader {
  readonly #options: MessageReaderOptions;
  readonly #logId: number;

  constructor(options: MessageReaderOptions) {
    this.#options = options;
    this.#logId = options.sets.nextLogId();
  }

  openCursor(): MessageCursor {
    return new MessageCursor(this.#options, this.#logId);
  }
}

/** A walk over messages. Holds a buffer only while it reads ahead, because there may be ten thousand walks. */
export class MessageCursor {
  readonly #options: MessageReaderOptions;
  readonly #logId: number;
  readonly #cursor: LogCursor;
  /** The set that was read last, which may still be in the cache. */
  #lastKey = "";
  #lastBaseOffset = 0;
  #lastEndOffset = 0;
  /** What was read ahead: the frames from `position` on are still to be asked for. */
  #ahead: FrameRun | undefined;
  #aheadPosition = 0;
  #aheadOffset = 0;

  constructor(options: MessageReaderOptions, logId: number) {
    this.#options = options;
    this.#logId = logId;
    this.#cursor = options.log.openCursor();
  }

  /** One message, under the terms of `readEntry`. */
  read(offset: number): Message | Promise<Message> {
    const set = this.readEntry(offset, 1);
    return set instanceof Promise
      ? set.then((later) => keptMessage(later, offset))
      : keptMessage(set, offset);
  }

  /**
   * The messages of the frame that holds `offset`, at once where they are at hand. Up to `aheadBytes` of frames are
   * read together and held for the reads that follow, until `release`; with 1 nothing is held. Several reads may be
   * under way where none reads ahead.
   *
   * @throws offset_not_found (with firstOffset when it was dropped), checksum_error (with offset, nextOffset),
   *   topic_unavailable, topic_not_found, shutting_down; all of them by rejecting.
   */
  readEntry(offset: number, aheadBytes: number): PlacedEntry | Promise<PlacedEntry> {
    const isInLastSet = offset >= this.#lastBaseOffset && offset < this.#lastEndOffset;
    const isKept = isInLastSet && offset >= this.#options.log.logStartOffset;
    const set = isKept ? this.#options.sets.get(this.#lastKey) : undefined;
    if (set !== undefined) return set;
    return (
      this.#takeAhead(offset) ?? this.#readHeld(offset, aheadBytes) ?? this.#readFrames(offset, aheadBytes)
    );
  }

  /** Lets go of what was read ahead. */
  release(): void {
    this.#ahead = undefined;
  }

  #takeAhead(offset: number): PlacedEntry | Promise<PlacedEntry> | undefined {
    const run = this.#ahead;
    if (run === undefined || offset !== this.#aheadOffset || offset < this.#options.log.logStartOffset) {
      return undefined;
    }
    const frame = frameAt(run.bytes, this.#aheadPosition);
    this.#aheadPosition += frameBytes(frame.header);
    this.#aheadOffset = frameEndOffset(frame.header);
    if (this.#aheadOffset === run.endOffset) this.release();
    return this.#openAtOnce(frame);
  }

  /** What was just written is read without a promise: see held-frames.ts. */
  #readHeld(offset: number, aheadBytes: number): PlacedEntry | Promise<PlacedEntry> | undefined {
    const run = this.#cursor.readHeld(offset, aheadBytes);
    return run === undefined ? undefined : this.#openAtOnce(this.#firstOf(run));
  }

  async #readFrames(offset: number, aheadBytes: number): Promise<PlacedEntry> {
    const run = await this.#cursor.read(offset, aheadBytes);
    if (run === undefined) throw new NetlogError("offset_not_found");
    return await this.#open(this.#firstOf(run));
  }

  /** The first frame of a run; the others are kept for the reads that follow. */
  #firstOf(run: FrameRun): Frame {
    const frame = frameAt(run.bytes, 0);
    const endOffset = frameEndOffset(frame.header);
    this.#ahead = endOffset < run.endOffset ? run : undefined;
    this.#aheadPosition = frameBytes(frame.header);
    this.#aheadOffset = endOffset;
    return frame;
  }

  #openAtOnce(frame: Frame): PlacedEntry | Promise<PlacedEntry> {
    try {
      return this.#open(frame);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #open({ header, entry }: Frame): PlacedEntry | Promise<PlacedEntry> {
    if (header.messageCount === 1) return this.#unpack(header, entry);
    const key = `${this.#logId}/${header.baseOffset}`;
    this.#lastKey = key;
    this.#lastBaseOffset = header.baseOffset;
    this.#lastEndOffset = frameEndOffset(header);
    return this.#options.sets.load(key, () => this.#unpack(header, compact(entry)));
  }

  #unpack(header: FrameHeader, entry: Buffer): PlacedEntry | Promise<PlacedEntry> {
    return unpackFrame(header, entry, this.#options);
  }
}

/** Message `offset` of `set`, to be used before anything is awaited: its payload may pin much more than itself. */
export function passingMessage(set: PlacedEntry, offset: number): Message {
  const index = offset - set.baseOffset;
  return {
    offset,
    timestampMs: set.timestampMs,
    crc32: set.entry.crc32(index),
    payload: set.entry.payload(index),
    fieldBytes: fieldBytesOf(set, index),
  };
}

function fieldBytesOf({ entry, typeField }: PlacedEntry, index: number): Buffer | undefined {
  const bytes = entry.fieldBytes(index);
  return typeField === undefined ? bytes : withContentType(bytes, typeField);
}

/** Key, content type and headers of a message; `undefined`: it has none. Decoded at each call. */
export function fieldsOf({ fieldBytes }: Pick<Message, "fieldBytes">): MessageFields | undefined {
  return fieldBytes === undefined ? undefined : decodeMessageFields(fieldBytes);
}

/** Message `offset` of `set`, for as long as anybody likes. */
export function keptMessage(set: PlacedEntry, offset: number): Message {
  const { timestampMs, crc32, payload, fieldBytes } = passingMessage(set, offset);
  return {
    offset,
    timestampMs,
    crc32,
    payload: compact(payload),
    fieldBytes: fieldBytes && compact(fieldBytes),
  };
}

/**
 * The messages of a checked frame. @throws checksum_error with the frame's offsets, at once or by rejecting, when
 * its entry is not what its header says.
 */
export function unpackFrame(
  header: FrameHeader,
  entry: Buffer,
  { offload, limits, typeField }: Pick<MessageReaderOptions, "offload" | "limits" | "typeField">,
): PlacedEntry | Promise<PlacedEntry> {
  const { baseOffset, timestampMs, messageCount, entryCrc } = header;
  const endOffset = frameEndOffset(header);
  const setOf = (unpacked: UnpackedEntry) => {
    return { baseOffset, endOffset, timestampMs, entry: unpacked, typeField };
  };
  const fail = (error: unknown): never => {
    if (!isNetlogError(error, "checksum_error")) throw error;
    const details = { offset: baseOffset, nextOffset: endOffset };
    throw new NetlogError("checksum_error", { details, cause: error });
  };
  try {
    const unpacked = unpackEntry(entry, messageCount, offload, limits, entryCrc);
    return unpacked instanceof Promise ? unpacked.then(setOf, fail) : setOf(unpacked);
  } catch (error) {
    return fail(error);
  }
}

/** What views of buffers may pin beyond their own size, twice over: a slab of Buffer's pool and little more. */
const PINNED_BYTES = 16 * 1024;

/** `bytes`, or a copy where they would keep a much larger buffer alive. */
export function compact(bytes: Buffer): Buffer {
  return bytes.buffer.byteLength > 2 * bytes.length + PINNED_BYTES ? Buffer.from(bytes) : bytes;
}
