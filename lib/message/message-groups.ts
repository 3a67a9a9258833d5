/**
 * Single messages gathered as they come, in the bytes that the log will get: one buffer a group, with headroom in front
 * for the header of a set, so that a group becomes an entry without another copy. Behind the whole messages lies
 * the open one, which grows until the cutter of the input knows its end.
 *
 *     | headroom (49) | whole messages … | open message … | free
 *                                        closedEnd        end
 *
 * A group that is long gives the log the rest of its headroom, for the header of a frame.
 */
import { crc32, crc32InPieces } from "../base/checksum.ts";
import { LONG_BYTES } from "../base/loop-share.ts";
import type { Batch } from "./batch.ts";
import type { Offload } from "./compression.ts";
import type { Limits } from "./limits.ts";
import {
  COMPRESSION_NONE,
  encodeMessageHeader,
  MESSAGE_HEADER_BYTES,
  type SetCompression,
  viewOf,
} from "./message.ts";
import { encodeSet } from "./message-set.ts";

export interface GroupCaps {
  /** Messages of a group. */
  readonly messages: number;
  /** Bytes of its messages with their headers; a larger message has a group of its own. */
  readonly bytes: number;
  /** About as many will come, where that is known: the first buffer of a group has room for them. */
  readonly expectedBytes?: number;
  /** As many will come at most: a long buffer grows once, since memory that is not written to is not taken. */
  readonly mostBytes?: number;
}

export interface MessageGroup {
  /** Headroom, then `count` whole messages. */
  readonly bytes: Buffer;
  readonly count: number;
}

/** In front of the header of a set, for the log's own header of a frame. */
const FRAME_ROOM_BYTES = 40;
const HEADROOM_BYTES = FRAME_ROOM_BYTES + MESSAGE_HEADER_BYTES;
const NO_BYTES = Buffer.alloc(0);
const NO_VIEW = viewOf(NO_BYTES);

export class MessageGroups {
  readonly #caps: GroupCaps;
  /** Groups that are full, the oldest first. */
  readonly #full: MessageGroup[] = [];
  #fullBytes = 0;
  #count = 0;
  /** The buffer that grows now; `view` shows the same bytes. The cutter may read and write the open message there. */
  bytes: Buffer = NO_BYTES;
  view: DataView = NO_VIEW;
  closedEnd: number = HEADROOM_BYTES;
  end: number = HEADROOM_BYTES;
  /** Whole messages so far, those taken included. */
  totalCount = 0;

  constructor(caps: GroupCaps) {
    this.#caps = caps;
  }

  get openBytes(): number {
    return this.end - this.closedEnd;
  }

  /** Bytes of the whole messages that were not taken yet. */
  get waitingBytes(): number {
    return this.#fullBytes + this.closedEnd - HEADROOM_BYTES;
  }

  /** Groups to take. */
  get groupCount(): number {
    return this.#full.length + (this.#count > 0 ? 1 : 0);
  }

  /** Makes room for so many bytes more of the open message. */
  reserve(sizeBytes: number): void {
    const neededBytes = this.end + sizeBytes;
    if (neededBytes <= this.bytes.length) return;
    const { expectedBytes = 0, mostBytes = 0 } = this.#caps;
    const isFirst = this.bytes.length === 0;
    const wantedBytes = isFirst ? expectedBytes : neededBytes > LONG_BYTES ? mostBytes : 0;
    this.#move(Buffer.allocUnsafe(Math.max(neededBytes, 2 * this.bytes.length, wantedBytes)), 0);
  }

  /** Adds `[start, end)` of `piece` to the open message. */
  append(piece: Buffer, start: number, end: number): void {
    this.reserve(end - start);
    piece.copy(this.bytes, this.end, start, end);
    this.end += end - start;
  }

  /** The first `sizeBytes` of what is open are a whole message now. The buffer may be another one after it. */
  close(sizeBytes: number): void {
    const groupBytes = this.closedEnd - HEADROOM_BYTES + sizeBytes;
    if (this.#count === this.#caps.messages || (this.#count > 0 && groupBytes > this.#caps.bytes)) {
      this.#finishGroup();
    }
    this.closedEnd += sizeBytes;
    this.#count++;
    this.totalCount++;
  }

  /** Forgets what is open. */
  dropOpen(): void {
    this.end = this.closedEnd;
  }

  /** The oldest group, which is the caller's from now on; `undefined` when no message is whole. */
  take(): MessageGroup | undefined {
    if (this.#full.length === 0 && this.#count > 0) this.#finishGroup();
    const group = this.#full.shift();
    if (group !== undefined) this.#fullBytes -= group.bytes.length - HEADROOM_BYTES;
    return group;
  }

  #finishGroup(): void {
    this.#full.push({ bytes: this.bytes.subarray(0, this.closedEnd), count: this.#count });
    this.#fullBytes += this.closedEnd - HEADROOM_BYTES;
    this.#count = 0;
    const { openBytes } = this;
    const next = openBytes === 0 ? NO_BYTES : Buffer.allocUnsafe(HEADROOM_BYTES + openBytes);
    this.#move(next, this.closedEnd - HEADROOM_BYTES);
    this.end -= this.closedEnd - HEADROOM_BYTES;
    this.closedEnd = HEADROOM_BYTES;
  }

  /** Goes on in another buffer with what lies from `start` on; the headroom holds nothing yet. */
  #move(target: Buffer, start: number): void {
    if (this.end > start + HEADROOM_BYTES)
      this.bytes.copy(target, HEADROOM_BYTES, start + HEADROOM_BYTES, this.end);
    this.bytes = target;
    this.view = viewOf(target);
  }
}

/** The first `count` messages of `group`, which have so many bytes. */
export function firstOfGroup({ bytes }: MessageGroup, count: number, sizeBytes: number): MessageGroup {
  return { bytes: bytes.subarray(0, HEADROOM_BYTES + sizeBytes), count };
}

/**
 * The entry of a group: a single message for one, else a set. The group's bytes become part of it, or are borrowed
 * until it is done. A promise where packing is done off the event loop.
 */
export function encodeGroup(
  { bytes, count }: MessageGroup,
  type: SetCompression,
  offload: Offload,
  limits: Limits,
): Batch | Promise<Batch> {
  const messages = bytes.subarray(HEADROOM_BYTES);
  const isLong = messages.length > LONG_BYTES;
  if (count === 1)
    return isLong ? { entry: messages, count, headroomBytes: HEADROOM_BYTES } : { entry: messages, count };
  if (type === COMPRESSION_NONE) {
    const entry = bytes.subarray(FRAME_ROOM_BYTES);
    if (isLong) return encodeLongSet(entry, messages, count, offload);
    encodeMessageHeader(entry, 0, COMPRESSION_NONE, crc32(messages), messages.length);
    return { entry, count };
  }
  const packed = encodeSet(messages, type, offload, limits);
  return packed instanceof Promise ? packed.then((entry) => ({ entry, count })) : { entry: packed, count };
}

async function encodeLongSet(
  entry: Buffer,
  messages: Buffer,
  count: number,
  offload: Offload,
): Promise<Batch> {
  const crc = await crc32InPieces(messages, () => offload.pause());
  encodeMessageHeader(entry, 0, COMPRESSION_NONE, crc, messages.length);
  return { entry, count, headroomBytes: FRAME_ROOM_BYTES };
}
