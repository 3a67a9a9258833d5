/**
 * Sends a request on to the server that has its topic, and brings back the answer: bodies stream both ways, and what the
 * client does to its connection happens to the other one. The front has checked host, page, token and rate; everything
 * behind that is checked where the topic is.
 */
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { AnyAnswer } from "./answer.ts";
import { type BodySource, cutOff } from "./body-source.ts";
import type { Action } from "./door.ts";
import type { Exchange } from "./exchange.ts";
import { FORWARDED, headersToSend } from "./forward-headers.ts";
import { answerBrought } from "./forwarded-answer.ts";
import { ownerBrokeOff, ownerSilent, topicMoves } from "./owner-errors.ts";
import { Pace } from "./pace.ts";
import { relayed } from "./relay.ts";

/**
 * Gives the answer of the server at `origin`; `undefined` when the client has left, or may not wait.
 *
 * @throws topic_unavailable: nothing was done; sync_failed: a write may have been done; bad_request: the body was cut off.
 */
export function forward(
  exchange: Exchange,
  origin: string,
  { isBrief }: Pick<Action, "isBrief">,
): Promise<AnyAnswer | undefined> {
  const { request, context } = exchange;
  if (request.header(FORWARDED) !== undefined) {
    throw topicMoves("the topic changes from one server to another; try again");
  }
  const byHttp = (): Promise<AnyAnswer | undefined> =>
    new Promise((resolve, reject) => new Forward(exchange, origin, { resolve, reject }).begin());
  const relay = context.netlog.neighbours?.relay;
  if (isBrief !== true || relay?.reaches(origin) !== true) return byHttp();
  const job = { relay, origin, target: pathOf(exchange) };
  return relayed(exchange, job).then((answer) => (answer === "by_http" ? byHttp() : answer));
}

interface Outcome {
  readonly resolve: (answer: AnyAnswer | undefined) => void;
  readonly reject: (error: unknown) => void;
}

class Forward {
  readonly #exchange: Exchange;
  readonly #origin: string;
  readonly #outcome: Outcome;
  readonly #there: ClientRequest;
  #source: BodySource | undefined;
  #pace: Pace | undefined;
  /** Bytes of the request may have come to the other server. */
  #hasReached = false;
  /** There is an answer, or there will be none. */
  #isSettled = false;
  #isBodyOver = false;
  /** The other server may end its wait without an answer. */
  #isWaitOver = false;

  constructor(exchange: Exchange, origin: string, outcome: Outcome) {
    this.#exchange = exchange;
    this.#origin = origin;
    this.#outcome = outcome;
    const { request, context } = exchange;
    const { host } = new URL(origin);
    const headers = headersToSend(exchange, host);
    this.#there = context.peers.request(origin, { method: request.method, path: pathOf(exchange), headers });
  }

  begin(): void {
    const { request } = this.#exchange;
    const there = this.#there;
    there.once("socket", (socket) => this.#watchConnect(socket));
    there.once("response", (incoming) => this.#bring(incoming));
    there.on("error", (error) => this.#fail(error));
    there.once("close", () => this.#fail(undefined));
    request.onClose(() => this.#leave());
    if (!this.#exchange.wait(() => this.#endWaiting())) {
      this.#isWaitOver = true;
      there.destroy();
      return;
    }
    if (request.declaredBytes === 0) {
      this.#isBodyOver = true;
      there.end();
    } else {
      this.#sendBody();
    }
    if (this.#isWaitOver) this.#endWaiting();
  }

  /** The client is gone. What was answered before is not touched. */
  #leave(): void {
    if (this.#isSettled) return;
    this.#there.destroy();
  }

  /** The client sends no more, or may not wait: the other server is shown the same, and ends what waits. */
  #endWaiting(): void {
    if (this.#isSettled) return;
    this.#isWaitOver = true;
    if (!this.#isBodyOver) return;
    const there = this.#there;
    if (there.writableFinished) there.socket?.end();
    else there.once("finish", () => there.socket?.end());
  }

  #watchConnect(socket: Socket): void {
    if (!socket.connecting) {
      this.#hasReached = true;
      return;
    }
    const { runtime, limits } = this.#exchange.context;
    const timer = runtime.setTimer(limits.forwardConnectMs, () => socket.destroy());
    socket.once("connect", () => {
      this.#hasReached = true;
      timer.cancel();
    });
    socket.once("close", () => timer.cancel());
  }

  #sendBody(): void {
    const { request, context } = this.#exchange;
    const there = this.#there;
    const source = request.openBody();
    const { stream } = source;
    const goOn = (): void => {
      if (this.#pace?.isGivingWay === false && !there.writableNeedDrain) stream.resume();
    };
    this.#source = source;
    this.#pace = new Pace(stream, (bytes) => context.runtime.pause(bytes), goOn);
    stream.on("data", this.#take);
    stream.on("end", this.#end);
    stream.on("error", this.#cut);
    there.on("drain", goOn);
    // A body that is too short for what its headers say is noticed by its end.
    if (request.declaredBytes === undefined) request.onMalformedBody(() => this.#passFault());
    if (request.awaitsContinue) {
      stream.pause();
      there.once("continue", () => {
        request.tellToContinue();
        stream.resume();
      });
      there.flushHeaders();
    } else {
      // A small body goes with the headers; they wait for no other.
      setImmediate(() => this.#isSettled || there.flushHeaders());
    }
    // A client whose machine is gone says nothing more, and the other server does not see it.
    request.probeAfter(context.limits.streamInProbeMs);
  }

  readonly #take = (piece: Buffer): void => {
    if (!this.#there.write(piece)) this.#source?.stream.pause();
    this.#pace?.add(piece.length);
  };

  readonly #end = (): void => {
    this.#isBodyOver = true;
    this.#exchange.request.isBodyTaken = true;
    this.#pace?.end();
    this.#there.end();
    if (this.#isWaitOver) this.#endWaiting();
  };

  /** The client left in the middle of its body. */
  readonly #cut = (): void => {
    if (this.#isSettled) return;
    this.#settle();
    this.#there.destroy();
    this.#outcome.reject(cutOff());
  };

  /** The body is not valid HTTP: so it is there, and the other server says what becomes of it. */
  #passFault(): void {
    if (!this.#isSettled && !this.#isBodyOver) this.#there.socket?.write("\r\n");
  }

  #bring(incoming: IncomingMessage): void {
    if (this.#isSettled) {
      incoming.destroy();
      return;
    }
    this.#settle();
    this.#source?.close();
    this.#exchange.isAnsweredElsewhere = true;
    answerBrought(this.#exchange, incoming, this.#origin).then(this.#outcome.resolve, (error: unknown) =>
      this.#giveUp(error),
    );
  }

  /** No answer came. */
  #fail(error: unknown): void {
    if (this.#isSettled) return;
    this.#settle();
    this.#source?.close();
    this.#giveUp(error);
  }

  /** There is no answer, or the rest of it did not come. */
  #giveUp(error: unknown): void {
    const { request, context } = this.#exchange;
    if (request.hasLeft || this.#isWaitOver) {
      this.#outcome.resolve(undefined);
      return;
    }
    const isRead = request.method === "GET" || request.method === "HEAD";
    context.netlog.neighbours?.suspect(this.#origin);
    context.logger.info({ err: error, server: this.#origin }, "a request that was sent on got no answer");
    this.#outcome.reject(isRead || !this.#hasReached ? ownerSilent(this.#origin) : ownerBrokeOff());
  }

  #settle(): void {
    this.#isSettled = true;
    this.#pace?.end();
    const stream = this.#source?.stream;
    stream?.off("data", this.#take);
    stream?.off("end", this.#end);
  }
}

/** The path and the query as they were sent. */
function pathOf({ request, target }: Exchange): string {
  const { url } = request;
  if (target.authority === undefined) return url;
  const path = url.slice(url.indexOf("://") + 3 + target.authority.length);
  return path.startsWith("/") ? path : `/${path}`;
}
