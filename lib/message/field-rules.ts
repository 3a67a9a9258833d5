/**
 * Which fields a message may have: what a client may send, by every way in, and what goes out in the headers of an
 * answer. A file may hold others, of a later version for instance; they stay there.
 */
import { NetlogError } from "../base/errors.ts";
import type { Header, MessageFields } from "./fields.ts";
import { spellKey } from "./key-spelling.ts";
import type { Limits } from "./limits.ts";

const TOKEN = "[!#$%&'*+.^_`|~0-9a-z-]+";
const HEADER_NAME = new RegExp(`^(?:(?:x-meta-|ce-)${TOKEN}|traceparent|tracestate)$`);
/** 0x20 to 0x7E and tab, neither space nor tab at the ends; or nothing. */
const HEADER_VALUE = /^(?:[!-~](?:[\t -~]*[!-~])?)?$/;
/** RFC 9110, 8.3.1. White space belongs to what stands behind it, so that a match never goes back. */
const PARAMETER = `${TOKEN}=(?:${TOKEN}|"(?:[\\t !#-\\[\\]-~]|\\\\[\\t -~])*")`;
const MEDIA_TYPE = new RegExp(`^${TOKEN}/${TOKEN}(?:[\\t ]*;(?:[\\t ]*${PARAMETER})?)*$`, "i");
/** What curl sends by itself says nothing of a payload, and neither does the type of any bytes. */
const UNKEPT_TYPES: readonly string[] = ["application/x-www-form-urlencoded", "application/octet-stream"];
const LONE_SURROGATE = /\p{Surrogate}/u;
/** The size of a header's name is a u8. */
const HEADER_NAME_BYTES = 255;
const QUOTED_CHARACTERS = 40;

/** Colon, space, and the end of a header's line. */
const SEPARATOR_BYTES = 4;
const KEY_HEADER_BYTES = "X-Key".length + SEPARATOR_BYTES;
const CONTENT_TYPE_HEADER_BYTES = "Content-Type".length + SEPARATOR_BYTES;

/** @throws bad_request, whose reason says what is allowed. */
export function requireFields(fields: MessageFields, limits: Limits): void {
  const reason = refusalOfFields(fields, limits);
  if (reason !== undefined) throw new NetlogError("bad_request", { reason });
}

/** Why a client may not send these fields; `undefined`: it may. */
export function refusalOfFields(fields: MessageFields, limits: Limits): string | undefined {
  const { key, contentType, headers = [] } = fields;
  if (headers.length > limits.messageHeaders) {
    return `a message has at most ${limits.messageHeaders} headers; these are ${headers.length}`;
  }
  return (
    (key === undefined ? undefined : refusalOfKey(key, limits)) ??
    (contentType === undefined ? undefined : refusalOfContentType(contentType, limits)) ??
    refusalOfHeaders(headers) ??
    refusalOfSize(fields, limits)
  );
}

/** Also of a key to read by. */
export function refusalOfKey(key: string, limits: Limits): string | undefined {
  const sizeBytes = Buffer.byteLength(key);
  if (LONE_SURROGATE.test(key)) return "a key is text; this one has half of a surrogate pair";
  if (sizeBytes >= 1 && sizeBytes <= limits.messageKeyBytes) return undefined;
  return `a key has 1 to ${limits.messageKeyBytes} bytes of UTF-8; this one has ${sizeBytes}`;
}

/** The last type that was looked at, which is the next one most of the time. */
const lastType: { sent: string | undefined; kept: string | undefined } = { sent: undefined, kept: undefined };

/** The content type that a message has when it comes with this one; `undefined`: it has none. */
export function keptContentType(contentType: string | undefined): string | undefined {
  if (contentType === undefined) return undefined;
  if (contentType !== lastType.sent) {
    lastType.kept = UNKEPT_TYPES.includes(mediaTypeOf(contentType)) ? undefined : contentType;
    lastType.sent = contentType;
  }
  return lastType.kept;
}

/** In lower case, without parameters such as the character set. */
export function mediaTypeOf(contentType: string): string {
  const end = contentType.indexOf(";");
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

/** Also of a topic's content type. */
export function refusalOfContentType(contentType: string, { contentTypeLength }: Limits): string | undefined {
  const isSound =
    contentType.length <= contentTypeLength && MEDIA_TYPE.test(contentType) && HEADER_VALUE.test(contentType);
  if (isSound) return undefined;
  return `a content type is a media type such as application/json, of at most ${contentTypeLength} visible ASCII characters`;
}

function refusalOfHeaders(headers: readonly Header[]): string | undefined {
  const names = new Set<string>();
  for (const [name, value] of headers) {
    const refusal = refusalOfHeader(name, value);
    if (refusal !== undefined) return refusal;
    if (names.has(name)) return `the header ${name} is there twice; a message has each header once`;
    names.add(name);
  }
  return undefined;
}

function refusalOfHeader(name: string, value: string): string | undefined {
  if (name.length > HEADER_NAME_BYTES) return `a header's name has at most ${HEADER_NAME_BYTES} characters`;
  if (!HEADER_NAME.test(name)) {
    const quoted = JSON.stringify(name.slice(0, QUOTED_CHARACTERS));
    return `${quoted} is no header of a message; there are x-meta-<name>, ce-<name>, traceparent and tracestate, in lower case`;
  }
  if (HEADER_VALUE.test(value)) return undefined;
  return `the value of the header ${name} takes visible ASCII characters, with spaces and tabs between them; percent-encode or base64-encode others`;
}

function refusalOfSize(fields: MessageFields, { messageFieldsBytes }: Limits): string | undefined {
  const sizeBytes = spelledBytes(fields);
  if (sizeBytes <= messageFieldsBytes) return undefined;
  return `key, content type and headers have at most ${messageFieldsBytes} bytes together, as an answer spells them in its headers; these have ${sizeBytes}`;
}

/** The size of the headers that spell these fields in an answer, with names, separators and percent-encoding. */
function spelledBytes({ key, contentType, headers = [] }: MessageFields): number {
  let sizeBytes = 0;
  if (key !== undefined) sizeBytes += KEY_HEADER_BYTES + spellKey(key).length;
  if (contentType !== undefined) sizeBytes += CONTENT_TYPE_HEADER_BYTES + contentType.length;
  for (const [name, value] of headers) sizeBytes += name.length + value.length + SEPARATOR_BYTES;
  return sizeBytes;
}

/** Without what no answer may have in its headers; what keeps to the rules comes back as it is. */
export function answerableFields(fields: MessageFields, limits: Limits): MessageFields {
  if (refusalOfFields(fields, limits) === undefined) return fields;
  const { key, contentType } = fields;
  const names = new Set<string>();
  const headers = (fields.headers ?? []).filter(([name, value]) => {
    return names.size < names.add(name).size && refusalOfHeader(name, value) === undefined;
  });
  const left = {
    ...(key === undefined || refusalOfKey(key, limits) !== undefined ? {} : { key }),
    ...(contentType === undefined || refusalOfContentType(contentType, limits) !== undefined
      ? {}
      : { contentType }),
    ...(headers.length === 0 ? {} : { headers: headers.slice(0, limits.messageHeaders) }),
  };
  return refusalOfSize(left, limits) === undefined ? left : {};
}
