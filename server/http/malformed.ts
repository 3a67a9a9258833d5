/** Answers what never became a request: bytes that Node's parser refuses, headers that are too large or too slow. */
import type { OutgoingMessage, ServerResponse } from "node:http";
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { NetlogError } from "../../lib/index.ts";
import { HttpError } from "../wire/errors.ts";
import type { Answer } from "./answer.ts";
import type { Connections } from "./connections.ts";
import type { ServerContext } from "./context.ts";
import { errorAnswer } from "./error-answer.ts";
import type { HttpSocket } from "./http-socket.ts";

/** What these answers need of the server. */
export interface MalformedContext extends Pick<ServerContext, "logger" | "runtime" | "limits"> {
  readonly connections: Pick<Connections, "find">;
}

/** Answers that their handlers give themselves when the body turns out malformed, and how to tell them. */
const toldOnes = new WeakMap<ServerResponse, () => void>();

/** Answers behind which an error is sent. */
const lastOnes = new WeakSet<OutgoingMessage>();

/** Calls `act` when the body of the request that `outgoing` answers is not valid HTTP, or ends too early. */
export function onMalformedBody(outgoing: ServerResponse, act: () => void): void {
  toldOnes.set(outgoing, act);
}

/** For `clientError`, which comes again with each piece that follows a refused one. */
export function refuseMalformed(
  context: MalformedContext,
  error: NodeJS.ErrnoException,
  socket: HttpSocket,
): void {
  if (socket.writableEnded) return;
  const underway = socket._httpMessage;
  const act = underway && toldOnes.get(underway);
  if (act) {
    act();
    if (socket.writable) return;
  }
  // The answer is whole, and may not have left this process yet: it came with the very bytes that are refused.
  if (underway?.writableEnded) {
    finish(context, socket, "");
    return;
  }
  // After an answer began, an error would be taken for a part of it.
  if (!socket.writable || underway?.headersSent === true) {
    socket.destroy();
    return;
  }
  const tell = (): void => refuse(context, socket, errorOf(error.code));
  if (underway?.req.complete === true) tellBehindAnswers(context, socket, tell);
  else tell();
}

/** Requests that were whole get their answers first. */
function tellBehindAnswers({ connections }: MalformedContext, socket: HttpSocket, tell: () => void): void {
  const newest = connections.find(socket)?.newestAnswer;
  if (newest === undefined || lastOnes.has(newest)) return;
  lastOnes.add(newest);
  newest.once("close", () => {
    if (socket.writable) tell();
  });
}

/** For `connect`: a tunnel is asked for. */
export function refuseConnect(context: MalformedContext, socket: HttpSocket): void {
  // node:http has let go of the socket: an error without a listener would end the process.
  socket.on("error", () => {});
  const error = new NetlogError("bad_request", { reason: "CONNECT: this server is no proxy" });
  const tell = (): void => refuse(context, socket, error);
  if ((socket._httpMessage ?? null) === null) tell();
  else tellBehindAnswers(context, socket, tell);
}

function errorOf(code: string | undefined): Error {
  switch (code) {
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return new HttpError("request_timeout");
    case "HPE_HEADER_OVERFLOW":
      return new HttpError("headers_too_large");
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return new NetlogError("payload_too_large", { reason: "too many chunk extensions" });
    default:
      return new NetlogError("bad_request", { reason: "the request is not valid HTTP/1.1, or was cut off" });
  }
}

function refuse(context: MalformedContext, socket: Duplex, error: Error): void {
  const answer = errorAnswer(error);
  context.logger.debug({ status: answer.status, reason: error.message }, "malformed request");
  finish(context, socket, rawAnswer(answer));
}

/** Goes on taking what the client sends for a while: closed at once, its system might drop the answer. */
function finish({ runtime, limits }: MalformedContext, socket: Duplex, rest: string): void {
  socket.end(rest);
  const timer = runtime.setTimer(limits.lingerMs, () => socket.destroy());
  socket.once("close", () => timer.cancel());
}

function rawAnswer({ status, headers, body }: Answer): string {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, `Date: ${new Date().toUTCString()}`];
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  return `${lines.join("\r\n")}\r\nConnection: close\r\n\r\n${body}`;
}
