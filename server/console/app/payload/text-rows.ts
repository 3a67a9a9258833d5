/**
 * A text cut into rows that fit a width, each of one height, so that a list can show any part of 16 MiB at once. Only
 * the places of the rows are kept. A line ends with LF, and a CR before it belongs to that end.
 */
import { markColumns } from "./visible.ts";

export interface TextRow {
  /** From 1, on the first row of a line; `undefined` where a long line goes on. */
  readonly line: number | undefined;
  readonly text: string;
}

export const TAB_COLUMNS = 4;
/** From here on characters may take two columns. */
const WIDE_FROM = 0x1100;
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const FIRST_ROOM = 1024;

export class TextRows {
  readonly #text: string;
  /** Place of each row's first character; and of the line's number, for rows that begin a line. */
  #starts = new Uint32Array(FIRST_ROOM);
  #lines = new Uint32Array(FIRST_ROOM);
  #count = 0;

  /** `columns` is the width, at least 2. */
  constructor(text: string, columns: number) {
    this.#text = text;
    let line = 0;
    for (let start = 0; start < text.length; ) {
      const found = text.indexOf("\n", start);
      const end = found === -1 ? text.length : found;
      line++;
      this.#cut(start, end, line, Math.max(2, columns));
      start = end + 1;
    }
  }

  get length(): number {
    return this.#count;
  }

  /** Without its line end. */
  row(place: number): TextRow {
    const start = this.#starts[place]!;
    const next = place + 1 < this.#count ? this.#starts[place + 1]! : this.#text.length;
    const text = this.#text.slice(start, next).replace(/\r?\n$/, "");
    const line = this.#lines[place]!;
    return { line: line === 0 ? undefined : line, text };
  }

  #cut(start: number, end: number, line: number, columns: number): void {
    this.#push(start, line);
    // Each character has at most seven columns: most lines need no look at their characters.
    if ((end - start) * LARGEST_COLUMNS <= columns) return;
    let used = 0;
    for (let place = start; place < end; ) {
      const code = this.#text.charCodeAt(place);
      const isPlain = code >= 0x20 && code < 0x7f;
      const character = isPlain ? "" : String.fromCodePoint(this.#text.codePointAt(place)!);
      const width = isPlain ? 1 : columnsOf(character, used);
      const isLineEnd = code === 0x0d && place + 1 === end;
      if (used > 0 && used + width > columns && !isLineEnd) {
        this.#push(place, 0);
        used = 0;
      }
      used += width;
      place += isPlain ? 1 : character.length;
    }
  }

  #push(start: number, line: number): void {
    if (this.#count === this.#starts.length) {
      this.#starts = grown(this.#starts);
      this.#lines = grown(this.#lines);
    }
    this.#starts[this.#count] = start;
    this.#lines[this.#count] = line;
    this.#count++;
  }
}

const LARGEST_COLUMNS = 7;

function columnsOf(character: string, used: number): number {
  if (character === "\t") return TAB_COLUMNS - (used % TAB_COLUMNS);
  const marked = markColumns(character);
  if (marked > 0) return marked;
  return character.codePointAt(0)! >= WIDE_FROM && WIDE.test(character) ? 2 : 1;
}

function grown(places: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(places.length * 2);
  larger.set(places);
  return larger;
}
