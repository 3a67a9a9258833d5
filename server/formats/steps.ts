/**
 * A large payload on its way into an answer, in steps of little work: between two of them the writer may be emptied,
 * and others may have the event loop. Steps write the same bytes as the whole at once.
 */
import type { ByteWriter } from "./byte-writer.ts";

/** Goes on to the next step; done when all is written. */
export type Steps = Generator<void, void, void>;

/** No step writes more. */
export const STEP_BYTES: number = 60 * 1024;
/** A step of text takes so much of the payload: it may become seven times as long (an empty line of SSE). */
export const TEXT_BYTES: number = 8 * 1024;
const BASE64_PAYLOAD_BYTES = 24 * 1024;
const COPIED_BYTES = 32 * 1024;

/** Does all steps at once. */
export function doSteps(steps: Steps): void {
  while (steps.next().done !== true);
}

/**
 * Where a piece of `bytes`, which are UTF-8, may end at or before `end`: not within a character.
 */
export function characterEnd(bytes: Uint8Array, end: number): number {
  if (end >= bytes.length) return bytes.length;
  let place = end;
  while ((bytes[place]! & 0xc0) === 0x80) place--;
  return place;
}

export function* base64InSteps(writer: ByteWriter, payload: Buffer): Steps {
  for (let start = 0; start < payload.length; start += BASE64_PAYLOAD_BYTES) {
    writer.ascii(payload.toString("base64", start, start + BASE64_PAYLOAD_BYTES));
    yield;
  }
}

export function* bytesInSteps(writer: ByteWriter, payload: Buffer): Steps {
  for (let start = 0; start < payload.length; start += COPIED_BYTES) {
    writer.bytes(payload.subarray(start, start + COPIED_BYTES));
    yield;
  }
}
