/** One call from its headers to its status: who asks, the request, the answer, and what becomes of a failure. */
import { status as Status } from "@grpc/grpc-js";
import { isRight } from "../auth/rights.ts";
import { countRefusal, isStillAdmitted, letIn, requireRight } from "../http/admission.ts";
import { failureToTell } from "../http/given-away.ts";
import type { Limits } from "../http/limits.ts";
import { Visit } from "../http/visit.ts";
import { badRequest, ClientLeft, errorCode, HttpError } from "../wire/errors.ts";
import { type Elsewhere, ForwardedStatus, forwardCall } from "./forward-call.ts";
import { type CallSurroundings, GrpcRequest } from "./grpc-request.ts";
import type { CallStream } from "./http2-side.ts";
import { AROUND_BYTES, type Call, type Method } from "./method.ts";
import type { GrpcPeers } from "./peers.ts";
import { statusOf } from "./status.ts";

/** Failures of the server itself, which its log tells. */
const OURS: ReadonlySet<Status> = new Set([Status.INTERNAL, Status.UNAVAILABLE, Status.DATA_LOSS]);

/** Bytes of a request at most, unpacked. */
function mostBytesOf({ mostBytes }: Method, limits: Limits): number {
  return mostBytes?.(limits) ?? limits.settingsBytes + AROUND_BYTES;
}

/** Where the calls go whose topics other servers have. */
export interface Others {
  readonly peers: GrpcPeers;
  readonly elsewhere: Elsewhere;
}

/** `others`: `undefined` where there are none. */
export function serveCall(
  surroundings: CallSurroundings,
  method: Method,
  stream: CallStream,
  others: Others | undefined,
): void {
  const request = new GrpcRequest(surroundings, stream);
  new ServedCall(new Visit(surroundings.context, request), method, others).begin(stream);
}

class ServedCall {
  readonly #call: Call;
  readonly #method: Method;
  readonly #others: Others | undefined;
  /** Its status is known, and no other may follow. */
  #isOver = false;
  /** Nothing more is answered: it is over, or its refusal is on its way. */
  #isRefused = false;
  #hasRequest = false;

  constructor(call: Call, method: Method, others: Others | undefined) {
    this.#call = call;
    this.#method = method;
    this.#others = others;
    call.isUse = method.isUse === true;
  }

  begin(stream: CallStream): void {
    const { request, context } = this.#call;
    context.loop.noteWork();
    request.onClose(() => this.#leave());
    try {
      request.takePlace(this.#method.needs !== "nothing");
      letIn(this.#call, this.#method.needs);
    } catch (error) {
      this.#fail(error);
      return;
    }
    const { isConversation } = this.#method;
    const terms = { mostBytes: mostBytesOf(this.#method, context.limits), isConversation };
    request.watchMessages(terms, (error) => this.#fail(error));
    if (isConversation) {
      stream.on("data", (bytes: Buffer) => void this.#answerOneOfMany(stream, bytes));
      stream.on("end", () => this.#end(undefined));
    } else {
      // A client that keeps its side of the call open would hold a request that waits for the end.
      stream.once("data", (bytes: Buffer) => void this.#answerIt(bytes));
      stream.on("end", () => this.#noteEnd());
    }
  }

  async #answerIt(bytes: Buffer): Promise<void> {
    this.#hasRequest = true;
    if (this.#isRefused) return;
    try {
      const handedOver = await this.#answer(bytes);
      if (handedOver) this.#end(undefined);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The client has sent all. A connection that breaks off ends its requests, too. */
  #noteEnd(): void {
    if (!this.#hasRequest && !this.#call.request.hasLeft) this.#fail(badRequest("the request is missing"));
  }

  async #answerOneOfMany(stream: CallStream, bytes: Buffer): Promise<void> {
    if (this.#isRefused) return;
    stream.pause();
    try {
      await this.#answer(bytes);
      stream.resume();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** True when the answer was handed over, or there is nothing to hand over. */
  async #answer(bytes: Buffer): Promise<boolean> {
    const { request } = this.#call;
    request.beginWork();
    try {
      return await this.#handle(bytes);
    } finally {
      request.endWork();
    }
  }

  async #handle(sent: Buffer): Promise<boolean> {
    const { request, context } = this.#call;
    // A packed request counts as the largest that it may become, until it is unpacked.
    request.memory.shrinkTo(sent.length);
    const message = this.#method.decode(sent, context.limits);
    this.#call.topicName = this.#method.topicOf(message);
    const { needs } = this.#method;
    if (isRight(needs)) requireRight(this.#call, needs);
    const owner = this.#others?.elsewhere.ownerOf(this.#call.topicName);
    const origin = owner instanceof Promise ? await owner : owner;
    if (origin !== undefined)
      return await forwardCall(this.#call, this.#method, sent, { ...this.#others!, origin });
    const answer = await this.#method.answer(this.#call, message);
    if (answer === undefined) return true;
    let handedOver = false;
    try {
      const { messageCount, bytes } = answer;
      // Its token may have ended while it waited.
      if (messageCount > 0 && !isStillAdmitted(this.#call)) throw new HttpError("unauthorized");
      handedOver = await request.write(answer, this.#method.isLarge);
      if (handedOver && messageCount > 0) this.#call.noteOut(messageCount, bytes.length);
      return handedOver;
    } finally {
      answer.settle?.(handedOver);
    }
  }

  /** Ends it with what `error` means. */
  #fail(error: unknown): void {
    if (this.#isRefused || error instanceof ClientLeft) return;
    this.#isRefused = true;
    if (error instanceof ForwardedStatus) {
      this.#endAsThere(error);
      return;
    }
    const { context, request, isRefusedLate } = this.#call;
    const code = errorCode(error);
    const lateError = isRefusedLate ? error : countRefusal(this.#call, code);
    if (lateError === undefined) {
      this.#end(error);
      return;
    }
    // The answer alone would cost as much as the refusal.
    const timer = context.runtime.setTimer(context.limits.refusalDelayMs, () => this.#end(lateError));
    request.onClose(() => timer.cancel());
  }

  #end(error: unknown): void {
    if (this.#isOver) return;
    if (error === undefined) {
      this.#finish("OK");
      this.#call.request.end();
      return;
    }
    const { traffic, requestLog } = this.#call.context;
    const { request } = this.#call;
    const told = failureToTell(error, this.#call.context);
    const code = errorCode(told);
    const status = statusOf(told);
    const name = Status[status.code];
    traffic.noteFailure(code);
    if (code === "forbidden") requestLog.noteForbidden(this.#call, request.url, error);
    if (OURS.has(status.code)) {
      requestLog.noteFailure(this.#call, error, name);
      status.metadata.set("x-request-id", this.#call.id);
    }
    this.#finish(name);
    request.end(status);
  }

  /** The other server counts and logs what went wrong there. */
  #endAsThere({ code, details, metadata }: ForwardedStatus): void {
    if (this.#isOver) return;
    this.#finish(Status[code]);
    this.#call.request.end({ code, details, metadata });
  }

  /** The call is gone; without a status of ours its client has left, or its time was over. */
  #leave(): void {
    if (!this.#isOver) this.#finish(this.#call.request.isLate ? "DEADLINE_EXCEEDED" : "CANCELLED");
  }

  #finish(status: string): void {
    this.#isOver = true;
    this.#isRefused = true;
    const { context, startedAtMs } = this.#call;
    this.#call.endUse();
    context.traffic.noteCall(this.#method.path, status, context.runtime.elapsedMs() - startedAtMs);
    context.requestLog.note(this.#call, status);
  }
}
