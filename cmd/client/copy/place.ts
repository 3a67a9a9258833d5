/** What `netlog copy` copies from and to, as it is written on the command line. */
import { UsageError } from "../../cli/usage-error.ts";
import { parseServerUrl } from "../call/connection.ts";

export type Place =
  | { readonly kind: "topic"; readonly server: string | undefined; readonly name: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "pipe" };

/** Files are written with a slash, for a topic may be called `demo.ndjson`. */
export const PLACE_RULE =
  "a topic, http://server/topic, a file with a slash such as ./demo.ndjson, or - for a pipe";

const FILE_ENDING = /\.(ndjson|jsonl|json|lines|txt|log|frames)$/;

/** @throws UsageError for a URL without a topic, and for what is probably meant to be a file. */
export function parsePlace(text: string): Place {
  if (text === "-") return { kind: "pipe" };
  if (/^https?:\/\//i.test(text)) return parseTopicUrl(text);
  if (text.includes("/")) return { kind: "file", path: text };
  if (!FILE_ENDING.test(text)) return { kind: "topic", server: undefined, name: text };
  throw new UsageError(
    `"${text}" may be a file or a topic: write ./${text} for the file, http://server/${text} for the topic`,
  );
}

function parseTopicUrl(text: string): Place {
  const server = parseServerUrl(text);
  const slash = server?.lastIndexOf("/") ?? -1;
  const base = server?.slice(0, slash) ?? "";
  const name = decoded(server?.slice(slash + 1) ?? "");
  if (name === undefined || !/^https?:\/\/[^/]/i.test(base)) {
    throw new UsageError(`"${text}" is no topic's URL; it takes one such as http://localhost:7200/demo`);
  }
  return { kind: "topic", server: base, name };
}

/** `undefined` for a percent sign that begins nothing. */
function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

export function placeText(place: Place): string {
  if (place.kind === "pipe") return "-";
  if (place.kind === "file") return place.path;
  return place.server === undefined ? place.name : `${place.server}/${place.name}`;
}
