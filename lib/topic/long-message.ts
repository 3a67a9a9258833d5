/** A long message as an entry of its own: summed and copied in pieces, with the event loop given back in between. */
import { crc32InPieces } from "../base/checksum.ts";
import { copyInPieces } from "../base/copy.ts";
import { LONG_BYTES } from "../base/loop-share.ts";
import { FRAME_HEADER_BYTES } from "../log/frame.ts";
import type { Batch } from "../message/batch.ts";
import {
  COMPRESSION_SINGLE,
  encodeBeforePayload,
  encodeMessageHeader,
  overheadBytes,
} from "../message/message.ts";
import type { NewMessage } from "../message/new-message.ts";

/** Room in front of a payload for all that stands before it in a file, so that nobody copies a long one. */
export const PAYLOAD_HEADROOM_BYTES: number = 16 * 1024;

export function isLongPayload(payload: Uint8Array): boolean {
  return payload.length > LONG_BYTES;
}

/** The entry of a message whose fields are encoded. It is the payload's own memory where there is headroom, else a copy. */
export async function packLongMessage(
  { payload, headroomBytes = 0 }: Pick<NewMessage, "payload" | "headroomBytes">,
  fields: Uint8Array | undefined,
  pause: () => Promise<void>,
): Promise<Batch> {
  const crc = await crc32InPieces(payload, pause);
  const before = overheadBytes(fields);
  const space = await spaceAround(payload, headroomBytes, before, pause);
  if (fields === undefined) encodeMessageHeader(space.entry, 0, COMPRESSION_SINGLE, crc, payload.length);
  else encodeBeforePayload(space.entry, 0, COMPRESSION_SINGLE, fields, payload.length, crc);
  return { ...space, count: 1 };
}

/** The payload behind `before` bytes, in front of which a frame's header has room. */
async function spaceAround(
  payload: Uint8Array,
  headroomBytes: number,
  before: number,
  pause: () => Promise<void>,
): Promise<Omit<Batch, "count">> {
  const entryBytes = before + payload.length;
  if (headroomBytes >= before) {
    const entry = Buffer.from(payload.buffer, payload.byteOffset - before, entryBytes);
    return { entry, headroomBytes: headroomBytes - before };
  }
  const copy = Buffer.allocUnsafeSlow(FRAME_HEADER_BYTES + entryBytes);
  await copyInPieces(payload, copy, FRAME_HEADER_BYTES + before, pause);
  return { entry: copy.subarray(FRAME_HEADER_BYTES), headroomBytes: FRAME_HEADER_BYTES };
}
