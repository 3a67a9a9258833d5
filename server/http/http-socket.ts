/**
 * What node:http keeps on a connection's socket and does not show in its types: the parser, and the answer that the
 * connection is at. test/server/http/pipelining.test.ts fails when a new version of Node keeps them elsewhere.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

interface ParsedHeaders extends IncomingMessage {
  /** What follows is not HTTP for this parser. */
  upgrade?: boolean;
}

/** Gets the headers of each request, and says how the parser goes on. */
type OnIncoming = (incoming: ParsedHeaders, keepAlive: boolean) => number;

export interface HttpSocket extends Socket {
  /** The one whose turn it is; answers to later requests stand behind it. */
  readonly _httpMessage?: (ServerResponse & { readonly req: IncomingMessage }) | null;
  readonly parser?: { onIncoming: OnIncoming } | null;
  /** node:http reads nothing for now, since too much waits to be written. */
  readonly _paused?: boolean;
}

/** Makes the parser stop behind the headers; node:http then emits `upgrade`, with the bytes that follow. */
const STOP_HERE = 2;

/**
 * Has `mayPass` decide on each request that the parser of `socket` finds, before node:http makes anything of it. A
 * request that may not pass comes back through `upgrade`, with all bytes that were read behind it.
 */
export function watchRequests(socket: HttpSocket, mayPass: (asksForUpgrade: boolean) => boolean): void {
  const { parser } = socket;
  if (parser === undefined || parser === null) throw new TypeError("a connection of node:http has a parser");
  const { onIncoming } = parser;
  parser.onIncoming = (incoming, keepAlive) => {
    if (incoming.method === "CONNECT") return onIncoming(incoming, keepAlive);
    const passes = mayPass(incoming.upgrade === true);
    incoming.upgrade = !passes;
    return passes ? onIncoming(incoming, keepAlive) : STOP_HERE;
  };
}

/** The bytes of a request's headers, as good as they came. */
export function headBytes({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  let head = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let i = 0; i < rawHeaders.length; i += 2) head += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`;
  return Buffer.from(`${head}\r\n`, "latin1");
}
