/** The beginning of an entry, for a fork that leaves its source within a frame: packed anew, in the same compression. */
import { NetlogError } from "../base/errors.ts";
import { type Frame, frameEndOffset } from "../log/frame.ts";
import type { Offload } from "../message/compression.ts";
import { decodeMessageFields, encodeFields } from "../message/fields.ts";
import { COMPRESSION_SINGLE, decodeMessageHeader, type SetCompression, viewOf } from "../message/message.ts";
import { encodeEntry, unpackEntry } from "../message/message-set.ts";
import type { PackedMessage } from "../message/new-message.ts";
import type { UnpackedEntry } from "../message/unpacked-entry.ts";
import type { Limits } from "./limits.ts";
import type { ForkPlace } from "./storage.ts";

/**
 * The entry of the messages of `frame` that lie before `place`. What the entry as a whole says of its publishing is left
 * out, for it is not what was published.
 *
 * @throws bad_request: the last message has fewer bytes; DamagedEntryError.
 */
export async function cutEntry(
  { header, entry }: Frame,
  place: ForkPlace,
  offload: Offload,
  limits: Limits,
): Promise<Buffer> {
  const { baseOffset, messageCount, entryCrc } = header;
  const unpacked = await unpackEntry(entry, messageCount, offload, limits, entryCrc);
  const messages: PackedMessage[] = [];
  for (let offset = baseOffset; offset < Math.min(place.offset, frameEndOffset(header)); offset++) {
    messages.push(messageOf(unpacked, offset - baseOffset));
  }
  if (place.bytes > 0) messages.push(beginningOf(unpacked, place.offset - baseOffset, place));
  const { compression } = decodeMessageHeader(viewOf(entry), 0);
  // A single message becomes a single message, whatever is said here.
  const type = (compression === COMPRESSION_SINGLE ? 1 : compression) as SetCompression;
  return await encodeEntry(messages, 0, messages.length, type, offload, limits);
}

function messageOf(entry: UnpackedEntry, index: number): PackedMessage {
  return packed(entry.payload(index), entry.fieldBytes(index));
}

/** Keeps of a cut message's fields only those that users see. */
function beginningOf(entry: UnpackedEntry, index: number, { offset, bytes }: ForkPlace): PackedMessage {
  const payload = entry.payload(index);
  if (bytes > payload.length) {
    const reason = `message ${offset} has ${payload.length} bytes; a fork cannot begin behind byte ${bytes} of it`;
    throw new NetlogError("bad_request", { reason });
  }
  const fields = entry.fieldBytes(index);
  const seen = fields === undefined ? undefined : encodeFields(decodeMessageFields(fields));
  return packed(payload.subarray(0, bytes), seen);
}

function packed(payload: Buffer, fields: Buffer | undefined): PackedMessage {
  return fields === undefined || fields.length === 0 ? { payload } : { payload, fields };
}
