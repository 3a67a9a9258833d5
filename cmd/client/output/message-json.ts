/** A message as one line of JSON, in the server's own form, which the server also takes back. */
import { isUtf8 } from "node:buffer";
import type { Message } from "../../../lib/client/index.ts";

/** What is shown of a message; a scanner with acknowledgements also gives the number of the delivery. */
export type ToldMessage = Pick<Message, "offset" | "timestamp" | "crc32" | "payload"> & {
  readonly delivery?: number | undefined;
};

/** With its line end. */
export function messageJson({ offset, timestamp, crc32, payload, delivery }: ToldMessage): string {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  const content = isUtf8(bytes)
    ? `"payload":${JSON.stringify(bytes.toString())}`
    : `"payload_base64":"${bytes.toString("base64")}"`;
  const given = delivery === undefined ? "" : `"delivery":${delivery},`;
  return `{"offset":${offset},"timestamp":${JSON.stringify(timestamp)},"crc32":${crc32},${given}${content}}\n`;
}
