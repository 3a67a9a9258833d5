/** How a body is packed, as `Content-Encoding` says. */
import { HttpError } from "../wire/errors.ts";

export type ContentCoding = "gzip" | "deflate";

const CODINGS: ReadonlyMap<string, ContentCoding | undefined> = new Map([
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["deflate", "deflate"],
  ["identity", undefined],
]);

/** `undefined` for a body that comes as it is. @throws unsupported_media_type. */
export function parseContentCoding(header: string): ContentCoding | undefined {
  const name = header.trim().toLowerCase();
  if (CODINGS.has(name)) return CODINGS.get(name);
  throw new HttpError("unsupported_media_type", {
    reason: "Content-Encoding takes one of gzip, deflate and identity; leave it out for a body as it is",
    headers: ["Accept-Encoding", "gzip, deflate"],
  });
}
