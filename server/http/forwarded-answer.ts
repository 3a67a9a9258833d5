/** The answer of another server as this one gives it: a small one whole, every other one piece by piece. */
import type { IncomingMessage } from "node:http";
import type { AnyAnswer, Outlet } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import { headersBrought } from "./forward-headers.ts";

/** So large an answer goes on in one piece. */
const WHOLE_BYTES = 64 * 1024;

/** Statuses behind which the connection is of no more use: see ERROR_TABLE. */
export const CLOSING: ReadonlySet<number> = new Set([408, 413]);

/** @throws what the connection to the other server throws. */
export async function answerBrought(
  exchange: Exchange,
  incoming: IncomingMessage,
  origin: string,
): Promise<AnyAnswer> {
  const status = incoming.statusCode ?? 500;
  const headers = headersBrought(exchange, incoming, origin);
  const { request, context } = exchange;
  // The client may list all topics next, by way of this server.
  if (request.method === "DELETE") await context.netlog.neighbours?.lookAgain(exchange.topicName);
  const length = incoming.headers["content-length"];
  const hasNoBody = request.method === "HEAD" || status === 204 || status === 304;
  if (hasNoBody || (length !== undefined && Number(length) <= WHOLE_BYTES)) {
    const body = await wholeBody(incoming);
    return { kind: "plain", status, headers, body, closes: CLOSING.has(status) };
  }
  request.onClose(() => incoming.destroy());
  return {
    kind: "stream",
    status,
    headers,
    stream: (outlet) => passOn(incoming, outlet),
    // Those that the other server sends are enough.
    heartbeat: () => undefined,
  };
}

async function wholeBody(incoming: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece as Buffer);
  return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
}

/** What breaks off there breaks off here. */
async function passOn(incoming: IncomingMessage, outlet: Outlet): Promise<void> {
  // A whole answer has given its connection back.
  outlet.whileWaiting(() => incoming.complete || incoming.socket.end());
  try {
    for await (const piece of incoming) {
      if (!(await outlet.write(piece as Buffer))) {
        incoming.destroy();
        return;
      }
    }
  } catch {
    outlet.cut();
    return;
  }
  outlet.end();
}
