/** From a request to its answer: what every request goes through, in the order in which errors win. */
import { NetlogError } from "../../lib/index.ts";
import { checkDestination } from "../auth/gate.ts";
import { ClientLeft, ERROR_TABLE, errorCode, HttpError, tooManyAnswers } from "../wire/errors.ts";
import { admit, countRefusal, isStillAdmitted } from "./admission.ts";
import { type Answer, type AnyAnswer, bodyBytes, emptyAnswer } from "./answer.ts";
import { refuseForm, tooLarge } from "./body.ts";
import { parseContentCoding } from "./body-source.ts";
import type { Action, Door, Found } from "./door.ts";
import type { Exchange } from "./exchange.ts";
import { forward } from "./forward.ts";
import { failureToTell } from "./given-away.ts";
import { ownerOf } from "./owner-errors.ts";
import type { Request, StreamWatch } from "./request.ts";

/** From this status on a failure is the server's own. */
const SERVER_ERROR = 500;

/** Answers a request for `resource`, now or later. */
export function handle(door: Door, exchange: Exchange, resource: Found): void {
  exchange.resource = resource;
  try {
    const answer = answerTo(door, exchange, resource);
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
function answerTo(door: Door, exchange: Exchange, resource: Found): Answer | Promise<AnyAnswer | undefined> {
  const { request, context } = exchange;
  const { method } = request;
  if (resource === undefined) throw new HttpError("not_found");
  const action = resource.actions.get(method);
  if (action === undefined && method !== "OPTIONS") {
    throw new HttpError("method_not_allowed", { headers: ["Allow", resource.allow] });
  }
  if (action !== undefined) exchange.parameterNames = action.parameters;
  exchange.isUse = action?.isUse === true && method !== "HEAD";
  passGate(exchange, action);
  admit(exchange, action?.needs ?? "nothing");
  if (action === undefined) return emptyAnswer(204, ["Allow", resource.allow]);
  const owner = ownerOf(context.netlog, exchange.topicName);
  if (owner === undefined && door.sourceOf === undefined) return answerHere(exchange, action);
  return typeof owner === "string"
    ? forward(exchange, owner, action)
    : answerWhere(door, exchange, action, owner);
}

/** Once it is known which server has the topic: `undefined` for this one, or none. */
function answerWhere(
  door: Door,
  exchange: Exchange,
  action: Action,
  owner: Promise<string | undefined> | undefined,
): Answer | Promise<AnyAnswer | undefined> {
  if (owner === undefined) {
    const { netlog } = exchange.context;
    const source = door.sourceOf?.(exchange);
    if (source === undefined || netlog.hasTopic(exchange.topicName)) return answerHere(exchange, action);
    const sourceOwner = ownerOf(netlog, source);
    if (sourceOwner === undefined) return answerHere(exchange, action);
    if (typeof sourceOwner === "string") return forward(exchange, sourceOwner, action);
    return sourceOwner.then((origin) =>
      origin === undefined ? answerHere(exchange, action) : forward(exchange, origin, action),
    );
  }
  return owner.then((origin) =>
    origin === undefined ? answerWhere(door, exchange, action, undefined) : forward(exchange, origin, action),
  );
}

function answerHere(exchange: Exchange, action: Action): Answer | Promise<AnyAnswer | undefined> {
  const { request, context } = exchange;
  const { bodyLimit } = action;
  const { declaredBytes } = request;
  if (bodyLimit === undefined) {
    return declaredBytes === 0 ? action.handle(exchange) : refuseBody(exchange, action);
  }
  if (bodyLimit !== "unlimited") {
    request.bodyLimitBytes = context.limits[bodyLimit];
    if ((declaredBytes ?? 0) > request.bodyLimitBytes) throw tooLarge(request.bodyLimitBytes);
  }
  refuseForm(request.header("content-type"));
  const encoding = request.header("content-encoding");
  if (encoding !== undefined && declaredBytes !== 0) request.contentCoding = parseContentCoding(encoding);
  return action.handle(exchange);
}

/** Where no body is taken. A body of unknown length may be empty, and then there is none. */
async function refuseBody(exchange: Exchange, action: Action): Promise<AnyAnswer | undefined> {
  const { request, resource } = exchange;
  const { names } = action.parameters;
  const route = `${request.method} ${resource?.path}`;
  const advice = names.length === 0 ? "send none" : `its parameters (${names.join(", ")}) go in the query`;
  const refusal = new NetlogError("bad_request", { reason: `${route} takes no body; ${advice}` });
  if (request.declaredBytes !== undefined) throw refusal;
  request.bodyLimitBytes = Number.POSITIVE_INFINITY;
  await request.takePieces(() => {
    throw refusal;
  });
  return await action.handle(exchange);
}

/** @throws HttpError forbidden. */
function passGate({ request, context, target }: Exchange, action?: Action): void {
  const origin = request.header("origin");
  const isLink = action?.isOpenToLinks === true && isNavigation(request);
  const secFetchSite = isLink ? undefined : request.header("sec-fetch-site");
  context.gate.pass(request.header("host"), origin, secFetchSite);
  if (target.authority !== undefined) context.gate.pass(target.authority, origin, secFetchSite);
  if (action?.givesPayloads === true) checkDestination(request.header("sec-fetch-dest"));
}

/** A browser opens it as a page of its own. */
function isNavigation(request: Request): boolean {
  return request.header("sec-fetch-mode") === "navigate" && request.header("sec-fetch-dest") === "document";
}

/**
 * Deliveries of one turn go out together at its end. Written one by one, each answer wakes a client that waits for
 * nothing else, which cost the server a third of its time (`npm run bench`, scan); publishes come together anyway,
 * because the log writes once a turn.
 */
function finishLater(door: Door, exchange: Exchange, answer: AnyAnswer | undefined): void {
  switch (answer?.kind) {
    case "delivery":
      if (isStillAdmitted(exchange)) {
        exchange.context.turn.add(() => finish(door, exchange, answer));
        return;
      }
      answer.settle(false);
      break;
    case "messages":
      if (!isStillAdmitted(exchange)) break;
      finish(door, exchange, answer);
      return;
    case undefined:
      finishWithout(door, exchange);
      return;
    default:
      finish(door, exchange, answer);
      return;
  }
  fail(door, exchange, new HttpError("unauthorized"));
}

/** The handler gave no answer, because its wait was cancelled. */
function finishWithout(door: Door, exchange: Exchange): void {
  try {
    exchange.checkTurnedAway();
    finish(door, exchange, undefined);
  } catch (error) {
    fail(door, exchange, error);
  }
}

/** Sends the answer, or ends the connection behind earlier answers where the client has left. */
function finish(door: Door, exchange: Exchange, given: AnyAnswer | undefined): void {
  const { request, context, resource, startedAtMs } = exchange;
  const answer = withinMemory(door, exchange, given);
  if (door.headersOf !== undefined && !exchange.isAnsweredElsewhere)
    answer?.headers.push(...door.headersOf(context));
  if (answer === undefined) request.end();
  else if (answer.kind === "stream") request.sendStream(answer, watchOf(exchange));
  else request.send(answer);
  if (answer?.kind === "messages" || answer?.kind === "delivery") {
    exchange.noteOut(answer.messageCount, bodyBytes(answer));
  }
  if (answer?.kind === "stream") request.onClose(() => exchange.endUse());
  else exchange.endUse();
  const { memory } = request;
  if (memory.heldBytes > 0) request.onClose(() => memory.release());
  context.traffic.note(resource, request.method, answer?.status, context.runtime.elapsedMs() - startedAtMs);
  context.requestLog.note(exchange, answer?.status);
}

function watchOf(exchange: Exchange): StreamWatch {
  return {
    isStillAdmitted: () => isStillAdmitted(exchange),
    noteOut: (messageCount, sizeBytes) => exchange.noteOut(messageCount, sizeBytes),
    noteFailure: (error) => {
      const { method, url } = exchange.request;
      exchange.context.logger.error({ err: error, id: exchange.id, method, url }, "a stream failed");
    },
  };
}

/** The answer; a refusal where too many large answers are on their way already. */
function withinMemory<Given extends AnyAnswer | undefined>(
  door: Door,
  exchange: Exchange,
  answer: Given,
): Given | Answer {
  if (answer === undefined || answer.kind === "stream" || goesAlways(exchange, answer)) return answer;
  const { memory } = exchange.request;
  if (memory.mayHold(bodyBytes(answer))) return answer;
  memory.release();
  if (answer.kind === "delivery") answer.settle(false);
  return door.errorAnswer(exchange, tooManyAnswers(), []);
}

/** An answer that reports what was done or refused, or how the server is, goes out whatever the budget says. */
function goesAlways({ request, need }: Exchange, { kind, status }: Answer): boolean {
  if (kind !== "plain") return false;
  return status !== 200 || request.method !== "GET" || need === "nothing" || need === "metrics";
}

/** Answers with what `error` means. */
export function fail(door: Door, exchange: Exchange, error: unknown): void {
  // What was taken of its body is of no use any more.
  exchange.request.memory.release();
  exchange.endUse();
  if (error instanceof ClientLeft) {
    finish(door, exchange, undefined);
    return;
  }
  const expiry = exchange.context.netlog.expiryOf(exchange.topicName);
  if (expiry !== undefined && errorCode(error) === "topic_not_found") {
    const answer = (): void => answerFailure(door, exchange, error);
    expiry.then(answer, (failure: unknown) => answerFailure(door, exchange, failure));
    return;
  }
  const lateError = exchange.isRefusedLate ? error : countRefusal(exchange, errorCode(error));
  if (lateError === undefined) answerFailure(door, exchange, error);
  else answerFailureLater(door, exchange, lateError);
}

/** The answer alone would cost as much as the refusal: its connection is not read from meanwhile. */
function answerFailureLater(door: Door, exchange: Exchange, error: unknown): void {
  const { runtime, limits } = exchange.context;
  const timer = runtime.setTimer(limits.refusalDelayMs, () => answerFailure(door, exchange, error));
  exchange.request.onClose(() => timer.cancel());
}

function answerFailure(door: Door, exchange: Exchange, error: unknown): void {
  const { requestLog, traffic } = exchange.context;
  const told = failureToTell(error, exchange.context);
  const code = errorCode(told);
  traffic.noteFailure(code);
  if (code === "forbidden") requestLog.noteForbidden(exchange, `/${exchange.target.parts.join("/")}`, error);
  const { status } = ERROR_TABLE[code];
  const isOurs = status >= SERVER_ERROR;
  if (isOurs) requestLog.noteFailure(exchange, error, status);
  finish(door, exchange, door.errorAnswer(exchange, told, isOurs ? ["X-Request-Id", exchange.id] : []));
}
