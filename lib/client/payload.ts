/** A payload as callers give it, and as bytes. */
import { invalidArgument } from "./errors.ts";

/** A text goes as UTF-8. Bytes are borrowed until the call is done. */
export type Payload = string | Uint8Array | ArrayBuffer;

const encoder = new TextEncoder();
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * @throws invalid_argument for what is no payload, which would be stored as its name, `[object Object]`; and for a text
 *   that no UTF-8 can hold, which would arrive as another one.
 */
export function payloadBytes(payload: Payload): Uint8Array {
  if (typeof payload !== "string") return requireBytes(payload);
  if (LONE_SURROGATE.test(payload)) {
    throw invalidArgument("the text has half a surrogate pair, which UTF-8 cannot hold; give its bytes");
  }
  return encoder.encode(payload);
}

/**
 * `call` takes many messages: what has one of these methods.
 *
 * @throws invalid_argument for anything else, and for a text, which would be a message for each character.
 */
export function requireMany(payloads: unknown, call: string, methods: readonly symbol[]): void {
  const named = Object(payloads) as Readonly<Record<symbol, unknown>>;
  const isMany = methods.some((method) => typeof named[method] === "function");
  if (isMany && typeof payloads !== "string") return;
  const given = typeof payloads === "string" ? "one text" : kindOf(payloads);
  throw invalidArgument(`${call} takes many messages, such as an array of them, and was given ${given}`);
}

/** Plain JavaScript gives anything. Bytes of another realm, such as a frame's or a test runner's, are bytes. */
function requireBytes(given: unknown): Uint8Array {
  if (given instanceof Uint8Array) return given;
  const kind = kindOf(given);
  if (kind === "Uint8Array") return given as Uint8Array;
  if (kind === "ArrayBuffer") return new Uint8Array(given as ArrayBuffer);
  throw invalidArgument(
    `a payload is text, Uint8Array or ArrayBuffer, and was given as ${kind}; JSON.stringify makes text of most values`,
  );
}

export function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}
