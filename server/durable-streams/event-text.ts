/** The data event of a stream's piece. https://html.spec.whatwg.org/multipage/server-sent-events.html */
import type { Page } from "./page.ts";

const LINE_ENDS = /\r\n|\n|\r/g;
/** A reader takes away one space behind the colon. */
const LEADING_SPACE = /^ /;
const CR = 0x0d;
/** Bytes of a character of UTF-8 behind its first. */
const isWithinCharacter = (byte: number): boolean => (byte & 0xc0) === 0x80;
const MOST_BEHIND_FIRST = 3;

/** Text ends at a line's end, whichever it is, and its lines are put together with LF; other bytes are base64. */
export function renderData(bytes: Buffer, isText: boolean): string {
  if (!isText) return `event: data\ndata:${bytes.toString("base64")}\n\n`;
  const lines = bytes.toString("utf8").replace(LINE_ENDS, "\n").split("\n");
  return `event: data\n${lines.map(toField).join("")}\n`;
}

function toField(line: string): string {
  return `data:${line.replace(LEADING_SPACE, "  ")}\n`;
}

/** A page of text that ends within a message ends between two characters, and not between CR and LF. */
export function wholeText(page: Page, isText: boolean): Page {
  const { bytes, next } = page;
  if (!isText || next.byte === 0) return page;
  let end = characterStart(bytes);
  if (bytes[end - 1] === CR) end -= 1;
  if (end <= 0) return page;
  return {
    ...page,
    bytes: bytes.subarray(0, end),
    next: { ...next, byte: next.byte - (bytes.length - end) },
  };
}

/** Where the last character begins that may not be whole; the end, where there is no such character. */
function characterStart(bytes: Buffer): number {
  let place = bytes.length - 1;
  while (bytes.length - place <= MOST_BEHIND_FIRST && place > 0 && isWithinCharacter(bytes[place]!)) place--;
  const first = bytes[place]!;
  const length = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  return place + length <= bytes.length ? bytes.length : place;
}
