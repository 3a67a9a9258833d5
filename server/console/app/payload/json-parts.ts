/** Where the parts of a JSON text lie. The text is valid: JSON.parse has taken it, so brackets match and strings end. */

export interface JsonPart {
  readonly type: "object" | "array" | "string" | "number" | "literal";
  readonly start: number;
  readonly end: number;
  /** Where its name stands, quotes included, as [start, end). */
  readonly name: readonly [number, number] | undefined;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPENING_BRACKET = 0x5b;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACKET = 0x5d;
const CLOSING_BRACE = 0x7d;

export function wholeOf(text: string): JsonPart {
  return partAt(text, afterSpace(text, 0), undefined);
}

/**
 * The next `most` parts of an object or array from `at` on, which lies behind its opening bracket or behind one of its
 * parts. `rest` is where to go on; `undefined` behind the last.
 */
export function childrenFrom(
  text: string,
  at: number,
  most: number,
): { readonly parts: JsonPart[]; readonly rest: number | undefined } {
  const parts: JsonPart[] = [];
  let place = at;
  for (;;) {
    place = afterSpace(text, place);
    if (text.charCodeAt(place) === COMMA) place = afterSpace(text, place + 1);
    const code = text.charCodeAt(place);
    if (code === CLOSING_BRACE || code === CLOSING_BRACKET) return { parts, rest: undefined };
    if (parts.length === most) return { parts, rest: place };
    const part = namedPartAt(text, place);
    parts.push(part);
    place = part.end;
  }
}

/** A text before a colon is a name. */
function namedPartAt(text: string, start: number): JsonPart {
  if (text.charCodeAt(start) !== QUOTE) return partAt(text, start, undefined);
  const end = stringEnd(text, start);
  const colon = afterSpace(text, end);
  if (text.charCodeAt(colon) !== COLON) return { type: "string", start, end, name: undefined };
  return partAt(text, afterSpace(text, colon + 1), [start, end]);
}

function partAt(text: string, start: number, name: JsonPart["name"]): JsonPart {
  const code = text.charCodeAt(start);
  if (code === QUOTE) return { type: "string", start, end: stringEnd(text, start), name };
  if (code === OPENING_BRACE) return { type: "object", start, end: containerEnd(text, start), name };
  if (code === OPENING_BRACKET) return { type: "array", start, end: containerEnd(text, start), name };
  const isLetter = code >= 0x61;
  return { type: isLetter ? "literal" : "number", start, end: scalarEnd(text, start), name };
}

function containerEnd(text: string, start: number): number {
  let depth = 0;
  for (let place = start; ; place++) {
    switch (text.charCodeAt(place)) {
      case QUOTE:
        place = stringEnd(text, place) - 1;
        break;
      case OPENING_BRACE:
      case OPENING_BRACKET:
        depth++;
        break;
      case CLOSING_BRACE:
      case CLOSING_BRACKET:
        depth--;
        if (depth === 0) return place + 1;
        break;
    }
  }
}

/** Behind the closing quote: one with an even number of backslashes before it. */
function stringEnd(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); ; quote = text.indexOf('"', quote + 1)) {
    let before = quote - 1;
    while (text.charCodeAt(before) === BACKSLASH) before--;
    if ((quote - before) % 2 === 1) return quote + 1;
  }
}

function scalarEnd(text: string, start: number): number {
  let place = start;
  while (place < text.length) {
    const code = text.charCodeAt(place);
    if (code === COMMA || code === CLOSING_BRACE || code === CLOSING_BRACKET || code <= 0x20) break;
    place++;
  }
  return place;
}

function afterSpace(text: string, start: number): number {
  let place = start;
  while (place < text.length && text.charCodeAt(place) <= 0x20) place++;
  return place;
}
