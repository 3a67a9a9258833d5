/**
 * Which headers a request takes along to the server that has its topic, and which its answer brings back. Each side of
 * the front speaks HTTP for itself: what concerns one connection stays there.
 */
import type { IncomingMessage } from "node:http";
import type { Exchange } from "./exchange.ts";

/** Says that a server sent the request on, so that none sends it on a second time. It gives no rights. */
export const FORWARDED = "x-netlog-forwarded";

const OF_ONE_CONNECTION = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "upgrade",
] as const;

/** The front has checked host and page of the request; the other two it writes itself. */
const NOT_SENT: ReadonlySet<string> = new Set([
  ...OF_ONE_CONNECTION,
  "expect",
  "transfer-encoding",
  "host",
  "origin",
  "access-control-request-method",
  "access-control-request-headers",
  "sec-fetch-site",
  "sec-fetch-mode",
  "sec-fetch-dest",
  "x-forwarded-for",
  "x-forwarded-proto",
  FORWARDED,
]);

/** What a relayed request says beside its headers. */
const NOT_RELAYED: ReadonlySet<string> = new Set([...NOT_SENT, "content-length"]);
/** Names that were seen, in lower case; `undefined`: they are not relayed. Clients choose names, so they are bounded. */
const relayedNames = new Map<string, string | undefined>();
const MAX_NAMES = 1000;
const MAX_NAME_LENGTH = 64;

/** This server adds its own. */
const NOT_BROUGHT: ReadonlySet<string> = new Set([...OF_ONE_CONNECTION, "transfer-encoding", "date", "vary"]);

/** What goes to the server at `host`: name, value, name, value, … */
export function headersToSend(exchange: Exchange, host: string): string[] {
  const { request } = exchange;
  const headers = ["Host", host, FORWARDED, "1"];
  const { headerPairs } = request;
  for (let i = 0; i < headerPairs.length; i += 2) {
    const name = headerPairs[i] ?? "";
    if (!NOT_SENT.has(name.toLowerCase())) headers.push(name, headerPairs[i + 1] ?? "");
  }
  headers.push("X-Forwarded-For", exchange.client(), "X-Forwarded-Proto", exchange.scheme);
  if (request.declaredBytes === undefined) headers.push("Transfer-Encoding", "chunked");
  if (request.awaitsContinue) headers.push("Expect", "100-continue");
  return headers;
}

/**
 * What a relayed request takes along: name in lower case, value, … `undefined`: it has to go by HTTP, because a header is there
 * twice, or because its body is packed.
 */
export function headersToRelay({ request: { headerPairs } }: Exchange): string[] | undefined {
  const headers: string[] = [];
  for (let i = 0; i < headerPairs.length; i += 2) {
    const name = relayedName(headerPairs[i] ?? "");
    if (name === undefined) continue;
    if (name === "content-encoding") return undefined;
    for (let each = 0; each < headers.length; each += 2) if (headers[each] === name) return undefined;
    headers.push(name, headerPairs[i + 1] ?? "");
  }
  return headers;
}

function relayedName(given: string): string | undefined {
  if (relayedNames.has(given)) return relayedNames.get(given);
  const lower = given.toLowerCase();
  const name = NOT_RELAYED.has(lower) ? undefined : lower;
  if (relayedNames.size < MAX_NAMES && given.length <= MAX_NAME_LENGTH) relayedNames.set(given, name);
  return name;
}

/** What the answer of the server at `origin` brings to the client. */
export function headersBrought(exchange: Exchange, incoming: IncomingMessage, origin: string): string[] {
  const headers: string[] = [];
  const { rawHeaders } = incoming;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? "";
    const value = rawHeaders[i + 1] ?? "";
    if (NOT_BROUGHT.has(name.toLowerCase())) continue;
    headers.push(name, name === "Location" ? asCalled(exchange, value, origin) : value);
  }
  return headers;
}

/** A URL of the server that answered, as the client would call it by way of this one. */
function asCalled({ request, target, scheme }: Exchange, url: string, origin: string): string {
  const path = url.slice(url.indexOf("/", url.indexOf("//") + 2));
  if (!url.endsWith(`${origin.slice(origin.indexOf("://"))}${path}`)) return url;
  return `${scheme}://${target.authority ?? request.header("host") ?? "localhost"}${path}`;
}
