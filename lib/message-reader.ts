/** From frames to messages: reads a log message by message, through the shared cache of unpacked sets. */
import { isNetlogError, NetlogError } from "./errors.ts";
import type { Limits } from "./limits.ts";
import { type FrameHeader, frameAt, frameEndOffset } from "./log/index.ts";
import type { Log, LogCursor } from "./log/log.ts";
import type { Offload } from "./message/compression.ts";
import { unpackEntry } from "./message/message-set.ts";
import type { UnpackedEntry } from "./message/unpacked-entry.ts";
import type { SetCache, UnpackedSet } from "./set-cache.ts";

export interface Message {
  readonly offset: number;
  readonly timestampMs: number;
  readonly crc32: number;
  /** Pins nothing much larger than itself, however long it is held. */
  readonly payload: Buffer;
}

export interface MessageReaderOptions {
  readonly log: Log;
  readonly sets: SetCache;
  readonly offload: Offload;
  readonly limits: Limits;
}

/** Of one log. */
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

/** A walk over messages. Holds no buffer, for there may be ten thousand of them. */
export class MessageCursor {
  readonly #options: MessageReaderOptions;
  readonly #logId: number;
  readonly #cursor: LogCursor;
  /** The set that was read last, which may still be in the cache. */
  #lastKey = "";
  #lastBaseOffset = 0;
  #lastEndOffset = 0;

  constructor(options: MessageReaderOptions, logId: number) {
    this.#options = options;
    this.#logId = logId;
    this.#cursor = options.log.openCursor();
  }

  /**
   * One message, at once where its set is in the cache. Several reads may be under way.
   *
   * @throws offset_not_found (with firstOffset when it was dropped), checksum_error (with offset, nextOffset),
   *   topic_unavailable, topic_not_found, shutting_down; all of them by rejecting.
   */
  read(offset: number): Message | Promise<Message> {
    const isInLastSet = offset >= this.#lastBaseOffset && offset < this.#lastEndOffset;
    const isKept = isInLastSet && offset >= this.#options.log.logStartOffset;
    const set = isKept ? this.#options.sets.get(this.#lastKey) : undefined;
    return set === undefined ? this.#readFrame(offset) : messageOf(set, offset);
  }

  async #readFrame(offset: number): Promise<Message> {
    // One byte asks for one frame: more could not be kept until the next message is asked for.
    const run = await this.#cursor.read(offset, 1);
    if (run === undefined) throw new NetlogError("offset_not_found");
    const { header, entry } = frameAt(run.bytes, 0);
    if (header.messageCount === 1) return messageOf(await this.#unpack(header, entry), offset);
    const key = `${this.#logId}/${header.baseOffset}`;
    const set = await this.#options.sets.load(key, () => this.#unpack(header, compact(entry)));
    this.#lastKey = key;
    this.#lastBaseOffset = set.baseOffset;
    this.#lastEndOffset = set.endOffset;
    return messageOf(set, offset);
  }

  #unpack(header: FrameHeader, entry: Buffer): UnpackedSet | Promise<UnpackedSet> {
    return unpackFrame(header, entry, this.#options);
  }
}

function messageOf(set: UnpackedSet, offset: number): Message {
  const index = offset - set.baseOffset;
  return {
    offset,
    timestampMs: set.timestampMs,
    crc32: set.entry.crc32(index),
    payload: compact(set.entry.payload(index)),
  };
}

/**
 * The messages of a checked frame. @throws checksum_error with the frame's offsets, at once or by rejecting, when
 * its entry is not what its header says.
 */
export function unpackFrame(
  header: FrameHeader,
  entry: Buffer,
  { offload, limits }: { readonly offload: Offload; readonly limits: Limits },
): UnpackedSet | Promise<UnpackedSet> {
  const { baseOffset, timestampMs, messageCount } = header;
  const endOffset = frameEndOffset(header);
  const setOf = (unpacked: UnpackedEntry) => ({ baseOffset, endOffset, timestampMs, entry: unpacked });
  const fail = (error: unknown): never => {
    if (!isNetlogError(error, "checksum_error")) throw error;
    const details = { offset: baseOffset, nextOffset: endOffset };
    throw new NetlogError("checksum_error", { details, cause: error });
  };
  try {
    const unpacked = unpackEntry(entry, messageCount, offload, limits);
    return unpacked instanceof Promise ? unpacked.then(setOf, fail) : setOf(unpacked);
  } catch (error) {
    return fail(error);
  }
}

/** What views of buffers may pin beyond their own size, twice over: a slab of Buffer's pool and little more. */
const PINNED_BYTES = 16 * 1024;

/** `bytes`, or a copy where they would keep a much larger buffer alive. */
function compact(bytes: Buffer): Buffer {
  return bytes.buffer.byteLength > 2 * bytes.length + PINNED_BYTES ? Buffer.from(bytes) : bytes;
}
