/** JSON bodies of requests. */
import { JsonError, NetlogError, parseJson } from "../lib/index.ts";

const WHITE_SPACE: ReadonlySet<number> = new Set(Buffer.from(" \t\r\n"));

/**
 * The value; `undefined` for a body without one, which is empty or white space.
 *
 * @throws bad_request, with a reason that tells where the body is wrong, and never what stands there.
 */
export function parseJsonBody(body: Buffer): unknown {
  if (isBlank(body)) return undefined;
  try {
    return parseJson(body);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new NetlogError("bad_request", { reason: `the body is ${error.message}` });
  }
}

function isBlank(body: Buffer): boolean {
  return body.every((byte) => WHITE_SPACE.has(byte));
}
