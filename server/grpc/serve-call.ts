/** One call from its headers to its status: who asks, the request, the answer, and what becomes of a failure. */
import { status as Status } from "@grpc/grpc-js";
import { isRight } from "../auth/rights.ts";
import { countRefusal, isStillAdmitted, letIn, requireRight } from "../http/admission.ts";
import { Visit } from "../http/visit.ts";
import { badRequest, ClientLeft, errorCode, HttpError } from "../wire/errors.ts";
import { type CallSurroundings, GrpcRequest } from "./grpc-request.ts";
import type { CallStream, Received } from "./http2-side.ts";
import type { Call, Method } from "./method.ts";
import { statusOf } from "./status.ts";

/** Failures of the server itself, which its log tells. */
const OURS: ReadonlySet<Status> = new Set([Status.INTERNAL, Status.UNAVAILABLE, Status.DATA_LOSS]);

export function serveCall(surroundings: CallSurroundings, method: Method, stream: CallStream): void {
  const request = new GrpcRequest(surroundings, stream);
  new ServedCall(new Visit(surroundings.context, request), method).begin(stream);
}

class ServedCall {
  readonly #call: Call;
  readonly #method: Method;
  /** Its status is known, and no other may follow. */
  #isOver = false;
  #request: Received | undefined;

  constructor(call: Call, method: Method) {
    this.#call = call;
    this.#method = method;
    call.isUse = method.isUse === true;
  }

  begin(stream: CallStream): void {
    const { request, context } = this.#call;
    context.loop.noteWork();
    request.onClose(() => this.#leave());
    try {
      request.takePlace();
      letIn(this.#call, this.#method.needs);
    } catch (error) {
      this.#fail(error);
      return;
    }
    const { mostBytes } = this.#method;
    const { limits } = context;
    request.watchMessages(mostBytes?.(limits) ?? limits.settingsBytes, (error) => this.#fail(error));
    if (this.#method.isConversation) {
      stream.on("data", (received: Received) => void this.#answerOneOfMany(stream, received));
      stream.on("end", () => this.#end(undefined));
    } else {
      stream.on("data", (received: Received) => this.#take(received));
      stream.on("end", () => void this.#answerIt());
    }
  }

  #take(received: Received): void {
    if (this.#request === undefined) this.#request = received;
    else this.#fail(badRequest("this method takes one request, and there are several"));
  }

  /** The request is there. */
  async #answerIt(): Promise<void> {
    const received = this.#request;
    this.#request = undefined;
    // A connection that breaks off ends its requests, too.
    if (this.#isOver || (received === undefined && this.#call.request.hasLeft)) return;
    try {
      if (received === undefined) throw badRequest("the request is missing");
      const handedOver = await this.#answer(received);
      if (handedOver) this.#end(undefined);
    } catch (error) {
      this.#fail(error);
    }
  }

  async #answerOneOfMany(stream: CallStream, received: Received): Promise<void> {
    if (this.#isOver) return;
    stream.pause();
    try {
      await this.#answer(received);
      stream.resume();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** True when the answer was handed over, or there is nothing to hand over. */
  async #answer(received: Received): Promise<boolean> {
    try {
      return await this.#handle(received);
    } finally {
      this.#call.request.finish();
    }
  }

  async #handle({ sizeBytes, message, flaw }: Received): Promise<boolean> {
    const { memory } = this.#call.request;
    if (flaw !== undefined) throw badRequest("the request is no message of this method's type");
    // It was unpacked, and what was set aside for that is more than enough.
    memory.shrinkTo(sizeBytes);
    this.#call.topicName = this.#method.topicOf(message);
    const { needs } = this.#method;
    if (isRight(needs)) requireRight(this.#call, needs);
    const answer = await this.#method.answer(this.#call, message);
    if (answer === undefined) return true;
    let handedOver = false;
    try {
      const { messageCount, bytes } = answer;
      // Its token may have ended while it waited.
      if (messageCount > 0 && !isStillAdmitted(this.#call)) throw new HttpError("unauthorized");
      handedOver = await this.#call.request.write(answer);
      if (handedOver && messageCount > 0) this.#call.noteOut(messageCount, bytes.length);
      return handedOver;
    } finally {
      answer.settle?.(handedOver);
    }
  }

  /** Ends it with what `error` means. */
  #fail(error: unknown): void {
    if (this.#isOver || error instanceof ClientLeft) return;
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
    const code = errorCode(error);
    const status = statusOf(error);
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

  /** The call is gone; without a status of ours its client has left, or its time was over. */
  #leave(): void {
    if (!this.#isOver) this.#finish(this.#call.request.isLate ? "DEADLINE_EXCEEDED" : "CANCELLED");
  }

  #finish(status: string): void {
    this.#isOver = true;
    const { context, startedAtMs } = this.#call;
    this.#call.endUse();
    context.traffic.noteCall(this.#method.path, status, context.runtime.elapsedMs() - startedAtMs);
    context.requestLog.note(this.#call, status);
  }
}
