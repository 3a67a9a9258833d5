/** A payload as callers give it, and as bytes. */
import { invalidArgument } from "./errors.ts";

/** A text goes as UTF-8. Bytes are borrowed until the call is done. */
export type Payload = string | Uint8Array | ArrayBuffer;

const encoder = new TextEncoder();
const LONE_SURROGATE = /\p{Surrogate}/u;

/** @throws invalid_argument for a text that no UTF-8 can hold: it would arrive as another one. */
export function payloadBytes(payload: Payload): Uint8Array {
  if (typeof payload !== "string") return payload instanceof ArrayBuffer ? new Uint8Array(payload) : payload;
  if (LONE_SURROGATE.test(payload)) {
    throw invalidArgument("the text has half a surrogate pair, which UTF-8 cannot hold; give its bytes");
  }
  return encoder.encode(payload);
}
