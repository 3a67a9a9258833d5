/**
 * The headers of a publish that say something of its message, or of how it is to be stored. Most requests have none of
 * them, so the first two letters of a header decide.
 */
import {
  type Header,
  keptContentType,
  type MessageFields,
  type NetlogError,
  parseKey,
} from "../../lib/index.ts";
import type { Request } from "../http/request.ts";
import { badRequest } from "../wire/errors.ts";

/** Headers that say how a message is to be stored: see publish-terms.ts. */
export type TermName =
  | "Idempotency-Key"
  | "Producer-Id"
  | "Producer-Epoch"
  | "Producer-Seq"
  | "X-Expected-Offset";

/** By their names in lower case. */
const TERMS: ReadonlyMap<string, TermName> = new Map(
  (["Idempotency-Key", "Producer-Id", "Producer-Epoch", "Producer-Seq", "X-Expected-Offset"] as const).map(
    (name) => [name.toLowerCase(), name],
  ),
);
const KEY = "x-key";
const TYPE = "content-type";
const TRACE_NAMES: readonly string[] = ["traceparent", "tracestate"];

const CASE_BIT = 0x20;
/** The two first letters of all these names, in lower case; the case bit is set in a dash as well. */
const BEGINNINGS: ReadonlySet<number> = new Set(["x-", "ce", "tr", "id", "pr"].map(beginningOf));

export interface SentHeaders {
  readonly key: string | undefined;
  /** Names in lower case. */
  readonly headers: readonly Header[];
  /** Values as they were sent. */
  readonly terms: ReadonlyMap<TermName, string> | undefined;
}

/** `undefined`: there are none. @throws bad_request. */
export function readSentHeaders({ headerPairs }: Request): SentHeaders | undefined {
  let sent: Collected | undefined;
  for (let i = 0; i < headerPairs.length; i += 2) {
    if (!BEGINNINGS.has(beginningOf(headerPairs[i]!))) continue;
    const name = headerPairs[i]!.toLowerCase();
    const term = TERMS.get(name);
    if (name !== KEY && term === undefined && !isKept(name)) continue;
    sent ??= { key: undefined, headers: [], terms: undefined };
    const value = headerPairs[i + 1]!;
    if (name === KEY) {
      if (sent.key !== undefined) throw twice("X-Key");
      sent.key = readKey(value);
    } else if (term === undefined) {
      sent.headers.push([name, value]);
    } else {
      sent.terms ??= new Map();
      if (sent.terms.has(term)) throw twice(term);
      sent.terms.set(term, value);
    }
  }
  return sent;
}

interface Collected {
  key: string | undefined;
  readonly headers: Header[];
  terms: Map<TermName, string> | undefined;
}

/**
 * Key, content type and headers of a single message; `keyParameter` is `key=` of the query. The engine says which of
 * them a message may have. @throws bad_request.
 */
export function messageFields(
  request: Request,
  sent: SentHeaders | undefined,
  keyParameter: string | undefined,
): MessageFields | undefined {
  const contentType = sentType(request);
  if (contentType === undefined && sent === undefined && keyParameter === undefined) return undefined;
  const key = sent?.key ?? keyParameter;
  if (keyParameter !== undefined && keyParameter !== key)
    throw badRequest("X-Key and key= differ; send one of them");
  return { key, contentType, headers: sent?.headers };
}

/** Messages of a batch or a stream bring fields of their own, or have none. @throws bad_request. */
export function refuseFields(sent: SentHeaders | undefined): void {
  if (sent === undefined) return;
  const [name] = sent.headers.find(([each]) => !TRACE_NAMES.includes(each)) ?? [];
  if (sent.key === undefined && name === undefined) return;
  throw badRequest(
    `${name ?? "X-Key"} says something of a single message; here each message brings its own: ` +
      "in a JSON batch as key, content_type and headers",
  );
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

/** `undefined`: the request says nothing of the payload. @throws bad_request. */
function sentType(request: Request): string | undefined {
  const contentType = request.header(TYPE);
  if (contentType === undefined || contentType === "") return undefined;
  // Two headers come joined by a comma.
  if (contentType.includes(",")) {
    const isType = (name: string, place: number): boolean => place % 2 === 0 && name.toLowerCase() === TYPE;
    if (request.headerPairs.filter(isType).length > 1) throw twice("Content-Type");
  }
  return keptContentType(contentType);
}

function twice(name: string): NetlogError {
  return badRequest(`${name} is there twice; send one`);
}
