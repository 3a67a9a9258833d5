/** The content type of a stream, as far as it decides how bytes go in and out. */
import { isJsonType, mediaTypeOf, type Topic } from "../../lib/index.ts";

/** The type of a stream, or a topic, that says none. */
export const UNTYPED = "application/octet-stream";

/** The stream's content type. */
export function typeOf({ settings }: Topic): string {
  return settings.content_type ?? UNTYPED;
}

export function isJson({ settings }: Topic): boolean {
  return isJsonType(settings.content_type);
}

/** An event stream carries it as it is; else as base64. */
export function isText(topic: Topic): boolean {
  return isJson(topic) || typeOf(topic).toLowerCase().startsWith("text/");
}

/** Parameters and case play no part. */
export function isSameType(one: string, other: string): boolean {
  return one === other || mediaTypeOf(one) === mediaTypeOf(other);
}
