/** Where requests come in: their syntax is checked, then they go through the door of their path. */
import { NetlogError } from "../../lib/index.ts";
import { parseTarget, partsAsMeant } from "../wire/target.ts";
import { fail, handle, tellMethods } from "./dispatch.ts";
import type { Door } from "./door.ts";
import type { Exchange } from "./exchange.ts";
import type { Request } from "./request.ts";

/** The doors of a server. */
export interface Doors {
  /** Takes what no other door owns, and answers for what has no path. */
  readonly main: Door;
  readonly others: readonly Door[];
}

/** A name or an address, with a port or without. A comma would be a second Host: see http-server.ts. */
const HOST = /^(?:[\w.~!$&'()*+;=%-]*|\[[\da-f:.]+\])(?::\d*)?$/i;

/** The last Host that was well formed, for a server is called by the same one again and again. */
let knownHost: string | undefined;

/** Takes a request that came in. */
export function accept(doors: Doors, exchange: Exchange): void {
  let door: Door | undefined;
  try {
    const { method, url } = exchange.request;
    checkHost(exchange.request);
    checkTransferEncoding(exchange.request);
    if (url === "*" && method === "OPTIONS") {
      door = doors.main;
      tellMethods(door, exchange);
      return;
    }
    exchange.target = parseTarget(url);
    const { parts } = exchange.target;
    const ownDoor = doorOf(doors, parts);
    door = ownDoor;
    exchange.topicName = door.topicNameOf(parts);
    const found = door.find(exchange);
    if (found instanceof Promise) {
      found.then(
        (later) => handle(ownDoor, exchange, later),
        (error: unknown) => fail(ownDoor, exchange, error),
      );
    } else {
      handle(door, exchange, found);
    }
  } catch (error) {
    fail(door ?? doorOf(doors, partsAsMeant(exchange.request.url)), exchange, error);
  }
}

function doorOf({ main, others }: Doors, parts: readonly string[]): Door {
  for (const door of others) if (door.owns(parts)) return door;
  return main;
}

/**
 * One well-formed Host and no more, which HTTP/1.0 may leave out. The server joins repeated headers: a proxy in front
 * of it may have taken either one for the only one.
 */
function checkHost(request: Request): void {
  const host = request.header("host");
  if (host === undefined ? request.minorVersion === 0 : host === knownHost) return;
  if (host !== undefined && HOST.test(host)) {
    knownHost = host;
    return;
  }
  throw new NetlogError("bad_request", { reason: troubleOf(host) });
}

function troubleOf(host: string | undefined): string {
  if (host === undefined) return "there is no Host header; send one";
  if (host.includes(",")) return "there is more than one Host header; send one";
  return "the Host header is malformed; it takes a name or an address, and may have a port";
}

/** Node unpacks chunks and no other coding around them: the server would store such a body in its packed form. */
function checkTransferEncoding(request: Request): void {
  const encoding = request.header("transfer-encoding");
  if (encoding === undefined || encoding.toLowerCase() === "chunked") return;
  throw new NetlogError("bad_request", { reason: "Transfer-Encoding takes chunked and nothing else" });
}
