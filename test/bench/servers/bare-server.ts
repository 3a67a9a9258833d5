/**
 * The yardstick: what node:http takes for the same requests with nothing behind it. POST reads the body and answers
 * 201, GET answers with a message, GET /wait answers with the next body that is posted to /wake. Tells its port to
 * its parent.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const MESSAGE_BYTES = 100;
const MESSAGE = Buffer.from(process.argv[2] ?? "").toString("latin1") || "x".repeat(MESSAGE_BYTES);

let waiting: ServerResponse[] = [];
/** Posted while nobody waited. */
let kept: string | undefined;

function takeBody(incoming: IncomingMessage, take: (body: string) => void): void {
  let body = "";
  incoming.on("data", (piece: Buffer) => {
    body += piece.toString("latin1");
  });
  incoming.on("end", () => take(body));
}

function answer(outgoing: ServerResponse, status: number, body: string): void {
  outgoing.writeHead(status, { "content-length": body.length });
  outgoing.end(body, "latin1");
}

function wait(outgoing: ServerResponse): void {
  if (kept === undefined) waiting.push(outgoing);
  else answer(outgoing, 200, kept);
  kept = undefined;
}

function wake(body: string): void {
  const woken = waiting;
  waiting = [];
  for (const waiter of woken) answer(waiter, 200, body);
  if (woken.length === 0) kept = body;
}

const server = createServer((incoming, outgoing) => {
  if (incoming.method === "GET") {
    if (incoming.url === "/wait") wait(outgoing);
    else answer(outgoing, 200, MESSAGE);
  } else if (incoming.url === "/wake") {
    takeBody(incoming, (body) => {
      answer(outgoing, 201, "");
      wake(body);
    });
  } else {
    incoming.on("data", () => {});
    incoming.on("end", () => answer(outgoing, 201, ""));
  }
});
server.listen(0, "127.0.0.1", () => {
  process.send?.((server.address() as AddressInfo).port);
});
