/**
 * A batch as NetLog's own bytes (`application/vnd.netlog.messages`): single messages one after another, or one
 * message set. Verified in one pass and never re-encoded: singles are wrapped as they came in a set of
 * compression 1, a set is kept as it is.
 */
import { crc32 } from "../base/checksum.ts";
import { NetlogError } from "../base/errors.ts";
import { MESSAGE_WORK_BYTES, PIECE_WORK_BYTES } from "../base/loop-share.ts";
import type { Batch } from "./batch.ts";
import { decompress, type Offload } from "./compression.ts";
import { describeFlaw, type Flaw } from "./flaw.ts";
import type { Limits } from "./limits.ts";
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
 * the body itself where that is one message, or a set. `headroomBytes` in front of the body, in the same memory, are free
 * to write to: where they hold a header, singles are wrapped in place, and what is left of them the batch tells. A
 * promise where a set has to be unpacked off the event loop to verify it, and where the event loop is given back while
 * a long body is verified.
 *
 * @throws bad_request, whose reason names the message, from 0, its byte, and why; payload_too_large. At once, or
 *   by rejecting.
 */
export function parseBinaryBatch(
  body: Buffer,
  offload: Offload,
  limits: Limits,
  headroomBytes = 0,
): Batch | Promise<Batch> {
  if (body.length === 0) throw refuse("the body is empty: a batch has at least one message");
  if (body.length > limits.batchBytes) throw tooLarge(`a batch has at most ${limits.batchBytes} bytes`);
  const view = viewOf(body);
  if (headerFlaw(view, 0, body.length) === undefined) {
    const { compression } = decodeMessageHeader(view, 0);
    if (compression !== COMPRESSION_SINGLE)
      return parseSet(body, view, compression as SetCompression, offload, limits, headroomBytes);
  }
  return withCount(new MessageCount(body, "body", limits), offload, (count) =>
    count === 1 ? toBatch(body, count, headroomBytes) : wrapSingles(body, count, headroomBytes),
  );
}

function toBatch(entry: Buffer, count: number, headroomBytes: number): Batch {
  return headroomBytes === 0 ? { entry, count } : { entry, count, headroomBytes };
}

/** Like encodeSet with compression 1, in one copy, or none. */
function wrapSingles(messages: Buffer, count: number, headroomBytes: number): Batch {
  const sizeBytes = MESSAGE_HEADER_BYTES + messages.length;
  const isInPlace = headroomBytes >= MESSAGE_HEADER_BYTES;
  const entry = isInPlace
    ? Buffer.from(messages.buffer, messages.byteOffset - MESSAGE_HEADER_BYTES, sizeBytes)
    : Buffer.allocUnsafe(sizeBytes);
  encodeMessageHeader(entry, 0, COMPRESSION_NONE, crc32(messages), messages.length);
  if (!isInPlace) entry.set(messages, MESSAGE_HEADER_BYTES);
  return toBatch(entry, count, isInPlace ? headroomBytes - MESSAGE_HEADER_BYTES : 0);
}

function parseSet(
  body: Buffer,
  view: DataView,
  type: SetCompression,
  offload: Offload,
  limits: Limits,
  headroomBytes: number,
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
  const count = (messages: Buffer): Batch | Promise<Batch> =>
    withCount(new MessageCount(messages, "set", limits), offload, (found) =>
      toBatch(body, found, headroomBytes),
    );
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

/** The batch that `toBatch` makes of the count: at once, or for a long body when all pieces of it are verified. */
function withCount(
  messages: MessageCount,
  offload: Offload,
  toBatch: (count: number) => Batch,
): Batch | Promise<Batch> {
  if (!messages.advance()) return toBatch(messages.count);
  const goOn = async (): Promise<Batch> => {
    do await offload.pause();
    while (messages.advance());
    return toBatch(messages.count);
  };
  return goOn();
}

/** Verifies the single messages that fill `messages` without a rest, of which there must be one at least. */
class MessageCount {
  count = 0;
  readonly #messages: Buffer;
  readonly #view: DataView;
  readonly #place: "body" | "set";
  readonly #limits: Limits;
  /** A short body takes less than a ms, whatever is in it. Most batches are short, and do not pay for a pause. */
  readonly #pieceWorkBytes: number;
  #position = 0;

  constructor(messages: Buffer, place: "body" | "set", limits: Limits) {
    if (messages.length === 0) {
      throw refuse("message 0 at byte 0 is an empty set: a set has at least one message");
    }
    this.#messages = messages;
    this.#view = viewOf(messages);
    this.#place = place;
    this.#limits = limits;
    this.#pieceWorkBytes = messages.length <= PIECE_WORK_BYTES ? Infinity : PIECE_WORK_BYTES;
  }

  /** Goes on by a piece of work. False at the end of all. @throws bad_request, payload_too_large. */
  advance(): boolean {
    const view = this.#view;
    const end = view.byteLength;
    const { batchMessages } = this.#limits;
    let count = this.count;
    let position = this.#position;
    for (let work = 0; position < end && work < this.#pieceWorkBytes; count++) {
      const next = soundMessageEnd(view, position, end);
      if (next === UNSOUND) throw refuseMessage(messageFlaw(view, position, end, count), this.#place);
      requireAllowed(this.#messages, view, position, next, this.#limits, count);
      if (count === batchMessages) throw tooLarge(`a batch has at most ${batchMessages} messages`);
      work += MESSAGE_WORK_BYTES + next - position;
      position = next;
    }
    this.count = count;
    this.#position = position;
    return position < end;
  }
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
