/**
 * The values of a JSON body, as bytes: the elements of an array, or the one value that the body is. Quotes and brackets
 * tell where a value ends. Whether it is JSON is for others to say: an array is JSON when each of its elements is.
 */
import { crc32 } from "../base/checksum.ts";
import { endOfString, notJson, skipSpace } from "../base/json-bytes.ts";
import { PIECE_WORK_BYTES } from "../base/loop-share.ts";
import { COMPRESSION_SINGLE, encodeMessageHeader, MESSAGE_HEADER_BYTES } from "./message.ts";
import type { MessageGroups } from "./message-groups.ts";

const [COMMA, QUOTE, OPENING_BRACKET, CLOSING_BRACKET] = [0x2c, 0x22, 0x5b, 0x5d];
const [OPENING_BRACE, CLOSING_BRACE] = [0x7b, 0x7d];

/** A view of one value, without the white space around it. */
export type ValueTaker = (value: Buffer) => void;

/**
 * Gives the values of `body` to `take`, in their order: those of an array one by one, none of an empty one. The event
 * loop is given back in a long body.
 *
 * @throws JsonError: brackets and commas say that `body` is no JSON; what `take` throws.
 */
export async function cutJsonValues(
  body: Buffer,
  take: ValueTaker,
  pause: () => Promise<void>,
): Promise<void> {
  const opening = skipSpace(body, 0);
  if (body[opening] !== OPENING_BRACKET) {
    if (opening === body.length) throw notJson(opening);
    take(trimmed(body, opening, body.length));
    return;
  }
  let start = opening + 1;
  let pausedAt = 0;
  for (;;) {
    const end = valueEnd(body, start);
    const value = trimmed(body, start, end);
    const isEmptyArray = value.length === 0 && start === opening + 1 && body[end] === CLOSING_BRACKET;
    if (value.length === 0 && !isEmptyArray) throw notJson(end);
    if (!isEmptyArray) take(value);
    start = end + 1;
    if (body[end] === CLOSING_BRACKET) break;
    if (start - pausedAt < PIECE_WORK_BYTES) continue;
    pausedAt = start;
    await pause();
  }
  const rest = skipSpace(body, start);
  if (rest < body.length) throw notJson(rest);
}

/** Adds `payload` to `groups` as a message. */
export function addMessage(groups: MessageGroups, payload: Buffer): void {
  groups.reserve(MESSAGE_HEADER_BYTES + payload.length);
  encodeMessageHeader(groups.bytes, groups.closedEnd, COMPRESSION_SINGLE, crc32(payload), payload.length);
  groups.end += MESSAGE_HEADER_BYTES;
  groups.append(payload, 0, payload.length);
  groups.close(MESSAGE_HEADER_BYTES + payload.length);
}

/** Where the array's value that begins at `start` ends: at a comma or a bracket of the array. @throws JsonError. */
function valueEnd(body: Buffer, start: number): number {
  let level = 0;
  for (let place = start; place < body.length; place++) {
    const byte = body[place]!;
    if (byte === QUOTE) place = endOfString(body, place);
    else if (byte === OPENING_BRACKET || byte === OPENING_BRACE) level++;
    else if (level === 0 && (byte === COMMA || byte === CLOSING_BRACKET)) return place;
    else if (byte === CLOSING_BRACKET || byte === CLOSING_BRACE) level--;
    if (level < 0) throw notJson(place);
  }
  throw notJson(body.length);
}

function trimmed(body: Buffer, from: number, to: number): Buffer {
  const start = Math.min(skipSpace(body, from), to);
  let end = to;
  while (end > start && isSpace(body[end - 1]!)) end--;
  return body.subarray(start, end);
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
