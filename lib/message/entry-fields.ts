/**
 * The fields of an entry as a whole: those of its single message, or of the message set, whose messages may have fields
 * of their own. They are read and added without unpacking anything.
 */
import type { Batch } from "./batch.ts";
import { type AppendFields, decodeFields, type EntryFields, encodeFields } from "./fields.ts";
import { DamagedEntryError } from "./flaw.ts";
import {
  contentFlaw,
  decodeMessageHeader,
  encodeBeforePayload,
  fieldBytesAt,
  headerFlaw,
  overheadBytes,
  payloadCrc32,
  payloadStart,
  viewOf,
} from "./message.ts";

/** `undefined`: it has none. The caller has verified the bytes against the frame's checksum. @throws DamagedEntryError. */
export function entryFields(entry: Buffer): EntryFields | undefined {
  const view = viewOf(entry);
  const flaw = headerFlaw(view, 0, entry.length) ?? contentFlaw(view, 0);
  if (flaw !== undefined) throw new DamagedEntryError({ index: undefined, position: 0, ...flaw });
  const bytes = fieldBytesAt(entry, view, 0);
  return bytes === undefined ? undefined : decodeFields(bytes);
}

/**
 * The batch, whose entry then says of its append what `append` does, and nothing that it said before. The payload is
 * copied, and no sum over it is made. The caller has verified or made the batch.
 */
export function addFields({ entry, count }: Batch, append: AppendFields): Batch {
  const view = viewOf(entry);
  const encoded = encodeFields(entryFields(entry) ?? {}, append);
  const payload = entry.subarray(payloadStart(view, 0));
  const target = Buffer.allocUnsafe(overheadBytes(encoded) + payload.length);
  target.set(payload, overheadBytes(encoded));
  const { compression } = decodeMessageHeader(view, 0);
  encodeBeforePayload(target, 0, compression, encoded, payload.length, payloadCrc32(view, 0));
  return { entry: target, count };
}
