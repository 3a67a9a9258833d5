/**
 * The filter of a list of messages. `key:order-7` is read by the server, which passes over all other messages; each
 * other word has to stand in the payload, the key or a header, in upper or lower case. Quotes hold words together.
 */
import type { Row } from "./rows.ts";

export interface Filter {
  /** For the API's `key`; any of them. */
  readonly keys: readonly string[];
  /** In lower case; all of them. */
  readonly words: readonly string[];
}

export const NO_FILTER: Filter = { keys: [], words: [] };

const PART = /(key:)?(?:"([^"]*)"?|(\S+))/gi;

export function parseFilter(text: string): Filter {
  const keys: string[] = [];
  const words: string[] = [];
  for (const [, isKey, quoted, plain] of text.matchAll(PART)) {
    const part = quoted ?? plain ?? "";
    // What is typed up to `key:` is a key to come.
    if (part === "" || part === "key:") continue;
    if (isKey === undefined) words.push(part.toLowerCase());
    else keys.push(part);
  }
  return { keys, words };
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Gaps and damage are shown whatever the filter: they say what the list cannot know. */
export function matches({ words }: Filter, row: Row): boolean {
  if (row.kind !== "message" || words.length === 0) return true;
  const { key = "", payload, headers } = row.message;
  const beside = [key, ...Object.entries(headers).flat()].join("\n").toLowerCase();
  let text: string | undefined;
  return words.every((word) => {
    if (beside.includes(word)) return true;
    text ??= decoder.decode(payload).toLowerCase();
    return text.includes(word);
  });
}
