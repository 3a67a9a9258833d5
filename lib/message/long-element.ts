/**
 * An element of a JSON array that is too long to be parsed in one go: a text, or an object, of which long texts stay
 * as they stand there.
 */
import { JsonError } from "../base/json.ts";
import { endOfLongString, endOfString, notJson, parseStretch, skipLongSpace } from "../base/json-bytes.ts";
import { LongText } from "./long-text.ts";

/** Their texts may be long. */
const PAYLOADS: ReadonlySet<string> = new Set(["payload", "payload_base64"]);
/** Anything else may have so much, for it is parsed in one go. */
const SHORT_BYTES = 64 * 1024;
const [QUOTE, COMMA, COLON] = [0x22, 0x2c, 0x3a];
const OPENING = new Set(Buffer.from("[{"));
const CLOSING = new Set(Buffer.from("]}"));
const [OPENING_BRACE, CLOSING_BRACE] = [0x7b, 0x7d];

/**
 * The element in `[start, end)` of `body`, whose brackets match: a LongText, or an object with values or LongTexts;
 * `undefined` when it is neither text nor object. @throws JsonError.
 */
export async function readLongElement(
  body: Buffer,
  start: number,
  end: number,
  pause: () => Promise<void>,
): Promise<unknown> {
  const first = await skipLongSpace(body, start, pause);
  let last: number;
  let element: unknown;
  if (body[first] === QUOTE) {
    last = await endOfLongString(body, first, pause);
    element = new LongText(body, first + 1, last);
  } else if (body[first] === OPENING_BRACE) {
    ({ last, element } = await readObject(body, first, pause));
  } else {
    return undefined;
  }
  if ((await skipLongSpace(body, last + 1, pause)) < end) throw notJson(last + 1);
  return element;
}

async function readObject(
  body: Buffer,
  start: number,
  pause: () => Promise<void>,
): Promise<{ readonly last: number; readonly element: object }> {
  // It has no prototype that a field could name.
  const element = Object.create(null) as Record<string, unknown>;
  let place = await skipLongSpace(body, start + 1, pause);
  if (body[place] === CLOSING_BRACE) return { last: place, element };
  for (;;) {
    if (body[place] !== QUOTE) throw notJson(place);
    const nameEnd = (await endOfLongString(body, place, pause)) + 1;
    const name = readShort(body, place, nameEnd) as string;
    const colon = await skipLongSpace(body, nameEnd, pause);
    if (body[colon] !== COLON) throw notJson(colon);
    const valueStart = await skipLongSpace(body, colon + 1, pause);
    const isText = body[valueStart] === QUOTE;
    const valueEnd = isText
      ? (await endOfLongString(body, valueStart, pause)) + 1
      : endOfValue(body.subarray(0, valueStart + 2 * SHORT_BYTES), valueStart);
    const isLong = PAYLOADS.has(name) && isText && valueEnd - valueStart > SHORT_BYTES;
    element[name] = isLong
      ? new LongText(body, valueStart + 1, valueEnd - 1)
      : readShort(body, valueStart, valueEnd);
    place = await skipLongSpace(body, valueEnd, pause);
    if (body[place] === CLOSING_BRACE) return { last: place, element };
    if (body[place] !== COMMA) throw notJson(place);
    place = await skipLongSpace(body, place + 1, pause);
  }
}

function readShort(body: Buffer, start: number, end: number): unknown {
  if (end - start > SHORT_BYTES) {
    throw new JsonError(`not for a batch: ${end - start} bytes at byte ${start} that are no payload`);
  }
  return parseStretch(body, start, end, " ", " ");
}

/** Behind the value that begins at `start` and is no text: the parser says whether it is one. */
function endOfValue(body: Buffer, start: number): number {
  let level = 0;
  for (let place = start; place < body.length; place++) {
    const byte = body[place]!;
    if (byte === QUOTE) {
      place = endOfString(body, place);
    } else if (OPENING.has(byte)) {
      level++;
    } else if (CLOSING.has(byte)) {
      level--;
      if (level <= 0) return level < 0 ? place : place + 1;
    } else if (level === 0 && byte === COMMA) {
      return place;
    }
  }
  return body.length;
}
