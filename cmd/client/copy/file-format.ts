/** How messages stand in a file. */
import { hasFields, messageJson, type ToldMessage } from "../output/message-json.ts";

/**
 * `ndjson`: a line of JSON each, with offset, time and checksum. `lines`: the payload and a line end. `frames`: what the
 * server keeps, byte for byte; an export alone writes it.
 */
export const FILE_FORMATS = ["ndjson", "lines", "frames"] as const;
/** How a file holds messages one by one. */
export type FileFormat = Exclude<(typeof FILE_FORMATS)[number], "frames">;
export type GivenFormat = (typeof FILE_FORMATS)[number];

const LF = 0x0a;
const CR = 0x0d;
const LINE_END = Buffer.from("\n");

export function formatOf(path: string | undefined, given: GivenFormat | null): GivenFormat {
  if (given !== null) return given;
  if (path?.endsWith(".frames") === true) return "frames";
  return /\.(lines|txt|log)$/.test(path ?? "") ? "lines" : "ndjson";
}

/** False for a message that would not be the same when its line is read again. */
export function canHold(message: ToldMessage, format: FileFormat): boolean {
  if (format === "ndjson") return true;
  return !(message.payload.includes(LF) || message.payload.at(-1) === CR || hasFields(message));
}

/** Messages as they stand in a file, which can hold them. */
export function encodeMessages(messages: readonly ToldMessage[], format: FileFormat): Uint8Array {
  if (format === "ndjson") return Buffer.from(messages.map(messageJson).join(""));
  return Buffer.concat(messages.flatMap(({ payload }) => [payload, LINE_END]));
}
