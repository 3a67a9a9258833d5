/**
 * A JSON array that is too long to be parsed in one go: its elements some at a time, with the event loop given back in
 * between. Quotes and brackets tell where an element ends, and the parser tells whether it is JSON: pieces that end at
 * the array's own commas, and that are each JSON, make an array that is.
 */
import { JsonError } from "./json.ts";
import { LOOKED_AT_BYTES, notJson, parseStretch, skipLongSpace } from "./json-bytes.ts";

/** So many bytes are parsed together. V8 takes some ms for them when they are nothing but brackets. */
const PIECE_BYTES = 64 * 1024;
const BYTE_ORDER_MARK = Buffer.from("\uFEFF");
const [COMMA, OPENING_BRACKET, CLOSING_BRACKET] = [0x2c, 0x5b, 0x5d];
const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const [OPENING_BRACE, CLOSING_BRACE] = [0x7b, 0x7d];

export interface ElementTaker {
  /** The next elements, at least one, which lie in `[start, end)` of the body. */
  takeElements(elements: unknown[], start: number, end: number): void;
  /** The next element, `[start, end)` of the body with the white space around it. It is not parsed. */
  takeLongElement(start: number, end: number): Promise<void>;
}

/** Whether `body` is to be read by `readJsonArray`: a shorter one is parsed in one go. */
export function isLongJson(body: Buffer): boolean {
  return body.length > 2 * PIECE_BYTES;
}

/**
 * Gives the elements of the array that `body` is to `taker`. False when it is no array; then it need not be JSON.
 * `maxDepth`: levels of arrays and objects, the array included.
 *
 * @throws JsonError; what `taker` throws.
 */
export async function readJsonArray(
  body: Buffer,
  taker: ElementTaker,
  pause: () => Promise<void>,
  maxDepth: number,
): Promise<boolean> {
  const hasMark = body.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
  const opening = await skipLongSpace(body, hasMark ? BYTE_ORDER_MARK.length : 0, pause);
  if (body[opening] !== OPENING_BRACKET) return false;
  let start = opening + 1;
  for (;;) {
    const search = new PieceSearch(body, start, maxDepth);
    let end = search.advance(LOOKED_AT_BYTES);
    for (; end === undefined; end = search.advance(LOOKED_AT_BYTES)) await pause();
    const mayBeEmpty = start === opening + 1 && body[end] === CLOSING_BRACKET;
    const isEmptyArray = mayBeEmpty && (await skipLongSpace(body, start, pause)) === end;
    if (end - start > PIECE_BYTES && !isEmptyArray) await taker.takeLongElement(start, end);
    else if (!isEmptyArray) taker.takeElements(parseElements(body, start, end), start, end);
    start = end + 1;
    if (body[end] !== COMMA) break;
    await pause();
  }
  if (body[start - 1] !== CLOSING_BRACKET) throw notJson(start - 1);
  const behind = await skipLongSpace(body, start, pause);
  if (behind < body.length) throw notJson(behind);
  return true;
}

function parseElements(body: Buffer, start: number, end: number): unknown[] {
  const elements = parseStretch(body, start, end, "[", "]") as unknown[];
  if (elements.length === 0) throw notJson(end);
  return elements;
}

/**
 * Finds where the piece that begins at `start` ends: at a comma between two elements, or at the bracket that ends the
 * array. It is longer than PIECE_BYTES only when it is one element.
 */
class PieceSearch {
  readonly #body: Buffer;
  readonly #start: number;
  readonly #maxDepth: number;
  #place: number;
  #level = 0;
  #lastComma = -1;
  #isInString = false;

  constructor(body: Buffer, start: number, maxDepth: number) {
    this.#body = body;
    this.#start = start;
    this.#maxDepth = maxDepth;
    this.#place = start;
  }

  /** Goes on by `bytes`. The end, once it is found. @throws JsonError. */
  advance(bytes: number): number | undefined {
    const body = this.#body;
    const stop = Math.min(body.length, this.#place + bytes);
    let level = this.#level;
    let isInString = this.#isInString;
    let place = this.#place;
    for (; place < stop; place++) {
      const byte = body[place]!;
      if (isInString) {
        if (byte === QUOTE) isInString = false;
        else if (byte === BACKSLASH) place++;
      } else if (byte === QUOTE) {
        isInString = true;
      } else if (byte === OPENING_BRACKET || byte === OPENING_BRACE) {
        level++;
        if (level >= this.#maxDepth) throw JsonError.tooDeep(this.#maxDepth);
      } else if ((byte === CLOSING_BRACKET || byte === CLOSING_BRACE) && level > 0) {
        level--;
      } else if (level === 0 && (byte === COMMA || byte === CLOSING_BRACKET || byte === CLOSING_BRACE)) {
        const isLong = place - this.#start > PIECE_BYTES;
        if (isLong && this.#lastComma >= 0) return this.#lastComma;
        if (byte !== COMMA || isLong) return place;
        this.#lastComma = place;
      }
    }
    if (place >= body.length) throw notJson(body.length);
    this.#level = level;
    this.#isInString = isInString;
    this.#place = place;
    return undefined;
  }
}
