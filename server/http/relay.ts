/**
 * Small requests for topics of other servers go there in common messages (lib/topic/neighbours.ts), for HTTP alone costs more than
 * all the rest of a publish. The other server does with them, and answers, what it would by HTTP.
 */
import { NetlogError, type Relay, type RelayOutcome, type Runtime } from "../../lib/index.ts";
import type { PlainAnswer } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import { headersToRelay } from "./forward-headers.ts";
import { CLOSING } from "./forwarded-answer.ts";
import type { HeldMemory } from "./held-memory.ts";
import { ownerBrokeOff, ownerSilent } from "./owner-errors.ts";
import { relayedAnswer, requestTexts } from "./relay-codec.ts";
import type { Request } from "./request.ts";

export interface RelayJob {
  readonly relay: Relay;
  /** The URL of the server that has the topic. */
  readonly origin: string;
  /** Path and query. */
  readonly target: string;
}

/** Clients that write headers and body one after the other have sent both after so many turns of the event loop, mostly. */
const BODY_TURNS = 3;

/**
 * The answer of the server that has the topic. `by_http`: nothing was done, and it has to go by HTTP: its body is large, or is
 * not there yet, so that the other server may refuse it before it comes.
 *
 * @throws HttpError topic_unavailable, sync_failed: as forward does; too_many_requests: too many wait, or too many bytes.
 */
export async function relayed(exchange: Exchange, job: RelayJob): Promise<PlainAnswer | "by_http"> {
  const { request, context } = exchange;
  const { relay, origin, target } = job;
  const { declaredBytes = Number.POSITIVE_INFINITY, memory } = request;
  if (declaredBytes > context.limits.relayedBodyBytes || request.awaitsContinue) return "by_http";
  const headerPairs = headersToRelay(exchange);
  if (headerPairs === undefined) return "by_http";
  const texts = requestTexts({
    method: request.method,
    url: target,
    host: hostOf(origin),
    client: exchange.client(),
    headerPairs,
  });
  const sizeBytes = relay.bytesOf(texts, declaredBytes);
  if (sizeBytes === undefined) return "by_http";
  // A small body is there a microtask later.
  await undefined;
  const body = request.bodyThere() ?? (await bodySoon(request, context.runtime));
  if (body === undefined) return "by_http";
  beginWait(memory, sizeBytes);
  try {
    return answerOf(exchange, origin, await relay.send(origin, { texts, body }));
  } finally {
    memory.shares.endWait();
    memory.release();
  }
}

/** What waits for another server takes memory here, however small it is. @throws too_many_requests. */
function beginWait(memory: HeldMemory, sizeBytes: number): void {
  if (!memory.mayKeep(sizeBytes)) throw memory.tooMany();
  const refusal = memory.shares.beginWait();
  if (refusal !== undefined) throw new NetlogError("too_many_requests", { reason: refusal });
}

/** @throws HttpError topic_unavailable, sync_failed. */
function answerOf(exchange: Exchange, origin: string, outcome: RelayOutcome): PlainAnswer {
  const { netlog, logger } = exchange.context;
  const answer = typeof outcome === "string" ? undefined : relayedAnswer(outcome);
  if (answer !== undefined) {
    exchange.isAnsweredElsewhere = true;
    return { kind: "plain", ...answer, closes: CLOSING.has(answer.status) };
  }
  netlog.neighbours?.suspect(origin);
  logger.info({ server: origin }, "a request that was sent on got no answer");
  throw outcome === "not_taken" ? ownerSilent(origin) : ownerBrokeOff();
}

/** `undefined`: it is not there yet. */
async function bodySoon(request: Request, runtime: Runtime): Promise<Buffer | undefined> {
  for (let turn = 0; turn < BODY_TURNS && !request.hasLeft; turn++) {
    await new Promise<void>((resolve) => runtime.endOfTurn(resolve));
    const body = request.bodyThere();
    if (body !== undefined) return body;
  }
  return undefined;
}

/** `origin` is as `URL` writes it. */
function hostOf(origin: string): string {
  return origin.slice(origin.indexOf("://") + "://".length);
}
