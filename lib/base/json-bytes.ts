/** Places in the bytes of JSON, found without parsing it; and a stretch of it, parsed. */
import { JsonError } from "./json.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Most strings end within so many bytes: looked at one by one they cost less than a call into native code. */
const SHORT_STRING_BYTES = 64;
/** In a string with more quotes inside, native code that looks for the next one costs more than a loop. */
const FEW_QUOTES = 16;
/** Bytes that are looked at one by one in one go. */
export const LOOKED_AT_BYTES: number = 128 * 1024;
/** V8 tells a place in characters, if at all. */
const PLACE = /at position (\d+)/;

/** The first place from `start` on where no white space stands; the end of the bytes where there is none. */
export function skipSpace(bytes: Uint8Array, start: number): number {
  let place = start;
  for (; place < bytes.length; place++) {
    const byte = bytes[place];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
  }
  return place;
}

/** The same where there may be much white space together, with the event loop given back in between. */
export async function skipLongSpace(
  bytes: Uint8Array,
  start: number,
  pause: () => Promise<void>,
): Promise<number> {
  let place = start;
  for (;;) {
    const stop = Math.min(bytes.length, place + LOOKED_AT_BYTES);
    place += skipSpace(bytes.subarray(place, stop), 0);
    if (place < stop || place === bytes.length) return place;
    await pause();
  }
}

/** Where the quote stands that ends the string begun at `start`; the end of the bytes where there is none. */
export function endOfString(bytes: Uint8Array, start: number): number {
  const near = Math.min(bytes.length, start + SHORT_STRING_BYTES);
  let place = start + 1;
  for (; place < near; place++) {
    if (bytes[place] === QUOTE) return place;
    if (bytes[place] === BACKSLASH) place++;
  }
  for (let quotes = 0; quotes < FEW_QUOTES; quotes++) {
    const end = bytes.indexOf(QUOTE, place);
    if (end < 0) return bytes.length;
    if (!isEscaped(bytes, end, place)) return end;
    place = end + 1;
  }
  return endWithin(bytes, place, bytes.length);
}

/** The place of the quote that ends a string, looked at from `place` on; or the place at or behind `stop` to go on from. */
function endWithin(bytes: Uint8Array, place: number, stop: number): number {
  let at = place;
  for (; at < stop && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++;
  return Math.min(at, bytes.length);
}

/** The same of a string that may be long, with the event loop given back in between. */
export async function endOfLongString(
  bytes: Uint8Array,
  start: number,
  pause: () => Promise<void>,
): Promise<number> {
  let place = start + 1;
  for (;;) {
    const stop = Math.min(bytes.length, place + LOOKED_AT_BYTES);
    place = endWithin(bytes, place, stop);
    if (place < stop || place === bytes.length) return place;
    await pause();
  }
}

/** Whether the byte at `place` stands behind an odd number of backslashes, the first of them at `start` or later. */
export function isEscaped(bytes: Uint8Array, place: number, start: number): boolean {
  let first = place;
  while (first > start && bytes[first - 1] === BACKSLASH) first--;
  return (place - first) % 2 === 1;
}

/** The value of `[start, end)` of `bytes` between `before` and `behind`, each one character. @throws JsonError. */
export function parseStretch(
  bytes: Uint8Array,
  start: number,
  end: number,
  before: string,
  behind: string,
): unknown {
  const text = decode(bytes.subarray(start, end));
  try {
    return JSON.parse(before + text + behind);
  } catch (cause) {
    const place = PLACE.exec(String(cause))?.[1];
    if (place === undefined) throw new JsonError(`not JSON, from byte ${start} on`, { cause });
    throw notJson(start + Buffer.byteLength(text.slice(0, Number(place) - before.length)), cause);
  }
}

/** A parser gave up at byte `place`. */
export function notJson(place: number, cause?: unknown): JsonError {
  return new JsonError(`not JSON, at byte ${place}`, { cause });
}

function decode(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    throw new JsonError("not UTF-8", { cause });
  }
}
