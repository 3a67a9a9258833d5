/** JSON bodies of requests. */
import {
  type ElementTaker,
  JsonError,
  NetlogError,
  parseJson,
  readJsonArray,
  skipSpace,
} from "../../lib/index.ts";

/**
 * The value; `undefined` for a body without one, which is empty or white space. `maxDepth`: levels of arrays and objects.
 *
 * @throws bad_request, with a reason that tells where the body is wrong, and never what stands there.
 */
export function parseJsonBody(body: Buffer, maxDepth: number): unknown {
  if (skipSpace(body, 0) === body.length) return undefined;
  try {
    return parseJson(body, maxDepth);
  } catch (error) {
    throw refusalOf(error);
  }
}

/** A long array, element by element: see readJsonArray. @throws bad_request as parseJsonBody does. */
export async function readJsonArrayBody(
  body: Buffer,
  taker: ElementTaker,
  pause: () => Promise<void>,
  maxDepth: number,
): Promise<boolean> {
  try {
    return await readJsonArray(body, taker, pause, maxDepth);
  } catch (error) {
    throw refusalOf(error);
  }
}

function refusalOf(error: unknown): unknown {
  if (!(error instanceof JsonError)) return error;
  return new NetlogError("bad_request", { reason: `the body is ${error.message}` });
}
