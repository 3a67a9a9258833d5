/** What a failed request means: the server's refusal, the answer of another program, or a connection that failed. */
import { NetlogClientError } from "./errors.ts";
import { DIGITS, headerFlag, headerNumber } from "./headers.ts";
import type { ClientRuntime } from "./runtime.ts";

/** Server errors with which it has surely done nothing; the other 5xx leave it open. */
const NOTHING_DONE: ReadonlySet<string> = new Set(["topic_unavailable", "shutting_down", "storage_full"]);
const QUOTED_LENGTH = 200;
/** Only a connection that is being made fails so: by undici, and by versions of Bun, which tell no system call. */
const NOT_CONNECTED: ReadonlySet<string> = new Set([
  "UND_ERR_CONNECT_TIMEOUT",
  "ECONNREFUSED",
  "ConnectionRefused",
]);

/** By Node, when something else than TLS came in answer to a handshake. */
const NO_TLS: ReadonlySet<string> = new Set([
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "ERR_SSL_PACKET_LENGTH_TOO_LONG",
]);
const AUTHORITY = "; Node takes the file of a further authority from NODE_EXTRA_CA_CERTS";
/** Codes of a certificate that does not fit this server, and what helps. Nothing was sent. */
const UNTRUSTED: ReadonlyMap<string, string> = new Map([
  ["DEPTH_ZERO_SELF_SIGNED_CERT", AUTHORITY],
  ["SELF_SIGNED_CERT_IN_CHAIN", AUTHORITY],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", AUTHORITY],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", AUTHORITY],
  ["CERT_HAS_EXPIRED", ""],
  ["ERR_TLS_CERT_ALTNAME_INVALID", ""],
]);

/** The error of an answer that is no success. `what` is the request, for the message. */
export function refusal(
  what: string,
  response: Response,
  body: Uint8Array,
  runtime: ClientRuntime,
): NetlogClientError {
  const { status, headers } = response;
  const { code, reason } = parseRefusal(headers, body);
  const retryAfterMs = parseRetryAfter(headers.get("Retry-After"), runtime.now());
  if (code === undefined) {
    return new NetlogClientError("unexpected_answer", `${what}: ${foreignAnswer(response, body)}`, {
      status,
      retryAfterMs,
      isUndone: status >= 400 && status < 500,
    });
  }
  const text = code.replaceAll("_", " ");
  return new NetlogClientError(code, `${what}: ${text}${reason === undefined ? "" : `, ${reason}`}`, {
    status,
    reason,
    offset: headerNumber(headers, "X-Offset"),
    nextOffset: headerNumber(headers, "X-Next-Offset"),
    firstOffset: headerNumber(headers, "X-First-Offset"),
    retryAfterMs,
    isClosed: headerFlag(headers, "X-Closed"),
    hasMore: headerFlag(headers, "X-More"),
    isUndone: status < 500 || NOTHING_DONE.has(code),
  });
}

/**
 * The error of a request that got no whole answer; `cause` is what fetch or the body threw. `isFirst`: nothing has been
 * answered there before.
 */
export function connectionError(what: string, cause: unknown, isFirst: boolean): NetlogClientError {
  const inner = innermost(cause);
  const text = [...new Set(inner.map(textOf))].join(", ");
  const undone = { isUndone: true, cause };
  if (isRefused(cause))
    return new NetlogClientError("unreachable", `${what}: no connection (${text})`, undone);
  const code = codeOf(inner[0]);
  if (NO_TLS.has(code)) {
    const told = "what answers there does not speak TLS: give a URL that begins with http://";
    return new NetlogClientError("unexpected_answer", `${what}: ${told}`, undone);
  }
  const hint = UNTRUSTED.get(code);
  if (hint !== undefined) {
    const told = `the certificate of the server is not trusted (${text})${hint}`;
    return new NetlogClientError("unexpected_answer", `${what}: ${told}`, undone);
  }
  // A server that waits for a TLS handshake hangs up.
  const mayNeedTls = isFirst && what.includes(" http://");
  const told = mayNeedTls ? "; where the server speaks TLS, its URL begins with https://" : "";
  return new NetlogClientError("connection_lost", `${what}: the connection failed (${text})${told}`, {
    cause,
  });
}

interface Refusal {
  /** `undefined`: the answer is not from a netlog. */
  readonly code: string | undefined;
  readonly reason: string | undefined;
}

function parseRefusal(headers: Headers, body: Uint8Array): Refusal {
  let told: { readonly error?: unknown; readonly reason?: unknown } = {};
  try {
    told = Object(JSON.parse(new TextDecoder().decode(body))) as typeof told;
  } catch {
    // HEAD has no body, and a proxy's page is no JSON.
  }
  const named = typeof told.error === "string" ? /^netlog: (.+)$/.exec(told.error)?.[1] : undefined;
  const code = headers.get("X-Netlog-Error") ?? named?.replaceAll(" ", "_");
  return { code, reason: typeof told.reason === "string" ? told.reason : undefined };
}

function foreignAnswer({ status, headers, type }: Response, body: Uint8Array): string {
  if (type === "opaqueredirect" || (status >= 300 && status < 400)) {
    const location = headers.get("Location");
    return `redirected${location === null ? "" : ` to ${location}`}; give the client the server's own URL`;
  }
  const text = new TextDecoder().decode(body.subarray(0, QUOTED_LENGTH)).trim();
  return `${status}, but not from netlog${text === "" ? "" : `: ${text}`}`;
}

/** Seconds, or a date. */
function parseRetryAfter(text: string | null, nowMs: number): number | undefined {
  if (text === null) return undefined;
  if (DIGITS.test(text)) return Number(text) * 1000;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}

interface SystemError {
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly errors?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
}

/**
 * True when the connection was never made, so that nothing can have been sent. Node tells the system call (undici
 * wraps it), Bun a code, Deno a text; browsers tell nothing.
 */
function isRefused(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { code, syscall, errors, message, cause } = error as SystemError;
  if (syscall === "connect" || syscall === "getaddrinfo") return true;
  if (typeof code === "string" && NOT_CONNECTED.has(code)) return true;
  if (typeof message === "string" && message.includes("client error (Connect)")) return true;
  if (Array.isArray(errors)) return errors.length > 0 && errors.every(isRefused);
  return isRefused(cause);
}

/** What stands at the bottom of an error: several errors where several addresses were tried. */
function innermost(error: unknown): unknown[] {
  if (!(error instanceof Error)) return [error];
  if (error.cause instanceof Error) return innermost(error.cause);
  const all: unknown = "errors" in error ? error.errors : undefined;
  return Array.isArray(all) && all.length > 0 ? all : [error];
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): string {
  return String(Object(error).code);
}
