/** JSON bodies, strictly: UTF-8, one value and nothing behind it. */
import { NetlogError } from "../lib/index.ts";

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Messages of V8 that quote the text end otherwise. */
const PLACE = /at (position \d+)(?: \(line \d+ column \d+\))?$/;

/**
 * The value; `undefined` for a body without one, which is empty or white space.
 *
 * @throws bad_request, with a reason that tells where, and never what: V8's own message quotes the body.
 */
export function parseJson(body: Buffer): unknown {
  const text = decodeText(body);
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new NetlogError("bad_request", { reason: `the body is ${jsonFlaw(error)}` });
  }
}

/** Tells where a text is not JSON, by what `JSON.parse` threw, and never what stands there. */
export function jsonFlaw(error: unknown): string {
  const place = PLACE.exec(String(error))?.[1];
  return place === undefined ? "not JSON" : `not JSON, at ${place}`;
}

function decodeText(body: Buffer): string {
  try {
    return UTF8.decode(body);
  } catch {
    throw new NetlogError("bad_request", { reason: "the body is not UTF-8" });
  }
}
