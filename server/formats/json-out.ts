/** Messages as JSON objects: one a line, or as one array. */
import { isUtf8 } from "node:buffer";
import type { Message } from "../../lib/index.ts";
import { formatTime } from "../time.ts";
import type { ByteWriter } from "./byte-writer.ts";
import type { Encoding } from "./encoding.ts";

/** Longer payloads are looked through by native code. */
const PLAIN_UP_TO_BYTES = 512;

export const NDJSON: Encoding = {
  opening: "",
  closing: "",
  heartbeat: "\n",
  encode: (writer, message) => {
    encodeObject(writer, message);
    writer.ascii("\n");
  },
  skipped: (count, next) => `{"skipped":${count},"next":${next}}\n`,
};

export const JSON_ARRAY: Encoding = {
  opening: "[",
  closing: "]\n",
  encode: (writer, message, isFirst) => {
    if (!isFirst) writer.ascii(",");
    encodeObject(writer, message);
  },
};

function encodeObject(writer: ByteWriter, message: Message): void {
  const { offset, timestampMs, crc32, payload, delivery } = message;
  writer.ascii(`{"offset":${offset},"timestamp":"${formatTime(timestampMs)}","crc32":${crc32}`);
  writer.ascii(delivery === undefined ? ',"payload' : `,"delivery":${delivery},"payload`);
  const start = writer.length;
  writer.ascii('":"');
  if (payload.length <= PLAIN_UP_TO_BYTES && writer.plainText(payload)) {
    writer.ascii('"}');
    return;
  }
  writer.truncate(start);
  if (isUtf8(payload)) {
    writer.ascii('":');
    writer.utf8(JSON.stringify(payload.toString("utf8")));
    writer.ascii("}");
  } else {
    writer.ascii('_base64":"');
    writer.ascii(payload.toString("base64"));
    writer.ascii('"}');
  }
}
