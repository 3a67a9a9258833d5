/** Messages as server-sent events. https://html.spec.whatwg.org/multipage/server-sent-events.html */
import { isUtf8 } from "node:buffer";
import type { ByteWriter } from "./byte-writer.ts";
import type { Encoding } from "./encoding.ts";
import { base64InSteps, type Steps, TEXT_BYTES } from "./steps.ts";

const LF = 0x0a;
const CR = 0x0d;
/** A line of the payload begins with it. */
const DATA = "data: ";
/** What stands before and behind the payload. */
const FIELDS_BYTES = 512;
/** A step of lines ends behind so many bytes. */
const STEP_END_BYTES = 32 * 1024;

export const SERVER_SENT_EVENTS: Encoding = {
  opening: "",
  closing: "",
  // A browser comes back with the last id that it was told, which may be this one.
  openingAt: (next) => `retry: 1000\nid: ${next - 1}\n\n`,
  heartbeat: ":\n\n",
  heartbeatAt: (next) => `:\nid: ${next - 1}\n\n`,
  encode: (writer, { offset, payload }) => {
    writer.ascii(`id: ${offset}\n`);
    if (!isText(payload)) {
      writer.ascii("event: base64\ndata: ");
      writer.ascii(payload.toString("base64"));
      writer.ascii("\n\n");
      return;
    }
    for (let start = 0; start <= payload.length; ) {
      const end = payload.indexOf(LF, start);
      const line = payload.subarray(start, end < 0 ? payload.length : end);
      writer.ascii(DATA);
      writer.bytes(line);
      writer.byte(LF);
      start += line.length + 1;
    }
    writer.byte(LF);
  },
  *encodeInSteps(writer, { offset, payload }) {
    writer.ascii(`id: ${offset}\n`);
    if (isText(payload)) {
      yield* encodeLinesInSteps(writer, payload);
      writer.byte(LF);
    } else {
      writer.ascii("event: base64\ndata: ");
      yield* base64InSteps(writer, payload);
      writer.ascii("\n\n");
    }
  },
  mostBytes: (messageBytes) => FIELDS_BYTES + (DATA.length + 1) * messageBytes,
  closed: (next) => `event: closed\ndata: ${next}\n\n`,
  skipped: (count) => `event: skipped\ndata: ${count}\n\n`,
};

/** A browser takes CR for the end of a line, too. */
function isText(payload: Buffer): boolean {
  return !payload.includes(CR) && isUtf8(payload);
}

function* encodeLinesInSteps(writer: ByteWriter, payload: Buffer): Steps {
  let stepStart = writer.length;
  for (let start = 0; start <= payload.length; ) {
    const lineEnd = payload.indexOf(LF, start);
    const end = lineEnd < 0 ? payload.length : lineEnd;
    writer.ascii(DATA);
    for (; start < end; start += TEXT_BYTES) {
      writer.bytes(payload.subarray(start, Math.min(end, start + TEXT_BYTES)));
      if (writer.length - stepStart < STEP_END_BYTES) continue;
      yield;
      stepStart = writer.length;
    }
    writer.byte(LF);
    start = end + 1;
    if (writer.length - stepStart < STEP_END_BYTES) continue;
    yield;
    stepStart = writer.length;
  }
}
