/**
 * Message sets: one message whose payload is the concatenation of single messages, packed as its compression
 * tells. Sets do not nest and are never empty. An entry of the log is a single message or a set; this file
 * makes entries and takes them apart, verifying everything.
 */
import { crc32 } from "../base/checksum.ts";
import { MESSAGE_WORK_BYTES, PIECE_WORK_BYTES } from "../base/loop-share.ts";
import { compress, decompress, type Offload } from "./compression.ts";
import { DamagedEntryError, type Found } from "./flaw.ts";
import type { Limits } from "./limits.ts";
import {
  COMPRESSION_NONE,
  COMPRESSION_SINGLE,
  COMPRESSION_SNAPPY,
  checksumFlaw,
  contentFlaw,
  decodeMessageHeader,
  encodeMessage,
  encodeMessageHeader,
  encodeMessageInto,
  headerFlaw,
  isCrcVouched,
  MESSAGE_HEADER_BYTES,
  type MessageHeader,
  messageEnd,
  messageFlaw,
  overheadBytes,
  payloadStart,
  type SetCompression,
  soundMessageEnd,
  UNSOUND,
  viewOf,
} from "./message.ts";
import type { PackedMessage } from "./new-message.ts";
import { UnpackError } from "./unpack-error.ts";
import { UnpackedEntry } from "./unpacked-entry.ts";

/** The messages of a set that takes more work are verified piece by piece. */
const LONG_SET_WORK_BYTES = 1024 * 1024;

/**
 * Where to cut: returns how far the messages from `start` on reach that may share one set, at most `maxMessages` of
 * them and never more than a set may unpack to. Exclusive, and past `start` always: a message too large for any set
 * goes as a single message.
 */
export function setEnd(
  messages: readonly PackedMessage[],
  start: number,
  maxMessages: number,
  limits: Limits,
): number {
  const last = Math.min(messages.length, start + Math.min(maxMessages, limits.batchMessages));
  let sizeBytes = messageBytes(messages[start]!);
  let end = start + 1;
  for (; end < last; end++) {
    sizeBytes += messageBytes(messages[end]!);
    if (sizeBytes > limits.batchBytes) break;
  }
  return end;
}

function messageBytes({ payload, fields }: PackedMessage): number {
  return overheadBytes(fields) + payload.length;
}

/**
 * The entry of the messages `[start, end)`, which setEnd has cut: a single message for one, else a set. The
 * messages are not borrowed beyond the call. A promise where packing is done off the event loop.
 */
export function encodeEntry(
  messages: readonly PackedMessage[],
  start: number,
  end: number,
  type: SetCompression,
  offload: Offload,
  limits: Limits,
): Buffer | Promise<Buffer> {
  if (end - start === 1) return encodeMessage(messages[start]!.payload, messages[start]!.fields);
  let sizeBytes = MESSAGE_HEADER_BYTES;
  for (let i = start; i < end; i++) sizeBytes += messageBytes(messages[i]!);
  const entry = Buffer.allocUnsafe(sizeBytes);
  let position = MESSAGE_HEADER_BYTES;
  for (let i = start; i < end; i++) {
    const { payload, fields } = messages[i]!;
    position = encodeMessageInto(entry, position, payload, fields);
  }
  const content = entry.subarray(MESSAGE_HEADER_BYTES);
  if (type !== COMPRESSION_NONE) return encodeSet(content, type, offload, limits);
  encodeMessageHeader(entry, 0, type, crc32(content), content.length);
  return entry;
}

/**
 * The set of `messages`, single messages one after another, which the caller has verified or made. They are
 * borrowed until it is done, and the result is a copy.
 */
export function encodeSet(
  messages: Buffer,
  type: SetCompression,
  offload: Offload,
  limits: Limits,
): Buffer | Promise<Buffer> {
  const packed = compress(type, messages, offload, limits);
  return packed instanceof Promise ? packed.then((bytes) => wrap(bytes, type)) : wrap(packed, type);
}

function wrap(packed: Buffer, type: SetCompression): Buffer {
  const entry = Buffer.allocUnsafe(MESSAGE_HEADER_BYTES + packed.length);
  encodeMessageHeader(entry, 0, type, crc32(packed), packed.length);
  entry.set(packed, MESSAGE_HEADER_BYTES);
  return entry;
}

/**
 * Takes a stored entry apart, after verifying all of it: version, compression, CRC and length of the entry and
 * of each message in it; that it unpacks to exactly `expectedCount` messages, within the limits of a set (those
 * of the time it was written: lower ones make it unreadable); that no set is in a set. `entry` is borrowed until
 * then, and what comes back is a view of it where nothing had to be unpacked. With `entryCrc`, the CRC-32 of `entry`
 * as the caller verified it, a large entry is not summed once more. A promise for what takes long.
 *
 * @throws DamagedEntryError (checksum_error), at once or by rejecting: the first flaw found.
 */
export function unpackEntry(
  entry: Buffer,
  expectedCount: number,
  offload: Offload,
  limits: Limits,
  entryCrc?: number,
): UnpackedEntry | Promise<UnpackedEntry> {
  const view = viewOf(entry);
  const isVouched = isCrcVouched(entry, entryCrc);
  if (expectedCount === 1 && singleEnd(view, isVouched) === entry.length) {
    return UnpackedEntry.single(entry, view);
  }
  const header = requireSoundEntry(view, expectedCount, isVouched, limits);
  const payload = entry.subarray(payloadStart(view, 0));
  const type = header.compression as SetCompression;
  try {
    const unpacked = decompress(type, payload, limits.setBytes, offload, limits);
    return unpacked instanceof Promise
      ? unpacked.then((messages) => locateMessages(messages, expectedCount, offload), failUnpacking)
      : locateMessages(unpacked, expectedCount, offload);
  } catch (error) {
    return failUnpacking(error);
  }
}

/** Whether `entry`, which need not be sound, begins like a set that has to be unpacked. */
export function isPackedSet(entry: Buffer): boolean {
  const [compver = 0] = entry;
  return entry.length > MESSAGE_HEADER_BYTES && compver > COMPRESSION_NONE && compver <= COMPRESSION_SNAPPY;
}

/** Where the single message of an entry ends; UNSOUND when it is none. */
function singleEnd(view: DataView, isVouched: boolean): number {
  const end = view.byteLength;
  if (!isVouched || messageEnd(view, 0) !== end) return soundMessageEnd(view, 0, end);
  if (view.getUint8(0) === COMPRESSION_SINGLE) return end;
  const isSingle = decodeMessageHeader(view, 0).compression === COMPRESSION_SINGLE;
  return isSingle && headerFlaw(view, 0, end) === undefined && contentFlaw(view, 0) === undefined
    ? end
    : UNSOUND;
}

/** Verifies what can be without unpacking; returns the header of a set. */
function requireSoundEntry(
  view: DataView,
  expectedCount: number,
  isVouched: boolean,
  limits: Limits,
): MessageHeader {
  const end = view.byteLength;
  const flaw = headerFlaw(view, 0, end);
  if (flaw !== undefined) throw damaged(flaw);
  const header = decodeMessageHeader(view, 0);
  const entryBytes = MESSAGE_HEADER_BYTES + header.length;
  if (entryBytes !== end) throw damaged(lengthFlaw(`${entryBytes} bytes of entry`, `${end} bytes`));
  const checksum = isVouched ? undefined : checksumFlaw(view, 0);
  if (checksum !== undefined) throw damaged(checksum);
  const content = contentFlaw(view, 0);
  if (content !== undefined) throw damaged(content);
  if (header.compression === COMPRESSION_SINGLE) throw countFlaw(expectedCount, "1");
  if (expectedCount > limits.batchMessages) {
    throw countFlaw(expectedCount, `a limit of ${limits.batchMessages}`);
  }
  return header;
}

/** Verifies each message, and that there are exactly `count`; piece by piece where there is much. */
function locateMessages(
  messages: Buffer,
  count: number,
  offload: Offload,
): UnpackedEntry | Promise<UnpackedEntry> {
  // A message has at least a header and one byte: no memory is taken for a count that cannot be.
  if (count * (MESSAGE_HEADER_BYTES + 1) > messages.length) {
    throw countFlaw(count, `${messages.length} bytes of messages`);
  }
  const located = new LocatedMessages(messages, count);
  if (messages.length + count * MESSAGE_WORK_BYTES > LONG_SET_WORK_BYTES)
    return locateInPieces(located, offload);
  located.advance(messages.length);
  return located.entry();
}

async function locateInPieces(located: LocatedMessages, offload: Offload): Promise<UnpackedEntry> {
  while (located.advance(PIECE_WORK_BYTES)) await offload.pause();
  return located.entry();
}

/** The messages of a set, verified as far as it has advanced. */
class LocatedMessages {
  readonly #messages: Buffer;
  readonly #view: DataView;
  readonly #positions: Uint32Array;
  #position = 0;
  #index = 0;

  constructor(messages: Buffer, count: number) {
    this.#messages = messages;
    this.#view = viewOf(messages);
    this.#positions = new Uint32Array(count);
  }

  /** Goes on by `bytes`, and to the end of a message. False at the end of all. @throws DamagedEntryError. */
  advance(bytes: number): boolean {
    const positions = this.#positions;
    const view = this.#view;
    const end = view.byteLength;
    const stop = this.#position + bytes;
    let position = this.#position;
    let index = this.#index;
    for (; index < positions.length && position < end && position < stop; index++) {
      positions[index] = position;
      const next = soundMessageEnd(view, position, end);
      if (next === UNSOUND) throw new DamagedEntryError(messageFlaw(view, position, end, index));
      position = next;
    }
    this.#position = position;
    this.#index = index;
    return index < positions.length && position < end;
  }

  /** When it is at the end of all. @throws DamagedEntryError: there are fewer, or more. */
  entry(): UnpackedEntry {
    if (this.#index < this.#positions.length) throw countFlaw(this.#positions.length, String(this.#index));
    const left = this.#messages.length - this.#position;
    if (left > 0) throw countFlaw(this.#positions.length, `${left} bytes after them`);
    return new UnpackedEntry(this.#messages, this.#view, this.#positions);
  }
}

function failUnpacking(error: unknown): never {
  if (!(error instanceof UnpackError)) throw error;
  const type = error.kind === "too_large" ? "length" : "unknown";
  throw damaged({ type, expected: "a payload that unpacks", actual: error.message }, error);
}

function lengthFlaw(expected: string, actual: string): Found {
  return { type: "length", expected, actual };
}

function countFlaw(count: number, actual: string): DamagedEntryError {
  return damaged(lengthFlaw(`${count} messages`, actual));
}

function damaged(flaw: Found, cause?: unknown): DamagedEntryError {
  return new DamagedEntryError({ index: undefined, position: 0, ...flaw }, cause);
}
