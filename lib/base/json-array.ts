/**
 * A JSON array that is too long to be parsed in one go: its elements some at a time, with the event loop given back in
 * between. Quotes and brackets tell where an element ends, and the parser tells whether it is JSON: pieces that end at
 * the array's own commas, and that are each JSON, make an array that is.
 */
import { JsonError } from "./json.ts";
import { endOfString, notJson, parseStretch, skipSpace } from "./json-bytes.ts";

/** So many bytes are parsed together. V8 takes some ms for them when they are nothing but brackets. */
const PIECE_BYTES = 64 * 1024;
const BYTE_ORDER_MARK = Buffer.from("\uFEFF");
const [COMMA, OPENING_BRACKET, CLOSING_BRACKET] = [0x2c, 0x5b, 0x5d];
const QUOTE = 0x22;
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
  const opening = skipSpace(body, hasMark ? BYTE_ORDER_MARK.length : 0);
  if (body[opening] !== OPENING_BRACKET) return false;
  let start = opening + 1;
  for (;;) {
    const end = pieceEnd(body, start, maxDepth);
    const isEmptyArray =
      start === opening + 1 && skipSpace(body, start) === end && body[end] === CLOSING_BRACKET;
    if (end - start > PIECE_BYTES) await taker.takeLongElement(start, end);
    else if (!isEmptyArray) taker.takeElements(parseElements(body, start, end), start, end);
    start = end + 1;
    if (body[end] !== COMMA) break;
    await pause();
  }
  if (body[start - 1] !== CLOSING_BRACKET || skipSpace(body, start) < body.length) {
    throw notJson(body[start - 1] === CLOSING_BRACKET ? skipSpace(body, start) : start - 1);
  }
  return true;
}

function parseElements(body: Buffer, start: number, end: number): unknown[] {
  const elements = parseStretch(body, start, end, "[", "]") as unknown[];
  if (elements.length === 0) throw notJson(end);
  return elements;
}

/**
 * Where the piece that begins at `start` ends: at a comma between two elements, or at the bracket that ends the array.
 * It is longer than PIECE_BYTES only when it is one element.
 */
function pieceEnd(body: Buffer, start: number, maxDepth: number): number {
  let level = 0;
  let lastComma = -1;
  for (let place = start; place < body.length; place++) {
    const byte = body[place]!;
    if (byte === QUOTE) {
      place = endOfString(body, place);
    } else if (byte === OPENING_BRACKET || byte === OPENING_BRACE) {
      level++;
      if (level >= maxDepth) throw JsonError.tooDeep(maxDepth);
    } else if ((byte === CLOSING_BRACKET || byte === CLOSING_BRACE) && level > 0) {
      level--;
    } else if (level === 0 && (byte === COMMA || byte === CLOSING_BRACKET || byte === CLOSING_BRACE)) {
      if (place - start > PIECE_BYTES && lastComma >= 0) return lastComma;
      if (byte !== COMMA || place - start > PIECE_BYTES) return place;
      lastComma = place;
    }
  }
  throw notJson(body.length);
}
