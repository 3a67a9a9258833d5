/** Whether a request may do what it asks for: its connection, its rate, its token, and what its route needs. */
import { NetlogError } from "../../lib/index.ts";
import { EVERYTHING, NOTHING } from "../auth/access.ts";
import { clientKey } from "../auth/client-address.ts";
import { isRight, type Need, type Right } from "../auth/rights.ts";
import { HttpError } from "../wire/errors.ts";
import type { Visit } from "./visit.ts";

/**
 * Notes on the exchange what its token is good for. Whether the topic exists plays no part, so that an answer tells
 * nothing of topics that one has no right on.
 *
 * @throws too_many_requests, unauthorized, forbidden.
 */
export function admit(exchange: Visit, need: Need): void {
  letIn(exchange, need);
  if (isRight(need)) requireRight(exchange, need);
}

/** All of `admit` but the right on the topic, for a request that says later which topic it means. @throws as admit does. */
export function letIn(exchange: Visit, need: Need): void {
  const { access, rateLimit, limits } = exchange.context;
  exchange.need = need;
  // Who looks after the server must see it when it is full, and a probe must not take it for dead.
  if (exchange.request.isSurplus && need !== "nothing" && need !== "metrics") {
    const reason = `there are ${limits.connections} connections, and no more are allowed (max_connections)`;
    throw new NetlogError("too_many_requests", { reason });
  }
  const needsNothing = need === "nothing" || (need === "metrics" && access?.areMetricsOpen === true);
  if (needsNothing) takeOpen(exchange);
  const grant = access === undefined ? EVERYTHING : access.identify(exchange.request.header("authorization"));
  count(exchange, grant?.name);
  // Who holds a token is one client wherever they call from. Probes go on when others of their address ask too much.
  if (need !== "nothing")
    rateLimit?.take(grant?.name === undefined ? clientKey(exchange.client()) : `token ${grant.name}`);
  if (access === undefined || (needsNothing && need === "metrics")) return;
  exchange.grant = grant ?? NOTHING;
  if (need !== "nothing" && grant === undefined) throw new HttpError("unauthorized");
}

/** @throws forbidden. */
export function requireRight({ grant, topicName }: Visit, right: Right): void {
  // No topic is meant by what concerns the server as a whole; a token for "*" has a right there.
  if (!grant.may(right, topicName)) throw lacksRight(right, topicName === "" ? "all topics" : undefined);
}

/** Counts a request that needs no token. @throws too_many_requests, which is answered late. */
function takeOpen(exchange: Visit): void {
  try {
    exchange.context.openRateLimit.take(clientKey(exchange.client()));
  } catch (error) {
    exchange.isRefusedLate = true;
    throw error;
  }
}

/** Has what the request takes count in the shares of its token and of its address. */
function count(exchange: Visit, tokenName: string | undefined): void {
  const { occupancy, clientAddresses } = exchange.context;
  if (tokenName === undefined && !clientAddresses.areForwarded) return;
  exchange.request.countIn(
    clientAddresses.areForwarded ? occupancy.ofAddress(exchange.client()) : undefined,
    tokenName === undefined ? undefined : occupancy.ofToken(tokenName),
  );
}

/** The error of a token without a right on `topic`. It is the same for every topic, whether that is there or not. */
export function lacksRight(right: Right, topic = "this topic"): HttpError {
  const reason =
    `the token has no right to ${right} on ${topic}; ` +
    "netlog token create --topics <names> --rights <rights> makes one that has it";
  return new HttpError("forbidden", { reason });
}

const REFUSALS: ReadonlySet<string> = new Set([
  "bad_request",
  "unauthorized",
  "forbidden",
  "not_found",
  "method_not_allowed",
]);

/**
 * Counts what is refused to a client without a valid token. `undefined`: the refusal goes out; otherwise the error that says
 * that there were too many such requests.
 */
export function countRefusal(exchange: Visit, code: string): unknown {
  const { context, grant } = exchange;
  if (context.access === undefined || grant.name !== undefined || !REFUSALS.has(code)) return undefined;
  try {
    context.refusalRateLimit.take(clientKey(exchange.client()));
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Whether it would be admitted now: what takes long may outlive its token. */
export function isStillAdmitted({ context, grant, need, topicName }: Visit): boolean {
  if (context.access === undefined || !isRight(need)) return true;
  return context.access.renew(grant)?.may(need, topicName) === true;
}
