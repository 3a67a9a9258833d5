/** Places in a topic and names of topics, as callers say them and as they go into a URL. */
import { NetlogClientError } from "./errors.ts";

/**
 * An offset; `first`, `last` (the newest message) or `end` (the next one to be written); a duration such as `1h`, an
 * RFC 3339 time or a Date: the first message that is not older.
 */
export type Offset = number | string | Date;

export function spellOffset(offset: Offset): string {
  return offset instanceof Date ? offset.toISOString() : String(offset);
}

const TOPIC_NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,254}$/;

/** Checked before it becomes part of a URL: `..` would be another one. @throws invalid_topic_name. */
export function requireTopicName(name: string): string {
  if (TOPIC_NAME.test(name)) return name;
  const rule = "1 to 255 of A-Z a-z 0-9 . _ -, not beginning with . or -";
  throw new NetlogClientError("invalid_topic_name", `"${name}" is no name for a topic: ${rule}`, {
    reason: rule,
    isUndone: true,
  });
}
