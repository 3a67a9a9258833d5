/**
 * Tells whether bytes are JSON without making anything of them: one value of bounded depth, in UTF-8, with no byte order
 * mark. It goes in pieces, so that the event loop can be given back in a long one.
 */
import { JsonError } from "./json.ts";
import { notJson } from "./json-bytes.ts";

const [QUOTE, BACKSLASH, COMMA, COLON, SMALL_U] = [0x22, 0x5c, 0x2c, 0x3a, 0x75];
const [OPENING_BRACKET, CLOSING_BRACKET, OPENING_BRACE, CLOSING_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d];
const [MINUS, PLUS, POINT, ZERO, NINE] = [0x2d, 0x2b, 0x2e, 0x30, 0x39];
/** With this bit a capital letter is its small one. */
const SMALL = 0x20;
const SMALL_E = 0x65;
const ESCAPES: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'));
const HEX: ReadonlySet<number> = new Set(Buffer.from("0123456789abcdefABCDEF"));
const WORDS: readonly Buffer[] = ["true", "false", "null"].map((word) => Buffer.from(word));
const UNICODE_DIGITS = 4;

/** What may come next. */
type Expected = "value" | "value or end" | "key" | "key or end" | "colon" | "comma or end" | "rest of text";

export class JsonWalk {
  readonly #bytes: Uint8Array;
  readonly #depth: number;
  /** For each open level whether it is an object. */
  readonly #levels: boolean[] = [];
  #position = 0;
  #expected: Expected = "value";
  /** The open text is a key. */
  #isKey = false;

  constructor(bytes: Uint8Array, depth: number) {
    this.#bytes = bytes;
    this.#depth = depth;
  }

  /** Goes on by `pieceBytes`, about. False at the end of all. @throws JsonError. */
  advance(pieceBytes: number): boolean {
    const bytes = this.#bytes;
    const end = Math.min(bytes.length, this.#position + pieceBytes);
    while (this.#position < end) {
      if (this.#expected === "rest of text") this.#passText(end);
      else if (!isSpace(bytes[this.#position]!)) this.#passToken(bytes[this.#position]!);
      else this.#position += 1;
    }
    if (end < bytes.length) return true;
    if (this.#expected !== "comma or end" || this.#levels.length > 0) throw notJson(bytes.length);
    return false;
  }

  #passToken(byte: number): void {
    const expected = this.#expected;
    const isInObject = this.#levels.at(-1);
    this.#expected = "comma or end";
    if (byte === QUOTE && (expected.startsWith("value") || expected.startsWith("key"))) {
      this.#isKey = expected.startsWith("key");
      this.#expected = "rest of text";
    } else if (byte === CLOSING_BRACE && isInObject === true && expected.endsWith("or end")) {
      this.#levels.pop();
    } else if (byte === CLOSING_BRACKET && isInObject === false && expected.endsWith("or end")) {
      this.#levels.pop();
    } else if (byte === COMMA && expected === "comma or end" && isInObject !== undefined) {
      this.#expected = isInObject ? "key" : "value";
    } else if (byte === COLON && expected === "colon") {
      this.#expected = "value";
    } else if (expected.startsWith("value")) {
      this.#passValue(byte);
      return;
    } else {
      throw notJson(this.#position);
    }
    this.#position += 1;
  }

  /** A value that is no text. */
  #passValue(byte: number): void {
    if (byte === OPENING_BRACE || byte === OPENING_BRACKET) {
      if (this.#levels.length === this.#depth) throw JsonError.tooDeep(this.#depth);
      this.#levels.push(byte === OPENING_BRACE);
      this.#expected = byte === OPENING_BRACE ? "key or end" : "value or end";
      this.#position += 1;
    } else if (byte === MINUS || isDigit(byte)) {
      this.#passNumber();
    } else {
      const start = this.#position;
      const word = WORDS.find((each) => each.equals(this.#bytes.subarray(start, start + each.length)));
      if (word === undefined) throw notJson(start);
      this.#position += word.length;
    }
  }

  #passNumber(): void {
    const bytes = this.#bytes;
    if (bytes[this.#position] === MINUS) this.#position += 1;
    if (bytes[this.#position] === ZERO) this.#position += 1;
    else this.#passDigits();
    if (bytes[this.#position] === POINT) {
      this.#position += 1;
      this.#passDigits();
    }
    if (((bytes[this.#position] ?? 0) | SMALL) !== SMALL_E) return;
    this.#position += 1;
    const sign = bytes[this.#position];
    if (sign === PLUS || sign === MINUS) this.#position += 1;
    this.#passDigits();
  }

  #passDigits(): void {
    const start = this.#position;
    while (isDigit(this.#bytes[this.#position] ?? 0)) this.#position += 1;
    if (this.#position === start) throw notJson(start);
  }

  /** Up to `end`, or behind the quote that ends it. */
  #passText(end: number): void {
    const bytes = this.#bytes;
    let position = this.#position;
    while (position < end) {
      const byte = bytes[position]!;
      if (byte < 0x20) throw notJson(position);
      if (byte === BACKSLASH) position = escapeEnd(bytes, position);
      else position = byte < 0x80 ? position + 1 : characterEnd(bytes, position, byte);
      if (byte !== QUOTE) continue;
      this.#expected = this.#isKey ? "colon" : "comma or end";
      break;
    }
    this.#position = position;
  }
}

/** Where the escape at `position` ends. */
function escapeEnd(bytes: Uint8Array, position: number): number {
  const letter = bytes[position + 1] ?? 0;
  if (ESCAPES.has(letter)) return position + 2;
  if (letter !== SMALL_U) throw notJson(position);
  const digits = bytes.subarray(position + 2, position + 2 + UNICODE_DIGITS);
  if (digits.length < UNICODE_DIGITS || !digits.every((digit) => HEX.has(digit))) throw notJson(position);
  return position + 2 + UNICODE_DIGITS;
}

/** Where the character of several bytes ends that begins with `lead`; RFC 3629, section 4. */
function characterEnd(bytes: Uint8Array, position: number, lead: number): number {
  const second = bytes[position + 1] ?? 0;
  const least = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const most = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  const end = position + (lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4);
  let isSound = lead >= 0xc2 && lead <= 0xf4 && second >= least && second <= most;
  for (let next = position + 2; next < end; next++) isSound &&= ((bytes[next] ?? 0) & 0xc0) === 0x80;
  if (!isSound) throw new JsonError("not UTF-8");
  return end;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
