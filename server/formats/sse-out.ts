/** Messages as server-sent events. https://html.spec.whatwg.org/multipage/server-sent-events.html */
import { isUtf8 } from "node:buffer";
import type { Encoding } from "./encoding.ts";

const LF = 0x0a;
const CR = 0x0d;

export const SERVER_SENT_EVENTS: Encoding = {
  opening: "",
  closing: "",
  // A browser comes back with the last id that it was told, which may be this one.
  openingAt: (next) => `retry: 1000\nid: ${next - 1}\n\n`,
  heartbeat: ":\n\n",
  encode: (writer, { offset, payload }) => {
    writer.ascii(`id: ${offset}\n`);
    // A browser takes CR for the end of a line, too.
    if (payload.includes(CR) || !isUtf8(payload)) {
      writer.ascii("event: base64\ndata: ");
      writer.ascii(payload.toString("base64"));
      writer.ascii("\n\n");
      return;
    }
    for (let start = 0; start <= payload.length; ) {
      const end = payload.indexOf(LF, start);
      const line = payload.subarray(start, end < 0 ? payload.length : end);
      writer.ascii("data: ");
      writer.bytes(line);
      writer.byte(LF);
      start += line.length + 1;
    }
    writer.byte(LF);
  },
  skipped: (count) => `event: skipped\ndata: ${count}\n\n`,
};
