/** A long text as it stands in JSON, between its quotes, read piece by piece. */
import { isEscaped, parseStretch } from "../base/json-bytes.ts";

const PIECE_BYTES = 16 * 1024;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
/** `\u` and four digits; other escapes are two characters. */
const LONG_ESCAPE_BYTES = 6;
/** `\ud800` to `\udbff`: the first half of a character. */
const FIRST_HALF = /^\\u[dD][89abAB]/;

export class LongText {
  readonly #bytes: Buffer;
  readonly #start: number;
  readonly #end: number;

  /** `[start, end)` of `bytes`, which ends before a quote. */
  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
  }

  /** It has no more in UTF-8. */
  get mostBytes(): number {
    return this.#end - this.#start;
  }

  /** A character is in one piece whole. @throws JsonError. */
  *pieces(): Generator<string, void, void> {
    for (let start = this.#start; start < this.#end; ) {
      const end = this.#pieceEnd(start);
      yield parseStretch(this.#bytes, start, end, '"', '"') as string;
      start = end;
    }
  }

  #pieceEnd(start: number): number {
    const bytes = this.#bytes;
    const wanted = start + PIECE_BYTES;
    if (wanted >= this.#end) return this.#end;
    let end = wanted;
    while ((bytes[end]! & 0xc0) === 0x80 && end > start + 1) end--;
    for (let place = end - 1; place > end - LONG_ESCAPE_BYTES; place--) {
      if (bytes[place] !== BACKSLASH || isEscaped(bytes, place, start)) continue;
      const length = bytes[place + 1] === LETTER_U ? LONG_ESCAPE_BYTES : 2;
      if (place + length > end) end = place;
      break;
    }
    const before = end - LONG_ESCAPE_BYTES;
    const isHalf = FIRST_HALF.test(bytes.toString("latin1", before, end)) && !isEscaped(bytes, before, start);
    return isHalf ? before : end;
  }
}
