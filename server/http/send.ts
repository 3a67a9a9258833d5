/**
 * Writes an answer, in one go where the request's body was taken. A body that the handler did not take must not be read as
 * the connection's next request: a short one is dropped, behind a longer one the connection is closed, but not
 * before the client had a chance to see the answer.
 */
import type { OutgoingHttpHeader, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Answer, StreamAnswer } from "./answer.ts";
import { declaredBytes } from "./body.ts";
import { corsHeaders } from "./cors.ts";
import type { Progress } from "./idle-watch.ts";
import { onMalformedBody } from "./malformed.ts";
import type { NodeSide } from "./node-side.ts";
import { SocketOutlet } from "./outlet.ts";
import { Pace } from "./pace.ts";
import { cutWhenStalled } from "./reader-watch.ts";
import type { StreamWatch } from "./request.ts";
import { givenId } from "./request-log.ts";

/** Payloads up to this size are worth a copy to save a writev. */
const JOINED_BYTES = 16 * 1024;

/** Bytes that are dropped come slower than those that are wanted: there may be many such connections. */
const DROPPED_TURN_BYTES = 32 * 1024;

type WriteCallback = (error: Error | null | undefined) => void;

/** Writes `answer`, and tells it how it ended. */
export function send(request: NodeSide, answer: Answer): void {
  const { incoming, outgoing } = request;
  const settle = answer.kind === "delivery" ? answer.settle : undefined;
  if (settle !== undefined) request.onClose(() => settle(false));
  const onWritten: WriteCallback | undefined =
    settle && ((error) => settle(error == null && isAlive(incoming.socket)));
  const hasUnreadBody = !request.isBodyTaken && !incoming.complete && declaredBytes(incoming) !== 0;
  const closes = (answer.kind === "plain" && answer.closes === true) || request.connection.isSurplus;
  const lingers = hasUnreadBody && (closes || !canSkipBody(request));
  writeHead(request, answer, lingers || closes);
  const { body, moreBody = [] } = answer;
  if (moreBody.length === 0) {
    if (body.length > 0) writeBody(outgoing, body, onWritten);
  } else if (lingers) {
    outgoing.write(Buffer.concat([body as Buffer, ...moreBody]), onWritten);
  } else {
    void writeInTurn(request, [body, ...moreBody], onWritten);
    cutWhenStalled(request);
    if (hasUnreadBody) skipBody(request);
    return;
  }
  if (lingers) {
    outgoing.flushHeaders();
    linger(request);
    return;
  }
  // The body goes out here, alone: end() would put an empty piece behind it, and make of both a writev.
  outgoing.socket?.uncork();
  outgoing.end();
  if (incoming.socket.writableLength > 0) cutWhenStalled(request);
  if (hasUnreadBody) skipBody(request);
}

/** False once a write has failed, which a socket tells before it is destroyed. */
function isAlive(socket: Socket): boolean {
  return !socket.destroyed && socket.errored === null;
}

/** Writes the headers of `answer` at once, and has it write its body. */
export function sendStream(request: NodeSide, answer: StreamAnswer, watch: StreamWatch): void {
  const { incoming, outgoing } = request;
  const hasUnreadBody = !incoming.complete && declaredBytes(incoming) !== 0;
  writeHead(request, answer, hasUnreadBody);
  outgoing.flushHeaders();
  if (hasUnreadBody) skipBody(request);
  const outlet = new SocketOutlet(request, answer.heartbeat, watch);
  answer.stream(outlet).catch((error: unknown) => {
    watch.noteFailure(error);
    outlet.cut();
  });
}

/** With what the connection adds to the headers of the answer. */
function writeHead(
  { incoming, outgoing, context, connection }: NodeSide,
  { status, headers }: Pick<Answer, "status" | "headers">,
  closes: boolean,
): void {
  const id = givenId(incoming.headers["x-request-id"] as string | undefined);
  if (id !== undefined && !hasHeader(headers, "X-Request-Id")) headers.push("X-Request-Id", id);
  if (closes || (context.isStopping && !connection.hasOverlap)) headers.push("Connection", "close");
  if (context.gate.hasAllowedOrigins) headers.push(...corsHeaders(context.gate, incoming.headers, headers));
  outgoing.writeHead(status, headers as unknown as OutgoingHttpHeader[]);
}

/** Values are not looked at: they may be anybody's. */
function hasHeader(headers: readonly string[], name: string): boolean {
  return headers.some((each, place) => place % 2 === 0 && each === name);
}

/**
 * Node joins a text with the headers into one write, bytes go beside them in a writev, which takes twice the CPU of the
 * rest of a scan (`npm run bench`, scan): so small payloads go as latin1 text, byte for byte.
 */
function writeBody(outgoing: ServerResponse, body: string | Buffer, onWritten?: WriteCallback): void {
  if (typeof body === "string") outgoing.write(body, onWritten);
  else if (body.length <= JOINED_BYTES) outgoing.write(body.toString("latin1"), "latin1", onWritten);
  else outgoing.write(body, onWritten);
}

/** Writes the pieces of a body one after the other, each when the network has taken the one before, and ends it. */
async function writeInTurn(
  { outgoing, context }: NodeSide,
  pieces: readonly (string | Buffer)[],
  onWritten: WriteCallback = () => {},
): Promise<void> {
  let error: Error | null | undefined;
  for (const piece of pieces) {
    if (piece !== pieces[0]) await context.runtime.pause();
    error = await new Promise<typeof error>((resolve) => outgoing.write(piece, resolve));
    if (error != null) break;
  }
  onWritten(error);
  outgoing.end();
}

/** Whether what is left of the body is worth reading for the sake of the connection. */
function canSkipBody({ incoming, awaitsContinue, context }: NodeSide): boolean {
  const declared = declaredBytes(incoming);
  return declared !== undefined && declared <= context.limits.skippedBodyBytes && !awaitsContinue;
}

/** Drops the rest of the body; when it does not come, the connection is no good any more. */
function skipBody({ incoming, context }: NodeSide): void {
  const progress: Progress = {
    hasMoved: true,
    giveUp: () => incoming.socket.destroy(),
  };
  context.watch.add(progress);
  incoming.once("close", () => context.watch.remove(progress));
  incoming.on("data", () => {
    progress.hasMoved = true;
  });
  incoming.resume();
}

/**
 * Behind an answer that was sent: goes on taking the body for a while before the connection is closed. Closed at once,
 * with bytes unread, the client's system would throw away the answer together with the connection.
 */
function linger({ incoming, outgoing, context }: NodeSide): void {
  const { limits, runtime } = context;
  const timer = runtime.setTimer(limits.lingerMs, () => outgoing.end());
  onMalformedBody(outgoing, () => outgoing.end());
  incoming.once("close", () => {
    timer.cancel();
    outgoing.end();
  });
  let droppedBytes = 0;
  const goOn = (): void => {
    if (droppedBytes <= limits.lingerBytes) incoming.resume();
  };
  const pace = new Pace(incoming, (bytes) => runtime.pause(bytes), goOn, DROPPED_TURN_BYTES);
  incoming.on("data", (chunk: Buffer) => {
    droppedBytes += chunk.length;
    pace.add(chunk.length);
    if (droppedBytes > limits.lingerBytes) incoming.pause();
  });
  incoming.resume();
}
