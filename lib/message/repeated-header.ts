/** Finds a header that an element of a JSON batch names twice. A parser keeps the last one and does not tell. */
import { endOfString, skipSpace } from "../base/json-bytes.ts";

const [QUOTE, COMMA, COLON] = [0x22, 0x2c, 0x3a];
const OPENING = new Set(Buffer.from("[{"));
const CLOSING = new Set(Buffer.from("]}"));

export interface RepeatedHeader {
  /** Place of the element among those of the stretch. */
  readonly index: number;
  /** The header; or `headers`, where the element has two of those. */
  readonly name: string;
}

/** Looks at the elements in `[start, end)` of `body`, which are JSON with commas in between. */
export function repeatedHeader(body: Buffer, start: number, end: number): RepeatedHeader | undefined {
  let index = 0;
  let level = 0;
  /** The value of `headers` is being looked at. */
  let isInHeaders = false;
  /** Those of one element; `headers` itself is no header. */
  const names = new Set<string>();
  for (let place = start; place < end; place++) {
    const byte = body[place]!;
    if (byte === QUOTE) {
      const first = place;
      place = endOfString(body, first);
      const isName = level === 1 || (level === 2 && isInHeaders);
      if (!isName || body[skipSpace(body, place + 1)] !== COLON) continue;
      const name = JSON.parse(body.toString("utf8", first, place + 1)) as string;
      if (level === 1) isInHeaders = name === "headers";
      if (level === 1 && !isInHeaders) continue;
      if (names.size === names.add(name).size) return { index, name };
    } else if (OPENING.has(byte)) {
      level++;
    } else if (CLOSING.has(byte)) {
      level--;
      if (level === 0) names.clear();
    } else if (byte === COMMA && level === 0) {
      index++;
    }
  }
  return undefined;
}
