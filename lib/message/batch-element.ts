/** One element of a JSON batch: what it says, and the payload that it stands for. */
import { crc32 } from "../base/checksum.ts";
import { NetlogError } from "../base/errors.ts";
import type { Limits } from "../base/limits.ts";
import { LongText } from "./long-text.ts";

const PASSED_OVER: ReadonlySet<string> = new Set(["offset", "timestamp", "delivery"]);
const KNOWN: ReadonlySet<string> = new Set([...PASSED_OVER, "payload", "payload_base64", "crc32"]);
const LONE_SURROGATE = /\p{Surrogate}/u;
const FIELD_CHARACTERS = 40;

/** What an element says. */
export interface Fields {
  readonly text: unknown;
  readonly isBase64: boolean;
  readonly expectedCrc: unknown;
}

/** A payload: what its bytes are written from, and how many they are. */
export interface Payload {
  readonly content: string | Buffer;
  readonly sizeBytes: number;
}

export function parseElement(element: unknown, index: number, limits: Limits): Payload {
  const fail = failureOf(index);
  const { text, isBase64, expectedCrc } = fieldsOf(element, fail);
  const payload = isBase64 ? base64Payload(text, fail) : textPayload(text, fail);
  const { content, sizeBytes } = payload;
  if (expectedCrc !== undefined) {
    checkCrc(expectedCrc, typeof content === "string" ? Buffer.from(content) : content, fail);
  }
  checkSize(sizeBytes, index, limits);
  return payload;
}

export type Fail = (what: string) => NetlogError;

export function failureOf(index: number): Fail {
  return (what) => refuse(`element ${index}: ${what}`);
}

export function fieldsOf(element: unknown, fail: Fail): Fields {
  if (typeof element === "string" || element instanceof LongText) {
    return { text: element, isBase64: false, expectedCrc: undefined };
  }
  if (typeof element !== "object" || element === null || Array.isArray(element)) {
    throw fail('it is neither a text nor an object with "payload" or "payload_base64"');
  }
  for (const field of Object.keys(element)) {
    if (!KNOWN.has(field)) {
      const name = JSON.stringify(field.slice(0, FIELD_CHARACTERS));
      throw fail(`unknown field ${name}; there are: ${[...KNOWN].join(", ")}`);
    }
  }
  const { payload, payload_base64, crc32: expectedCrc } = element as Record<string, unknown>;
  if ((payload === undefined) === (payload_base64 === undefined)) {
    throw fail('it takes one of "payload" and "payload_base64"');
  }
  const isBase64 = payload === undefined;
  return { text: isBase64 ? payload_base64 : payload, isBase64, expectedCrc };
}

function textPayload(text: unknown, fail: Fail): Payload {
  if (typeof text !== "string") throw fail("payload takes a text");
  checkText(text, fail);
  return { content: text, sizeBytes: Buffer.byteLength(text) };
}

export function* textPieces(text: LongText, fail: Fail): Generator<string, void, void> {
  for (const piece of text.pieces()) {
    checkText(piece, fail);
    yield piece;
  }
}

function checkText(text: string, fail: Fail): void {
  if (LONE_SURROGATE.test(text)) throw fail("half of a surrogate pair, which is no text");
}

/** RFC 4648, section 4, in its canonical form: padded, and nothing in the bits left over. */
function base64Payload(text: unknown, fail: Fail): Payload {
  if (typeof text !== "string") throw fail("payload_base64 takes a text");
  const content = Buffer.from(text, "base64");
  if (content.toString("base64") !== text) throw noBase64(fail);
  return { content, sizeBytes: content.length };
}

/** Whole groups of four characters; padding belongs to the last one alone. */
export function* base64Pieces(text: LongText, fail: Fail): Generator<string, void, void> {
  let left = "";
  for (const piece of text.pieces()) {
    const whole = left + piece;
    // At least one group is left to be the last.
    const end = Math.max(0, whole.length - 4 - (whole.length % 4));
    left = whole.slice(end);
    if (end > 0) yield checkedBase64(whole.slice(0, end), end * 0.75, fail);
  }
  yield checkedBase64(left, undefined, fail);
}

/** `bytes`: so many it has to hold. */
function checkedBase64(text: string, bytes: number | undefined, fail: Fail): string {
  const content = Buffer.from(text, "base64");
  const isWhole = bytes === undefined || content.length === bytes;
  if (!isWhole || content.toString("base64") !== text) throw noBase64(fail);
  return text;
}

function noBase64(fail: Fail): NetlogError {
  return fail("payload_base64 is not base64, padded, in one line");
}

export function checkSize(sizeBytes: number, index: number, { payloadBytes }: Limits): void {
  if (sizeBytes === 0) throw failureOf(index)("a message has at least one byte");
  if (sizeBytes <= payloadBytes) return;
  throw tooLarge(`element ${index}: a payload has at most ${payloadBytes} bytes`);
}

export function checkCrc(expected: unknown, payload: Buffer, fail: Fail): void {
  const actual = crc32(payload);
  if (expected === actual) return;
  if (typeof expected !== "number") throw fail("crc32 takes a number");
  throw fail(`crc32: expected ${expected}, found ${actual}`);
}

export function refuse(reason: string): NetlogError {
  return new NetlogError("bad_request", { reason });
}

export function tooLarge(reason: string): NetlogError {
  return new NetlogError("payload_too_large", { reason });
}
