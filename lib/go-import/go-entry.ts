/**
 * Reads one entry of a data file of the Go NetLog, which is one of ours byte for byte, and verifies all of it. Limits
 * were others there: a set that nobody could read here is cut into several.
 */
import { isNetlogError } from "../base/errors.ts";
import type { FileWindow } from "../log/index.ts";
import type { Batch } from "../message/batch.ts";
import { parseBinaryBatch } from "../message/batch-binary.ts";
import type { Offload } from "../message/compression.ts";
import type { Found } from "../message/flaw.ts";
import {
  checksumFlaw,
  decodeMessageHeader,
  headerFlaw,
  MESSAGE_HEADER_BYTES,
  type SetCompression,
  soundMessageEnd,
  viewOf,
} from "../message/message.ts";
import { encodeEntry, setEnd, unpackEntry } from "../message/message-set.ts";
import type { PackedMessage } from "../message/new-message.ts";
import type { UnpackedEntry } from "../message/unpacked-entry.ts";
import type { Limits } from "../storage/limits.ts";

/** The largest entry that is taken in, and the most that a set may unpack to. The Go NetLog has no limits of its own. */
const MAX_BYTES = 256 * 1024 * 1024;
const MAX_MESSAGES = 2 ** 24;

export interface SoundEntry {
  readonly kind: "sound";
  /** As they lie in the file; a buffer of which these are a part is never reused. */
  readonly bytes: Buffer;
  /** Messages in it. */
  readonly count: number;
  /** Within the limits of what can be read here. */
  readonly isReadable: boolean;
}

export interface FlawedEntry {
  readonly kind: "flawed";
  readonly found: Found;
}

export interface EntryRules {
  readonly offload: Offload;
  readonly limits: Limits;
}

/** What stands at `position`. @throws what the disk throws. */
export async function readGoEntry(
  window: FileWindow,
  position: number,
  rules: EntryRules,
): Promise<SoundEntry | FlawedEntry> {
  const leftBytes = window.sizeBytes - position;
  // Usually much more than the header, and so the whole entry.
  const seen = await window.at(position, MESSAGE_HEADER_BYTES);
  const head = viewOf(seen);
  const flaw = headerFlaw(head, 0, Math.max(0, leftBytes));
  if (flaw !== undefined) return flawed(flaw);
  const sizeBytes = MESSAGE_HEADER_BYTES + decodeMessageHeader(head, 0).length;
  if (sizeBytes > MAX_BYTES) return flawed(tooLarge(`${sizeBytes} bytes`));
  const isSeen = sizeBytes <= seen.length;
  const bytes = (isSeen ? seen : await window.at(position, sizeBytes)).subarray(0, sizeBytes);
  const view = isSeen ? head : viewOf(bytes);
  const isSingle = soundMessageEnd(view, 0, sizeBytes) === sizeBytes;
  if (isSingle && decodeMessageHeader(view, 0).version === 0) {
    return { kind: "sound", bytes, count: 1, isReadable: true };
  }
  const checksum = checksumFlaw(view, 0);
  return checksum === undefined ? await readByRules(bytes, rules) : flawed(checksum);
}

/**
 * The messages of a set that is too large to be read here, in order, in sets that are not. Both that and what it
 * unpacks to are in memory.
 */
export async function* cutSet(
  { bytes, count }: SoundEntry,
  { offload, limits }: EntryRules,
): AsyncGenerator<Batch, void, void> {
  const compression = decodeMessageHeader(viewOf(bytes), 0).compression as SetCompression;
  const unpacked = await unpackEntry(bytes, count, offload, unlimited(limits));
  const messages = Array.from({ length: count }, (_, i) => packedMessage(unpacked, i));
  for (let start = 0; start < count; ) {
    const end = setEnd(messages, start, limits.batchMessages, limits);
    const entry = await encodeEntry(messages, start, end, compression, offload, limits);
    yield { entry, count: end - start };
    start = end;
  }
}

function packedMessage(unpacked: UnpackedEntry, index: number): PackedMessage {
  const payload = unpacked.payload(index);
  const fields = unpacked.fieldBytes(index);
  return fields === undefined ? { payload } : { payload, fields };
}

/** A set, or a message with fields, of which only those count that a client may send. Header and checksum are good. */
async function readByRules(bytes: Buffer, rules: EntryRules): Promise<SoundEntry | FlawedEntry> {
  const { setBytes } = rules.limits;
  const readable = { ...rules.limits, batchBytes: setBytes, payloadBytes: setBytes };
  const within = await countMessages(bytes, rules.offload, readable);
  if (typeof within === "number") return { kind: "sound", bytes, count: within, isReadable: true };
  if (within !== "too_large") return flawed(within);
  const count = await countMessages(bytes, rules.offload, unlimited(rules.limits));
  if (typeof count === "number") return { kind: "sound", bytes, count, isReadable: false };
  return flawed(count === "too_large" ? tooLarge("more when unpacked") : count);
}

async function countMessages(
  bytes: Buffer,
  offload: Offload,
  limits: Limits,
): Promise<number | "too_large" | Found> {
  try {
    return (await parseBinaryBatch(bytes, offload, limits)).count;
  } catch (error) {
    if (isNetlogError(error, "payload_too_large")) return "too_large";
    if (!isNetlogError(error, "bad_request")) throw error;
    return { type: "unknown", expected: "a set of whole messages", actual: error.reason ?? error.message };
  }
}

function unlimited(limits: Limits): Limits {
  return {
    ...limits,
    batchBytes: MAX_BYTES,
    setBytes: MAX_BYTES,
    payloadBytes: MAX_BYTES,
    batchMessages: MAX_MESSAGES,
  };
}

function tooLarge(actual: string): Found {
  return { type: "length", expected: `at most ${MAX_BYTES} bytes, which is all that is taken in`, actual };
}

function flawed(found: Found): FlawedEntry {
  return { kind: "flawed", found };
}
