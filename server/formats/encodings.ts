/** How each format of answers is written, save frames, which go as they lie in the file. */
import assert from "node:assert/strict";
import type { Encoding } from "./encoding.ts";
import type { FormatName } from "./formats.ts";
import { JSON_ARRAY, NDJSON } from "./json-out.ts";
import { LINES } from "./lines-out.ts";
import { SERVER_SENT_EVENTS } from "./sse-out.ts";

const ENCODINGS: Readonly<Partial<Record<FormatName, Encoding>>> = {
  ndjson: NDJSON,
  json: JSON_ARRAY,
  lines: LINES,
  sse: SERVER_SENT_EVENTS,
};

/** For any format of answers but frames. */
export function requireEncoding(name: FormatName): Encoding {
  const encoding = ENCODINGS[name];
  assert(encoding !== undefined, `${name} is not written message by message`);
  return encoding;
}
