/**
 * The data events of a stream's pieces. https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import type { Message } from "../../lib/index.ts";
import type { ByteWriter } from "../formats/byte-writer.ts";
import type { Encoding } from "../formats/encoding.ts";
import { bytesInSteps, doSteps, type Steps } from "../formats/steps.ts";

const [LF, CR, SPACE] = [0x0a, 0x0d, 0x20];
const DATA = "data:";
const OPENING = `event: data\n${DATA}`;
const CLOSING = "\n\n";

/** What stands around the data of a page, its control event included. */
const FIELDS_BYTES = 512;

export type DataKind = "text" | "values" | "base64";

/** A page as a data event. */
export function writeData(writer: ByteWriter, kind: DataKind, bytes: Buffer): void {
  if (kind === "text") writeText(writer, bytes);
  else if (kind === "values") writeValues(writer, bytes);
  else writeBase64(writer, bytes);
}

/** The most that a page becomes, together with its control event. */
export function mostEventBytes(kind: DataKind, bytes: Buffer): number {
  if (kind === "base64") return FIELDS_BYTES + Math.ceil(bytes.length / 3) * 4;
  if (kind === "values") return FIELDS_BYTES + bytes.length;
  let lines = 1;
  for (const byte of bytes) if (byte === LF || byte === CR) lines += 1;
  return FIELDS_BYTES + bytes.length + lines * (DATA.length + 2);
}

/** The bytes of a page that becomes no more than `maxBytes`, unless its lines are many. */
export function pageBytesFor(maxBytes: number): number {
  return Math.max(1, Math.floor(((maxBytes - FIELDS_BYTES) * 3) / 4));
}

/** Text as lines. A reader takes CR, LF and both together for a line's end, and puts the lines together with LF. */
function writeText(writer: ByteWriter, text: Buffer): void {
  writer.ascii("event: data\n");
  for (let start = 0; start <= text.length; ) {
    const end = lineEnd(text, start);
    writer.ascii(DATA);
    // A reader takes away one space behind the colon.
    if (text[start] === SPACE) writer.byte(SPACE);
    writer.bytes(text.subarray(start, end));
    writer.byte(LF);
    start = end + (text[end] === CR && text[end + 1] === LF ? 2 : 1);
  }
  writer.byte(LF);
}

function lineEnd(text: Buffer, start: number): number {
  let end = start;
  while (end < text.length && text[end] !== LF && text[end] !== CR) end++;
  return end;
}

/** Bytes that are no text. */
function writeBase64(writer: ByteWriter, bytes: Buffer): void {
  writer.ascii(OPENING);
  writer.ascii(bytes.toString("base64"));
  writer.ascii(CLOSING);
}

/** Values as an array, on one line. */
function writeValues(writer: ByteWriter, array: Buffer): void {
  writer.ascii(OPENING);
  const start = writer.length;
  writer.bytes(array);
  joinLines(writer.view.subarray(start));
  writer.ascii(CLOSING);
}

/** In JSON a line's end is white space, for it cannot stand in a string. */
function joinLines(json: Buffer): void {
  for (let i = 0; i < json.length; i++) if (json[i] === LF || json[i] === CR) json[i] = SPACE;
}

function* largeValueInSteps(writer: ByteWriter, { payload }: Message): Steps {
  writer.ascii(`${OPENING}[`);
  let start = writer.length;
  for (const _ of bytesInSteps(writer, payload)) {
    joinLines(writer.view.subarray(start));
    yield;
    // The writer may have been emptied.
    start = writer.length;
  }
  writer.ascii(`]${CLOSING}`);
}

/** A value that is larger than a page, as the only one of its array. */
export const LARGE_VALUE: Encoding = {
  opening: "",
  closing: "",
  encode: (writer, message) => doSteps(largeValueInSteps(writer, message)),
  encodeInSteps: largeValueInSteps,
  mostBytes: (messageBytes) => messageBytes + OPENING.length + CLOSING.length + "[]".length,
};
