/**
 * A batch as NetLog's own bytes (`application/vnd.netlog.messages`): single messages one after another, or one
 * message set. Verified in one pass and never re-encoded: singles are wrapped as they came in a set of
 * compression 1, a set is kept as it is.
 */
import { crc32 } from "../base/checksum.ts";
import { NetlogError } from "../base/errors.ts";
import { LIMITS, type Limits } from "../base/limits.ts";
import type { Batch } from "./batch.ts";
import { decompress, type Offload } from "./compression.ts";
import { describeFlaw, type Flaw } from "./flaw.ts";
import {
  COMPRESSION_NONE,
  COMPRESSION_SINGLE,
  checksumFlaw,
  contentFlaw,
  decodeMessageHeader,
  encodeMessageHeader,
  headerFlaw,
  MESSAGE_HEADER_BYTES,
  messageFlaw,
  type SetCompression,
  soundMessageEnd,
  UNSOUND,
  viewOf,
} from "./message.ts";
import { requireAllowed } from "./sent-message.ts";
import { UnpackError } from "./unpack-error.ts";

/**
 * Makes one entry of a whole body, which is borrowed until it is done and becomes part of the result: the entry is
 * the body itself where that is one message, or a set. `roomBytes` in front of the body, in the same memory, are free
 * to write to: where they hold a header, singles are wrapped in place, and what is left of them the batch tells. A
 * promise where a set has to be unpacked off the event loop to verify it.
 *
 * @throws bad_request, whose reason names the message, from 0, its byte, and why; payload_too_large. At once, or
 *   by rejecting.
 */
export function parseBinaryBatch(
  body: Buffer,
  offload: Offload,
  limits: Limits = LIMITS,
  roomBytes = 0,
): Batch | Promise<Batch> {
  if (body.length === 0) throw refuse("the body is empty: a batch has at least one message");
  if (body.length > limits.batchBytes) throw tooLarge(`a batch has at most ${limits.batchBytes} bytes`);
  const view = viewOf(body);
  if (headerFlaw(view, 0, body.length) === undefined) {
    const { compression } = decodeMessageHeader(view, 0);
    if (compression !== COMPRESSION_SINGLE)
      return parseSet(body, view, compression as SetCompression, offload, limits, roomBytes);
  }
  const count = countMessages(body, view, "body", limits);
  return count === 1 ? toBatch(body, count, roomBytes) : wrapSingles(body, count, roomBytes);
}

function toBatch(entry: Buffer, count: number, roomBytes: number): Batch {
  return roomBytes === 0 ? { entry, count } : { entry, count, roomBytes };
}

/** Like encodeSet with compression 1, in one copy, or none. */
function wrapSingles(messages: Buffer, count: number, roomBytes: number): Batch {
  const sizeBytes = MESSAGE_HEADER_BYTES + messages.length;
  const isInPlace = roomBytes >= MESSAGE_HEADER_BYTES;
  const entry = isInPlace
    ? Buffer.from(messages.buffer, messages.byteOffset - MESSAGE_HEADER_BYTES, sizeBytes)
    : Buffer.allocUnsafe(sizeBytes);
  encodeMessageHeader(entry, 0, COMPRESSION_NONE, crc32(messages), messages.length);
  if (!isInPlace) entry.set(messages, MESSAGE_HEADER_BYTES);
  return toBatch(entry, count, isInPlace ? roomBytes - MESSAGE_HEADER_BYTES : 0);
}

function parseSet(
  body: Buffer,
  view: DataView,
  type: SetCompression,
  offload: Offload,
  limits: Limits,
  roomBytes: number,
): Batch | Promise<Batch> {
  const setBytes = MESSAGE_HEADER_BYTES + decodeMessageHeader(view, 0).length;
  if (setBytes !== body.length) {
    throw refuse(
      `message 1 at byte ${setBytes}: a message set stands alone, but ${body.length - setBytes} bytes follow it`,
    );
  }
  const flaw = checksumFlaw(view, 0) ?? contentFlaw(view, 0);
  if (flaw !== undefined) throw refuse(describeFlaw({ index: 0, position: 0, ...flaw }));
  const { version } = decodeMessageHeader(view, 0);
  if (version > 0)
    throw refuse("message 0 at byte 0: a message set has no fields, only its messages have some");
  const count = (messages: Buffer): Batch =>
    toBatch(body, countMessages(messages, viewOf(messages), "set", limits), roomBytes);
  try {
    const messages = decompress(
      type,
      body.subarray(MESSAGE_HEADER_BYTES),
      limits.batchBytes,
      offload,
      limits,
    );
    return messages instanceof Promise ? messages.then(count, refuseSet) : count(messages);
  } catch (error) {
    return refuseSet(error);
  }
}

/** Verifies the single messages that fill `messages` without a rest, of which there must be one at least. */
function countMessages(messages: Buffer, view: DataView, place: "body" | "set", limits: Limits): number {
  const end = view.byteLength;
  if (end === 0) throw refuse("message 0 at byte 0 is an empty set: a set has at least one message");
  let count = 0;
  let position = 0;
  while (position < end) {
    const next = soundMessageEnd(view, position, end);
    if (next === UNSOUND) throw refuseMessage(messageFlaw(view, position, end, count), place);
    requireAllowed(messages, view, position, next, limits, count);
    count++;
    if (count > limits.batchMessages) throw tooLarge(`a batch has at most ${limits.batchMessages} messages`);
    position = next;
  }
  return count;
}

function refuseMessage(flaw: Flaw, place: "body" | "set"): NetlogError {
  return refuse(place === "body" ? describeFlaw(flaw) : `in the set as unpacked, ${describeFlaw(flaw)}`);
}

function refuseSet(error: unknown): never {
  if (!(error instanceof UnpackError)) throw error;
  const reason = `message 0 at byte 0 is a set that does not unpack: ${error.message}`;
  throw error.kind === "too_large" ? tooLarge(reason, error) : refuse(reason, error);
}

function refuse(reason: string, cause?: unknown): NetlogError {
  return new NetlogError("bad_request", { reason, cause });
}

function tooLarge(reason: string, cause?: unknown): NetlogError {
  return new NetlogError("payload_too_large", { reason, cause });
}
