/** The text of an event: what PostgreSQL would refuse of it, and a number of it with all its digits. */
import { JsonError, parseJson } from "../../index.ts";
import { troubleOfText } from "../index.ts";
import { LIMITS } from "./limits.ts";

export interface EventText {
  /** JSON of an object, as SQL takes it. */
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The text is nothing that the journal can keep; the message says why. */
export class EventTextError extends Error {}

/** Escapes that may stand for a NUL, or for half of a surrogate pair. */
const DOUBTFUL_ESCAPE = /\\u(?:0000|[dD][89a-fA-F])/;
/** A number that is long, or has an exponent: all others are some digits. */
const DOUBTFUL_NUMBER = /\d[eE]|[\d.]{16}/;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** Characters of a value, with what divides it from the next one. */
const LEAST_LENGTH = 2;
const BYTE_ORDER_MARK = "\uFEFF";
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** @throws EventTextError. */
export function readEventText(payload: Uint8Array | string): EventText {
  let fields: unknown;
  try {
    fields = parseJson(payload, LIMITS.jsonDepth);
  } catch (error) {
    if (error instanceof JsonError) throw new EventTextError(`is ${error.message}`);
    throw error;
  }
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    throw new EventTextError("is no JSON object");
  }
  const given = typeof payload === "string" ? payload : Buffer.from(payload).toString();
  const text = given.startsWith(BYTE_ORDER_MARK) ? given.slice(1) : given;
  if (text.length > LEAST_LENGTH * LIMITS.jsonValues) checkCount(fields);
  if (DOUBTFUL_ESCAPE.test(text)) checkTexts(fields);
  if (DOUBTFUL_NUMBER.test(text)) checkNumbers(text);
  return { text, fields: fields as EventText["fields"] };
}

/** The number of the member `name` of the object that `text` is, as it is written there; the last one counts. */
export function numberText(text: string, name: string): string | undefined {
  let found: string | undefined;
  let level = 0;
  for (let place = 0; place < text.length; place++) {
    const code = text[place];
    if (code === "{" || code === "[") level += 1;
    else if (code === "}" || code === "]") level -= 1;
    if (code !== '"') continue;
    const end = endOfString(text, place);
    const colon = /\s*:\s*/y;
    colon.lastIndex = end + 1;
    if (level === 1 && colon.test(text) && JSON.parse(text.slice(place, end + 1)) === name) {
      NUMBER.lastIndex = colon.lastIndex;
      found = NUMBER.exec(text)?.[0];
    }
    place = end;
  }
  return found;
}

function checkCount(fields: unknown): void {
  if (countValues(fields) <= LIMITS.jsonValues) return;
  throw new EventTextError(`has more than ${LIMITS.jsonValues} values, which are too many`);
}

/** Goes as deep as the parser did, and so does checkTexts. */
function countValues(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  let count = 1;
  for (const member of Object.values(value)) count += countValues(member);
  return count;
}

function checkTexts(value: unknown): void {
  if (typeof value === "string") {
    const trouble = troubleOfText(value);
    if (trouble !== undefined) throw new EventTextError(`${trouble}, which PostgreSQL does not take`);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      checkTexts(key);
      checkTexts(member);
    }
  }
}

/** SQL writes numbers out with all their zeros. */
function checkNumbers(text: string): void {
  let exponentDigits = 0;
  for (let place = 0; place < text.length; place++) {
    const code = text.charCodeAt(place);
    if (code === QUOTE) {
      place = endOfString(text, place);
      continue;
    }
    NUMBER.lastIndex = place;
    const number = NUMBER.exec(text)?.[0];
    if (number === undefined) continue;
    const exponent = Math.abs(Number(/[eE](.*)$/.exec(number)?.[1] ?? 0));
    if (number.length > LIMITS.numberLength || exponent > LIMITS.numberLength) {
      throw new EventTextError(`has a number that is too long: it may have ${LIMITS.numberLength} digits`);
    }
    exponentDigits += exponent;
    if (exponentDigits > LIMITS.exponentDigits) {
      throw new EventTextError(
        `has numbers that are too long together: their exponents may stand for ${LIMITS.exponentDigits} digits`,
      );
    }
    place += number.length - 1;
  }
}

/** Where the quote stands that ends the string begun at `start`. The text is JSON. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let first = end;
    while (text.charCodeAt(first - 1) === BACKSLASH) first--;
    if ((end - first) % 2 === 0) return end;
  }
}
