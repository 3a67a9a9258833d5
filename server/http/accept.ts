/** Where requests come in: their syntax is checked, then they go to their row of the route table. */
import type { IncomingMessage } from "node:http";
import { NetlogError } from "../../lib/index.ts";
import { routeByApp } from "../netlog/app.ts";
import { ALLOW_ALL, findHotResource } from "../netlog/routes.ts";
import { parseTarget } from "../wire/target.ts";
import { admit } from "./admission.ts";
import { emptyAnswer } from "./answer.ts";
import { fail, finish, handle, passGate } from "./dispatch.ts";
import type { Exchange } from "./exchange.ts";

/** Takes a request that came in: to its row at once where that is a hot one, else through the app. */
export function accept(exchange: Exchange): void {
  try {
    const { method, url = "" } = exchange.incoming;
    checkHost(exchange.incoming);
    checkTransferEncoding(exchange.incoming);
    if (url === "*" && method === "OPTIONS") {
      passGate(exchange);
      admit(exchange, "nothing");
      finish(exchange, emptyAnswer(204, ["Allow", ALLOW_ALL]));
      return;
    }
    exchange.target = parseTarget(url);
  } catch (error) {
    fail(exchange, error);
    return;
  }
  const hot = findHotResource(exchange.target.parts);
  if (hot !== undefined) handle(exchange, hot);
  else routeByApp(exchange).catch((error: unknown) => fail(exchange, error));
}

/**
 * One Host and no more, which HTTP/1.0 may leave out. The server joins repeated headers: whoever stands in front of
 * it may have taken either one for the only one.
 */
function checkHost({ headers, httpVersionMinor }: IncomingMessage): void {
  const { host } = headers;
  if (host === undefined ? httpVersionMinor === 0 : !host.includes(",")) return;
  const reason = host === undefined ? "there is no Host header" : "there is more than one Host header";
  throw new NetlogError("bad_request", { reason });
}

/** Node unpacks chunks and no other coding that may lie around them: such a body would be stored as nobody meant it. */
function checkTransferEncoding({ headers }: IncomingMessage): void {
  const encoding = headers["transfer-encoding"];
  if (encoding === undefined || encoding.toLowerCase() === "chunked") return;
  throw new NetlogError("bad_request", { reason: "Transfer-Encoding takes chunked and nothing else" });
}
