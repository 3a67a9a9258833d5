/** From a request to its answer: what every request goes through, in the order in which errors win. */
import { NetlogError } from "../../lib/index.ts";
import { ClientLeft, errorCode, HttpError, tooManyAnswers } from "../wire/errors.ts";
import { admit, isStillAdmitted } from "./admission.ts";
import { type Answer, bodyBytes, emptyAnswer, type StreamAnswer } from "./answer.ts";
import { checkDeclaredBytes, declaredBytes, refuseForm } from "./body.ts";
import { parseContentCoding } from "./content-coding.ts";
import type { Action, Door, Found } from "./door.ts";
import { askToComeBack } from "./event-source.ts";
import type { Exchange } from "./exchange.ts";
import { send, sendStream } from "./send.ts";

/** Answers a request for `resource`, now or later. */
export function handle(door: Door, exchange: Exchange, resource: Found): void {
  exchange.resource = resource;
  try {
    const answer = answerTo(exchange, resource);
    if (answer instanceof Promise) {
      answer.then(
        (later) => finishLater(door, exchange, later),
        (error: unknown) => fail(door, exchange, error),
      );
    } else {
      finish(door, exchange, answer);
    }
  } catch (error) {
    fail(door, exchange, error);
  }
}

/** Answers `OPTIONS *`. @throws as `admit` does. */
export function tellMethods(door: Door, exchange: Exchange): void {
  passGate(exchange);
  admit(exchange, "nothing");
  finish(door, exchange, emptyAnswer(204, ["Allow", door.allow]));
}

/** The order of these lines is the contract's order of failures; topic and later ones are the handlers'. */
function answerTo(exchange: Exchange, resource: Found): Answer | Promise<Answer | StreamAnswer | undefined> {
  const { incoming, context } = exchange;
  const { method = "" } = incoming;
  if (resource === undefined) throw new HttpError("not_found");
  const action = resource.actions.get(method);
  if (action === undefined && method !== "OPTIONS") {
    throw new HttpError("method_not_allowed", { headers: ["Allow", resource.allow] });
  }
  if (action !== undefined) exchange.parameterNames = action.parameters;
  passGate(exchange);
  admit(exchange, action?.needs ?? "nothing");
  if (action === undefined) return emptyAnswer(204, ["Allow", resource.allow]);
  const { bodyLimit } = action;
  if (bodyLimit === undefined && declaredBytes(incoming) !== 0) return refuseBody(exchange, action);
  if (bodyLimit !== undefined && bodyLimit !== "unlimited") {
    exchange.bodyLimitBytes = context.limits[bodyLimit];
    checkDeclaredBytes(incoming, exchange.bodyLimitBytes);
  }
  if (bodyLimit !== undefined) refuseForm(incoming);
  const { "content-encoding": encoding } = incoming.headers;
  if (encoding !== undefined && bodyLimit !== undefined && declaredBytes(incoming) !== 0) {
    exchange.contentCoding = parseContentCoding(encoding);
  }
  return action.handle(exchange);
}

/** Where no body is taken. One whose length nobody told may be empty, and then it is none. */
async function refuseBody(exchange: Exchange, action: Action): Promise<Answer | StreamAnswer | undefined> {
  const { incoming, resource } = exchange;
  const { names } = action.parameters;
  const route = `${incoming.method} ${resource?.path}`;
  const advice = names.length === 0 ? "send none" : `its parameters (${names.join(", ")}) go in the query`;
  const refusal = new NetlogError("bad_request", { reason: `${route} takes no body; ${advice}` });
  if (declaredBytes(incoming) !== undefined) throw refusal;
  exchange.bodyLimitBytes = Number.POSITIVE_INFINITY;
  await exchange.takePieces(() => {
    throw refusal;
  });
  return await action.handle(exchange);
}

/** @throws HttpError forbidden. */
function passGate({ incoming, context, target }: Exchange): void {
  const { host, origin, "sec-fetch-site": secFetchSite } = incoming.headers;
  context.gate.pass(host, origin, secFetchSite);
  if (target.authority !== undefined) context.gate.pass(target.authority, origin, secFetchSite);
}

/**
 * What scans of one turn get goes out together at its end. Written one by one, each answer wakes a client that waits
 * for nothing else, which cost the server a third of its time (`npm run bench`, scan); publishes come together
 * as it is, for the log writes once a turn.
 */
function finishLater(door: Door, exchange: Exchange, answer: Answer | StreamAnswer | undefined): void {
  if (answer !== undefined && "messageCount" in answer && !isStillAdmitted(exchange)) {
    answer.settle?.(false);
    fail(door, exchange, new HttpError("unauthorized"));
    return;
  }
  const isDelivery = answer !== undefined && "settle" in answer;
  if (isDelivery) exchange.context.turn.add(() => finish(door, exchange, answer));
  else finish(door, exchange, answer);
}

/** Sends the answer, or ends the connection behind earlier answers where the client has left. */
function finish(door: Door, exchange: Exchange, given: Answer | StreamAnswer | undefined): void {
  const answer = withinMemory(door, exchange, given);
  if (answer === undefined) exchange.incoming.socket.destroySoon();
  else if ("stream" in answer) sendStream(exchange, answer);
  else send(exchange, answer);
  const { memory } = exchange;
  if (memory.heldBytes > 0) exchange.onClose(() => memory.release());
  const { incoming, context, resource, startedAtMs } = exchange;
  const { method = "" } = incoming;
  context.traffic.note(resource, method, answer?.status, context.runtime.elapsedMs() - startedAtMs);
  if (answer !== undefined && "messageCount" in answer) {
    context.traffic.noteOut(answer.messageCount ?? 0, bodyBytes(answer));
  }
  context.requestLog.note(exchange, answer?.status);
}

/** The answer, or where too many large ones are on their way already, that. */
function withinMemory<Given extends Answer | StreamAnswer | undefined>(
  door: Door,
  exchange: Exchange,
  answer: Given,
): Given | Answer {
  if (answer === undefined || "stream" in answer || goesAlways(exchange, answer)) return answer;
  if (exchange.memory.mayHold(bodyBytes(answer))) return answer;
  exchange.memory.release();
  answer.settle?.(false);
  return door.errorAnswer(exchange, tooManyAnswers());
}

/** An answer that reports what was done or refused, or how the server is, goes out whatever the budget says. */
function goesAlways({ incoming, resource }: Exchange, { status, messageCount }: Answer): boolean {
  if (messageCount !== undefined) return false;
  return status !== 200 || incoming.method !== "GET" || resource?.path.startsWith("/-/") === true;
}

/** Answers with what `error` means. */
export function fail(door: Door, exchange: Exchange, error: unknown): void {
  // What was taken of its body is of no use any more.
  exchange.memory.release();
  if (error instanceof ClientLeft) {
    finish(door, exchange, undefined);
    return;
  }
  const answer = door.errorAnswer(exchange, error);
  if (errorCode(error) === "forbidden") exchange.context.requestLog.noteForbidden(exchange, error);
  if (answer.status >= 500) {
    exchange.context.requestLog.noteFailure(exchange, error, answer.status);
    answer.headers.push("X-Request-Id", exchange.id);
  }
  finish(door, exchange, askToComeBack(exchange, answer));
}
