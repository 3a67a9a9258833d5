/**
 * What the headers of a publish say of its message: key, content type, and headers that are kept with it. Most requests
 * have none of these, so the first two letters of a header decide.
 */
import { type Header, type MessageFields, NetlogError, parseKey } from "../../lib/index.ts";
import type { Request } from "../http/request.ts";

const KEY = "x-key";
const TRACE_NAMES: readonly string[] = ["traceparent", "tracestate"];
/** What curl sends by default says nothing of a payload, and neither does the type of any bytes. */
const UNKEPT_TYPES: readonly string[] = ["application/x-www-form-urlencoded", "application/octet-stream"];

/** The last type that was looked at, which is the next one most of the time. */
const lastType: { sent: string; kept: string | undefined } = { sent: "", kept: undefined };

const CASE_BIT = 0x20;
/** The two first letters of all these names, in lower case; the case bit is set in a dash as well. */
const BEGINNINGS: ReadonlySet<number> = new Set(["x-", "ce", "tr"].map(beginningOf));

/** `keyParameter` is `key=` of the query. What of it a message may have is the engine's to say. @throws bad_request. */
export function readFields(request: Request, keyParameter: string | undefined): MessageFields | undefined {
  const contentType = keptType(request.header("content-type"));
  const sent = sentHeaders(request.headerPairs);
  if (contentType === undefined && sent === undefined && keyParameter === undefined) return undefined;
  const key = sent?.key ?? keyParameter;
  if (keyParameter !== undefined && keyParameter !== key)
    throw badRequest("X-Key and key= differ; send one of them");
  return {
    ...(key === undefined ? {} : { key }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(sent === undefined || sent.headers.length === 0 ? {} : { headers: sent.headers }),
  };
}

/** Messages of a batch or a stream bring fields of their own, or have none. @throws bad_request. */
export function refuseFields({ headerPairs }: Request): void {
  const sent = sentHeaders(headerPairs);
  if (sent === undefined) return;
  const [name] = sent.headers.find(([each]) => !TRACE_NAMES.includes(each)) ?? [];
  if (sent.key === undefined && name === undefined) return;
  throw badRequest(
    `${name ?? "X-Key"} says something of a single message; here each message brings its own: ` +
      "in a JSON batch as key, content_type and headers",
  );
}

interface SentHeaders {
  key: string | undefined;
  readonly headers: Header[];
}

/** `undefined`: there are none. @throws bad_request. */
function sentHeaders(pairs: readonly string[]): SentHeaders | undefined {
  let sent: SentHeaders | undefined;
  for (let i = 0; i < pairs.length; i += 2) {
    if (!BEGINNINGS.has(beginningOf(pairs[i]!))) continue;
    const name = pairs[i]!.toLowerCase();
    const value = pairs[i + 1]!;
    if (name === KEY) {
      sent ??= { key: undefined, headers: [] };
      if (sent.key !== undefined) throw badRequest("X-Key is there twice; a message has one key");
      sent.key = readKey(value);
    } else if (isKept(name)) {
      sent ??= { key: undefined, headers: [] };
      sent.headers.push([name, value]);
    }
  }
  return sent;
}

function beginningOf(name: string): number {
  return ((name.charCodeAt(0) | CASE_BIT) << 8) | name.charCodeAt(1) | CASE_BIT;
}

function isKept(name: string): boolean {
  return name.startsWith("x-meta-") || name.startsWith("ce-") || TRACE_NAMES.includes(name);
}

function readKey(spelled: string): string {
  const key = parseKey(spelled);
  if (key !== undefined) return key;
  throw badRequest("X-Key takes visible ASCII; percent-encode everything else, and % itself, as UTF-8");
}

/** `undefined`: it says nothing of the payload. */
function keptType(contentType: string | undefined): string | undefined {
  if (contentType === undefined || contentType === "") return undefined;
  if (contentType !== lastType.sent) {
    const mediaType = (contentType.split(";", 1)[0] ?? "").trim().toLowerCase();
    lastType.kept = UNKEPT_TYPES.includes(mediaType) ? undefined : contentType;
    lastType.sent = contentType;
  }
  return lastType.kept;
}

function badRequest(reason: string): NetlogError {
  return new NetlogError("bad_request", { reason });
}
