/** Messages as JSON objects: one a line, or as one array. */
import { isUtf8 } from "node:buffer";
import { fieldsOf, type Message } from "../../lib/index.ts";
import { formatTime } from "../wire/time.ts";
import type { ByteWriter } from "./byte-writer.ts";
import type { Encoding } from "./encoding.ts";
import { base64InSteps, characterEnd, doSteps, type Steps, TEXT_BYTES } from "./steps.ts";

/** Longer payloads are looked through by native code. */
const PLAIN_UP_TO_BYTES = 512;
/** The fields beside the payload. */
const FIELDS_BYTES = 512;
/** The length of a byte that has to be escaped: \u0000. */
const ESCAPED_BYTES = 6;

export const NDJSON: Encoding = {
  writesFields: true,
  opening: "",
  closing: "",
  heartbeat: "\n",
  encode: (writer, message) => {
    encodeObject(writer, message);
    writer.ascii("\n");
  },
  *encodeInSteps(writer, message) {
    yield* encodeObjectInSteps(writer, message);
    writer.ascii("\n");
  },
  mostBytes,
  closed: (next) => `{"closed":true,"next":${next}}\n`,
  skipped: (count, next) => `{"skipped":${count},"next":${next}}\n`,
};

export const JSON_ARRAY: Encoding = {
  writesFields: true,
  opening: "[",
  closing: "]\n",
  encode: (writer, message, isFirst) => {
    if (!isFirst) writer.ascii(",");
    encodeObject(writer, message);
  },
  *encodeInSteps(writer, message, isFirst) {
    if (!isFirst) writer.ascii(",");
    yield* encodeObjectInSteps(writer, message);
  },
  mostBytes,
};

function mostBytes(messageBytes: number): number {
  return FIELDS_BYTES + ESCAPED_BYTES * messageBytes;
}

function encodeObject(writer: ByteWriter, message: Message): void {
  const { payload } = message;
  if (payload.length > TEXT_BYTES) {
    doSteps(encodeObjectInSteps(writer, message));
    return;
  }
  encodeFields(writer, message);
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

/** `isUtf8` looks through 64 MiB in a few ms: that is one step. */
function* encodeObjectInSteps(writer: ByteWriter, message: Message): Steps {
  const { payload } = message;
  encodeFields(writer, message);
  if (isUtf8(payload)) {
    writer.ascii('":"');
    for (let start = 0; start < payload.length; ) {
      const end = characterEnd(payload, start + TEXT_BYTES);
      writer.utf8(JSON.stringify(payload.toString("utf8", start, end)).slice(1, -1));
      start = end;
      yield;
    }
  } else {
    writer.ascii('_base64":"');
    yield* base64InSteps(writer, payload);
  }
  writer.ascii('"}');
}

/** All but the payload, whose field is begun. */
function encodeFields(writer: ByteWriter, message: Message): void {
  const { offset, timestampMs, crc32, delivery } = message;
  writer.ascii(`{"offset":${offset},"timestamp":"${formatTime(timestampMs)}","crc32":${crc32}`);
  if (delivery !== undefined) writer.ascii(`,"delivery":${delivery}`);
  if (message.fieldBytes !== undefined) encodeSentFields(writer, message);
  writer.ascii(',"payload');
}

/** What the message was sent with: absent where it is not. */
function encodeSentFields(writer: ByteWriter, message: Message): void {
  const { key, contentType, headers } = fieldsOf(message) ?? {};
  if (key !== undefined) writer.utf8(`,"key":${JSON.stringify(key)}`);
  if (contentType !== undefined) writer.utf8(`,"content_type":${JSON.stringify(contentType)}`);
  if (headers === undefined) return;
  const pairs = headers.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  writer.utf8(`,"headers":{${pairs.join(",")}}`);
}
