/** One element of a JSON batch: what it says, and the payload that it stands for. */
import { crc32 } from "../base/checksum.ts";
import { NetlogError } from "../base/errors.ts";
import { keptContentType, refusalOfFields } from "./field-rules.ts";
import { encodeFields, type Header, type MessageFields } from "./fields.ts";
import type { Limits } from "./limits.ts";
import { LongText } from "./long-text.ts";

const PASSED_OVER: ReadonlySet<string> = new Set(["offset", "timestamp", "delivery"]);
const KNOWN: ReadonlySet<string> = new Set([
  ...PASSED_OVER,
  "payload",
  "payload_base64",
  "crc32",
  "key",
  "content_type",
  "headers",
]);
const LONE_SURROGATE = /\p{Surrogate}/u;
const FIELD_CHARACTERS = 40;

/** What an element says. */
export interface BatchElement {
  readonly text: unknown;
  readonly isBase64: boolean;
  readonly expectedCrc: unknown;
  /** As encodeFields makes them; `undefined`: it has none. */
  readonly fields: Buffer | undefined;
  /** Each of its headers is to be there once, which a parsed element does not show: see repeated-header.ts. */
  readonly hasHeaders: boolean;
}

/** A payload: what its bytes are written from, and how many they are. */
interface Payload {
  readonly content: string | Buffer;
  readonly sizeBytes: number;
}

/** A payload with its fields. */
export interface ElementMessage extends Payload, Pick<BatchElement, "fields" | "hasHeaders"> {}

export function parseElement(element: unknown, index: number, limits: Limits): ElementMessage {
  const fail = failureOf(index);
  const { text, isBase64, expectedCrc, fields, hasHeaders } = readElement(element, fail, limits);
  const { content, sizeBytes } = isBase64 ? base64Payload(text, fail) : textPayload(text, fail);
  if (expectedCrc !== undefined) {
    checkCrc(expectedCrc, crc32(typeof content === "string" ? Buffer.from(content) : content), fail);
  }
  checkSize(sizeBytes, index, limits);
  return { content, sizeBytes, fields, hasHeaders };
}

export type Fail = (what: string) => NetlogError;

export function failureOf(index: number): Fail {
  return (what) => refuse(`element ${index}: ${what}`);
}

export function readElement(element: unknown, fail: Fail, limits: Limits): BatchElement {
  if (typeof element === "string" || element instanceof LongText) {
    return { text: element, isBase64: false, expectedCrc: undefined, fields: undefined, hasHeaders: false };
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
  const given = element as Record<string, unknown>;
  const { payload, payload_base64, crc32: expectedCrc } = given;
  if ((payload === undefined) === (payload_base64 === undefined)) {
    throw fail('it takes one of "payload" and "payload_base64"');
  }
  const isBase64 = payload === undefined;
  const text = isBase64 ? payload_base64 : payload;
  const fields = fieldsOf(given, fail, limits);
  return { text, isBase64, expectedCrc, fields, hasHeaders: given.headers !== undefined };
}

function fieldsOf(
  { key, content_type, headers }: Record<string, unknown>,
  fail: Fail,
  limits: Limits,
): Buffer | undefined {
  if (key === undefined && content_type === undefined && headers === undefined) return undefined;
  if (key !== undefined && typeof key !== "string") throw fail("key takes a text");
  if (content_type !== undefined && typeof content_type !== "string") throw fail("content_type takes a text");
  const list = headers === undefined ? [] : headersOf(headers, fail);
  const contentType = keptContentType(content_type);
  const fields: MessageFields = { key, contentType, headers: list };
  const refusal = refusalOfFields(fields, limits);
  if (refusal !== undefined) throw fail(refusal);
  const isEmpty = key === undefined && contentType === undefined && list.length === 0;
  return isEmpty ? undefined : encodeFields(fields);
}

function headersOf(headers: unknown, fail: Fail): Header[] {
  const isObject = typeof headers === "object" && headers !== null && !Array.isArray(headers);
  const list = isObject ? Object.entries(headers) : [];
  if (isObject && list.every((each): each is [string, string] => typeof each[1] === "string")) return list;
  throw fail('headers takes an object of texts, such as {"x-meta-trace":"1"}');
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

export function checkCrc(expected: unknown, actual: number, fail: Fail): void {
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
