/** A message as one line of JSON, in the server's own form, which the server also takes back. */
import { isUtf8 } from "node:buffer";
import type { Message } from "../../../lib/client/index.ts";

/** What is shown of a message; a scanner with acknowledgements also gives the number of the delivery. */
export type ToldMessage = Pick<Message, "offset" | "timestamp" | "crc32" | "payload"> & {
  readonly delivery?: number | undefined;
  readonly key?: string | undefined;
  readonly contentType?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
};

const NO_HEADERS = {};

/** With its line end. */
export function messageJson(message: ToldMessage): string {
  const { offset, timestamp, crc32, payload, delivery } = message;
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  const content = isUtf8(bytes)
    ? `"payload":${JSON.stringify(bytes.toString())}`
    : `"payload_base64":"${bytes.toString("base64")}"`;
  const given = delivery === undefined ? "" : `"delivery":${delivery},`;
  const fields = fieldsJson(message);
  return `{"offset":${offset},"timestamp":${JSON.stringify(timestamp)},"crc32":${crc32},${given}${fields}${content}}\n`;
}

/** Each with a comma behind it. */
function fieldsJson({ key, contentType, headers = NO_HEADERS }: ToldMessage): string {
  const keyJson = key === undefined ? "" : `"key":${JSON.stringify(key)},`;
  const typeJson = contentType === undefined ? "" : `"content_type":${JSON.stringify(contentType)},`;
  return hasHeaders({ headers })
    ? `${keyJson}${typeJson}"headers":${JSON.stringify(headers)},`
    : `${keyJson}${typeJson}`;
}

/** True for a message that carries more than its payload. */
export function hasFields(message: ToldMessage): boolean {
  return message.key !== undefined || message.contentType !== undefined || hasHeaders(message);
}

function hasHeaders({ headers }: Pick<ToldMessage, "headers">): boolean {
  for (const _name in headers) return true;
  return false;
}
