/**
 * Pages of text end between two characters, since a reader decodes each by itself. Where bytes are no UTF-8, at most
 * three of them are taken for the beginning of a character.
 */
import type { Page } from "./page.ts";

const CR = 0x0d;
const MOST_BEHIND_FIRST = 3;
/** What begins a character of more than one byte. */
const [FIRST_OF_TWO, FIRST_OF_THREE, FIRST_OF_FOUR, NO_FIRST] = [0xc2, 0xe0, 0xf0, 0xf5];

/** The page without a character at its end that is not whole. */
export function wholeCharacters(page: Page): Page {
  return endingAt(page, characterStart(page.bytes));
}

/** The same, and without a CR at its end: LF may follow, and both together end one line. */
export function wholeLines(page: Page): Page {
  const { bytes } = page;
  return endingAt(page, bytes.at(-1) === CR ? bytes.length - 1 : characterStart(bytes));
}

/** `end` is near the page's end: the page has the starts of the messages there. */
function endingAt(page: Page, end: number): Page {
  const { bytes, starts } = page;
  if (end === bytes.length) return page;
  let { messageCount } = page;
  let last = starts.length - 1;
  while (last > 0 && starts[last]!.position > end) last -= 1;
  // A message none of whose bytes is left begins in the next page.
  messageCount -= starts.length - 1 - last;
  const { position, place } = starts[last]!;
  if (position === end) messageCount -= 1;
  const next = { message: place.message, byte: place.byte + end - position };
  return { ...page, bytes: bytes.subarray(0, end), messageCount, next };
}

/** Where the last character begins that is not whole; the end, where there is no such character. */
function characterStart(bytes: Buffer): number {
  const { length } = bytes;
  let place = length - 1;
  while (length - place <= MOST_BEHIND_FIRST && place > 0 && isWithinCharacter(bytes[place]!)) place--;
  return place >= 0 && place + lengthFrom(bytes[place]!) > length ? place : length;
}

function isWithinCharacter(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

function lengthFrom(first: number): number {
  if (first < FIRST_OF_TWO || first >= NO_FIRST) return 1;
  if (first < FIRST_OF_THREE) return 2;
  return first < FIRST_OF_FOUR ? 3 : 4;
}
