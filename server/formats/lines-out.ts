/** Messages as lines: the payload and LF. What would read back as something else is refused. */
import type { Encoding } from "./encoding.ts";
import { bytesInSteps } from "./steps.ts";

const LF = 0x0a;
const CR = 0x0d;

export const LINES: Encoding = {
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
