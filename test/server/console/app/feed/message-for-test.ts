/** Messages as the client gives them. */
import { crc32 } from "node:zlib";
import { Message } from "../../../../../lib/client/index.ts";

export function messageOf(
  offset: number,
  text = `m${offset}`,
  fields: { readonly key?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Message {
  const payload = Buffer.from(text);
  return new Message({
    offset,
    timestamp: "2026-01-01T00:00:00.000Z",
    crc32: crc32(payload),
    payload,
    key: fields.key,
    contentType: undefined,
    headers: fields.headers,
  });
}
