/**
 * What a message carries beside its payload: which fields there may be, and how they stand in headers. batch-encoding.ts
 * has their bytes. The rules are the server's, written out a second time so that nothing is sent which it would refuse.
 */
import { invalidArgument, NetlogClientError } from "./errors.ts";
import { kindOf } from "./payload.ts";

/** All may be left out. They have 8 KiB together, as an answer spells them in its headers. */
export interface MessageFields {
  /** What the message is about, such as a customer's number: 1 to 1,024 bytes of UTF-8. Readers may ask for keys. */
  readonly key?: string | undefined;
  /** Such as `application/json`. `application/octet-stream` and `application/x-www-form-urlencoded` are none. */
  readonly contentType?: string | undefined;
  /**
   * At most 64. Names are `x-meta-<name>`, `ce-<name>` (CloudEvents), `traceparent` and `tracestate`, and are stored in
   * lower case. Values are visible ASCII, with spaces and tabs between.
   */
  readonly headers?: Readonly<Record<string, string>> | Iterable<readonly [string, string]> | undefined;
}

/** As a message that was read has them. */
export interface StoredFields {
  readonly key?: string | undefined;
  readonly contentType?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Fields that keep to the rules, at least one of them. */
export interface CheckedFields {
  readonly key: string | undefined;
  readonly contentType: string | undefined;
  /** Names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** The server's limits, which are fixed. */
export const FIELD_LIMITS = {
  keyBytes: 1024,
  contentTypeLength: 255,
  headers: 64,
  fieldsBytes: 8192,
  keysToReadBy: 64,
} as const;

const TOKEN = "[!#$%&'*+.^_`|~0-9a-z-]+";
const HEADER_NAME = new RegExp(`^(?:(?:x-meta-|ce-)${TOKEN}|traceparent|tracestate)$`);
/** The name's size is one byte in a message. */
const HEADER_NAME_LENGTH = 255;
/** Spaces and tabs are not at the ends: HTTP cuts them off. */
const HEADER_VALUE = /^(?:[!-~](?:[\t -~]*[!-~])?)?$/;
/** RFC 9110, 8.3.1. White space belongs to what stands behind it, so that a match never goes back. */
const PARAMETER = `${TOKEN}=(?:${TOKEN}|"(?:[\\t !#-\\[\\]-~]|\\\\[\\t -~])*")`;
const MEDIA_TYPE = new RegExp(`^${TOKEN}/${TOKEN}(?:[\\t ]*;(?:[\\t ]*${PARAMETER})?)*$`, "i");
/** They say nothing of a payload: the server does not keep them. */
const UNKEPT_TYPES: readonly string[] = ["application/x-www-form-urlencoded", "application/octet-stream"];
/** An answer with this type says that the message has none. */
const NO_TYPE = "application/octet-stream";
const LONE_SURROGATE = /\p{Surrogate}/u;
/** Colon, space, and the end of a header's line. */
const SEPARATOR_BYTES = 4;

const encoder = new TextEncoder();

/** `undefined` where there is none. @throws invalid_argument, whose message says what is allowed. */
export function checkFields({ key, contentType, headers }: MessageFields): CheckedFields | undefined {
  const type = isKeptType(contentType) ? contentType : undefined;
  if (key === undefined && type === undefined && headers === undefined) return undefined;
  if (key !== undefined) requireKey(key);
  if (type !== undefined) requireContentType(type);
  const fields = { key, contentType: type, headers: headers === undefined ? [] : checkHeaders(headers) };
  if (key === undefined && type === undefined && fields.headers.length === 0) return undefined;
  const sizeBytes = Object.entries(requestHeaders(fields)).reduce(
    (sum, [name, value]) => sum + name.length + value.length + SEPARATOR_BYTES,
    0,
  );
  if (sizeBytes <= FIELD_LIMITS.fieldsBytes) return fields;
  throw invalidArgument(
    `key, content type and headers take ${FIELD_LIMITS.fieldsBytes} bytes together, as headers of an answer; these have ${sizeBytes}`,
  );
}

/** Plain JavaScript may give anything; what is no text is refused later. */
function isKeptType(contentType: string | undefined): boolean {
  if (typeof contentType !== "string") return contentType !== undefined;
  return !UNKEPT_TYPES.includes((contentType.split(";", 1)[0] ?? "").trim().toLowerCase());
}

/** Also of a key to read by. @throws invalid_argument. */
export function requireKey(key: string): void {
  if (typeof key !== "string") throw invalidArgument(`a key is text, and was given as ${kindOf(key)}`);
  if (LONE_SURROGATE.test(key)) {
    throw invalidArgument("the key has half a surrogate pair, which UTF-8 cannot hold");
  }
  const { length } = encoder.encode(key);
  if (length >= 1 && length <= FIELD_LIMITS.keyBytes) return;
  throw invalidArgument(`a key takes 1 to ${FIELD_LIMITS.keyBytes} bytes of UTF-8; this one has ${length}`);
}

/** Keys to read by, of one or several. @throws invalid_argument, also for none: that would read everything. */
export function keysToReadBy(given: string | readonly string[] | undefined): readonly string[] | undefined {
  if (given === undefined) return undefined;
  const keys = typeof given === "string" ? [given] : given;
  if (!Array.isArray(keys))
    throw invalidArgument(`key is a text or texts, and was given as ${kindOf(given)}`);
  if (keys.length < 1 || keys.length > FIELD_LIMITS.keysToReadBy) {
    throw invalidArgument(`reading takes 1 to ${FIELD_LIMITS.keysToReadBy} keys; these are ${keys.length}`);
  }
  for (const key of keys) requireKey(key);
  return keys;
}

function requireContentType(type: string): void {
  const isText = typeof type === "string" && type.length <= FIELD_LIMITS.contentTypeLength;
  if (isText && MEDIA_TYPE.test(type) && HEADER_VALUE.test(type)) return;
  throw invalidArgument(
    `contentType takes a media type such as application/json, of at most ${FIELD_LIMITS.contentTypeLength} visible ASCII characters`,
  );
}

function checkHeaders(given: NonNullable<MessageFields["headers"]>): CheckedFields["headers"] {
  if (Object(given) !== given)
    throw invalidArgument(`headers are an object, and were given as ${kindOf(given)}`);
  const pairs = Symbol.iterator in given ? given : Object.entries(given);
  const checked = new Map<string, string>();
  for (const [spelled, value] of pairs) {
    const name = String(spelled).toLowerCase();
    if (!HEADER_NAME.test(name) || name.length > HEADER_NAME_LENGTH) {
      throw invalidArgument(
        `"${spelled}" is no header of a message; there are x-meta-<name>, ce-<name>, traceparent and tracestate`,
      );
    }
    if (checked.has(name))
      throw invalidArgument(`the header ${name} is given twice; a message has each once`);
    if (typeof value !== "string" || !HEADER_VALUE.test(value)) {
      throw invalidArgument(
        `the value of the header ${name} takes visible ASCII characters, with spaces and tabs between; percent-encode or base64-encode others`,
      );
    }
    checked.set(name, value);
  }
  if (checked.size <= FIELD_LIMITS.headers) return [...checked];
  throw invalidArgument(`a message has at most ${FIELD_LIMITS.headers} headers; these are ${checked.size}`);
}

/** Visible ASCII stands as it is; everything else and `%` is percent-encoded. */
const ENCODED = /[^!-$&-~]+/gu;

/** As they go with a request for one message. */
export function requestHeaders({ key, contentType, headers }: CheckedFields): Record<string, string> {
  return {
    ...(key === undefined ? {} : { "X-Key": key.replace(ENCODED, encodeURIComponent) }),
    ...(contentType === undefined ? {} : { "Content-Type": contentType }),
    ...Object.fromEntries(headers),
  };
}

/** Reads the fields from an answer whose body is one message's payload. @throws unexpected_answer: a key that is none. */
export function fieldsOfAnswer(answer: Headers): StoredFields {
  const key = answer.get("X-Key");
  const type = answer.get("Content-Type");
  const headers: Record<string, string> = {};
  answer.forEach((value, name) => {
    if (HEADER_NAME.test(name)) headers[name] = value;
  });
  return {
    key: key === null ? undefined : decodeKey(key),
    contentType: type === null || type === NO_TYPE ? undefined : type,
    headers,
  };
}

function decodeKey(spelled: string): string {
  try {
    return decodeURIComponent(spelled);
  } catch (cause) {
    throw new NetlogClientError("unexpected_answer", "the X-Key of the answer is no percent-encoded text", {
      cause,
    });
  }
}
