/**
 * A place in a stream, and the token that clients see of it: the offset of a message, and of a byte in that message. The
 * place behind a message is the beginning of the next, so that each place has one token; tokens sort as their places do.
 */
import { NetlogError } from "../../lib/index.ts";

export interface Place {
  readonly message: number;
  readonly byte: number;
}

const DIGITS = 16;
const TOKEN = /^([0-9]{16})_([0-9]{16})$/;
const MESSAGE_START = `_${"0".repeat(DIGITS)}`;

export function formatPlace({ message, byte }: Place): string {
  return byte === 0 ? formatMessagePlace(message) : `${padded(message)}_${padded(byte)}`;
}

/** The beginning of a message. */
export function formatMessagePlace(message: number): string {
  return padded(message) + MESSAGE_START;
}

/** @throws invalid_offset. */
export function parsePlace(token: string): Place {
  const match = TOKEN.exec(token);
  const [message, byte] = [Number(match?.[1]), Number(match?.[2])];
  if (match !== null && Number.isSafeInteger(message) && Number.isSafeInteger(byte)) return { message, byte };
  throw invalidPlace("offset takes -1, now, or what Stream-Next-Offset of an earlier answer said");
}

export function invalidPlace(reason: string): NetlogError {
  return new NetlogError("invalid_offset", { reason });
}

function padded(value: number): string {
  return String(value).padStart(DIGITS, "0");
}
