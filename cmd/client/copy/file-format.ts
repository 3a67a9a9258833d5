/** How messages stand in a file. */
import { messageJson, type ToldMessage } from "../output/message-json.ts";
import { CopyError } from "./copy-error.ts";

/** `ndjson`: a line of JSON each, with offset, time and checksum. `lines`: the payload and a line end. */
export const FILE_FORMATS = ["ndjson", "lines"] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

const LF = 0x0a;
const CR = 0x0d;
const LINE_END = Buffer.from("\n");

export function formatOf(path: string | undefined, given: FileFormat | null): FileFormat {
  return given ?? (/\.(lines|txt|log)$/.test(path ?? "") ? "lines" : "ndjson");
}

/** A message as it stands in a file. @throws CopyError for one that a line cannot hold. */
export function encodeMessage(message: ToldMessage, format: FileFormat): Uint8Array {
  if (format === "ndjson") return Buffer.from(messageJson(message));
  const { payload, offset } = message;
  if (payload.includes(LF) || payload.at(-1) === CR) {
    throw new CopyError(
      `the message at offset ${offset} does not fit into a line; --format ndjson takes any`,
    );
  }
  return Buffer.concat([payload, LINE_END]);
}
