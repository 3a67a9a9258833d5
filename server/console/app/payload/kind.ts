/** What a payload is: JSON, text, or bytes that only hex shows; and its text where it has one. */

export type PayloadKind = "json" | "text" | "hex";

export interface ReadPayload {
  /** The view that fits best. */
  readonly kind: PayloadKind;
  /** Bytes that are no UTF-8 are U+FFFD in it. */
  readonly text: string;
  /** False where `text` is not what the bytes say. */
  readonly isUtf8: boolean;
  readonly isJson: boolean;
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

const JSON_TYPE = /^[^;]*[/+]json\s*(?:;|$)/i;
const BEGINS_AS_CONTAINER = /^\s*[[{]/;

/** So much of a text decides whether it reads as text. */
const LOOKED_AT_LENGTH = 4096;
/** More characters than one in so many that no text has: that is a binary format which happens to be UTF-8. */
const ONE_CONTROL_IN = 10;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROLS = /[\u0000-\u0008\u000e-\u001a\u001c-\u001f\u007f]/g;

/** Text of JSON's own scalars, such as `7`, counts as JSON only where its content type says so. */
export function readPayload(bytes: Uint8Array, contentType: string | undefined): ReadPayload {
  let text: string;
  try {
    text = strict.decode(bytes);
  } catch {
    return { kind: "hex", text: lenient.decode(bytes), isUtf8: false, isJson: false };
  }
  const mayBeJson = JSON_TYPE.test(contentType ?? "") || BEGINS_AS_CONTAINER.test(text);
  if (mayBeJson && isJson(text)) return { kind: "json", text, isUtf8: true, isJson: true };
  return { kind: readsAsText(text) ? "text" : "hex", text, isUtf8: true, isJson: false };
}

/** The beginning of a payload as one text, for a row of a list. A character that was cut is left out. */
export function beginningOf(bytes: Uint8Array, maxBytes: number): string {
  const isCut = bytes.length > maxBytes;
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return decoder.decode(isCut ? bytes.subarray(0, maxBytes) : bytes, { stream: isCut });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function readsAsText(text: string): boolean {
  const looked = text.slice(0, LOOKED_AT_LENGTH);
  return (looked.match(CONTROLS)?.length ?? 0) * ONE_CONTROL_IN <= looked.length;
}
