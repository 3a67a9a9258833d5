/** How each format of answers is written, save frames, which go as they lie in the file. */
import assert from "node:assert/strict";
import type { Encoding } from "./encoding.ts";
import type { FormatName } from "./formats.ts";
import { JSON_ARRAY, NDJSON } from "./json-out.ts";
import { SERVER_SENT_EVENTS } from "./sse-out.ts";
import { bytesInSteps } from "./steps.ts";

const LF = 0x0a;
const CR = 0x0d;

/** The payload and LF. What would read back as something else is refused. */
const LINES: Encoding = {
  opening: "",
  closing: "",
  refusal: (payload) => {
    if (payload[payload.length - 1] === CR) return "the message ends in CR, which a line cannot";
    return payload.includes(LF) ? "the message holds LF, which a line cannot" : undefined;
  },
  encode: (writer, { payload }) => {
    writer.bytes(payload);
    writer.byte(LF);
  },
  *encodeInSteps(writer, { payload }) {
    yield* bytesInSteps(writer, payload);
    writer.byte(LF);
  },
  mostBytes: (messageBytes) => messageBytes + 1,
};

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
