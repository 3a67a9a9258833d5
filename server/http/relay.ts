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
import { ownerBrokeOff, ownerGone } from "./owner-errors.ts";
import { decodeRelayedAnswer, encodeRelayed, type RelayedHead } from "./relay-codec.ts";
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
  const { relayedBodyBytes } = context.limits;
  const { declaredBytes = Number.POSITIVE_INFINITY } = request;
  if (declaredBytes > relayedBodyBytes || request.awaitsContinue) return "by_http";
  const headerPairs = headersToRelay(exchange);
  if (headerPairs === undefined || !fits(relay, headerPairs, target, declaredBytes)) return "by_http";
  const head = {
    method: request.method,
    url: target,
    host: hostOf(origin),
    client: exchange.client(),
    headerPairs,
  };
  const bytes = await encodedSoon(request, head, context.runtime);
  if (bytes === undefined) return "by_http";
  return answerOf(exchange, origin, await sendOn(request.memory, relay, origin, bytes));
}

/** What waits for another server takes memory here, however small it is. @throws too_many_requests. */
async function sendOn(
  memory: HeldMemory,
  relay: Relay,
  origin: string,
  bytes: Buffer,
): Promise<RelayOutcome> {
  const { shares } = memory;
  if (!memory.mayKeep(bytes.length)) throw memory.tooMany();
  const refusal = shares.beginWait();
  if (refusal !== undefined) throw new NetlogError("too_many_requests", { reason: refusal });
  try {
    return await relay.send(origin, bytes);
  } finally {
    shares.endWait();
    memory.release();
  }
}

/** @throws HttpError topic_unavailable, sync_failed. */
function answerOf(exchange: Exchange, origin: string, outcome: RelayOutcome): PlainAnswer {
  const { netlog, logger } = exchange.context;
  const answer = typeof outcome === "string" ? undefined : decodeRelayedAnswer(outcome);
  if (answer !== undefined) {
    exchange.isAnsweredElsewhere = true;
    return { kind: "plain", ...answer, closes: CLOSING.has(answer.status) };
  }
  netlog.neighbours?.suspect(origin);
  logger.info({ server: origin }, "a request that was sent on got no answer");
  throw outcome === "not_taken" ? ownerGone() : ownerBrokeOff();
}

/** A character takes 6 bytes of JSON at most. */
function fits(
  { maxBytes }: Relay,
  headerPairs: readonly string[],
  target: string,
  bodyBytes: number,
): boolean {
  const spareBytes = maxBytes - bodyBytes - BESIDE_BYTES;
  let characters = target.length;
  for (const { length } of headerPairs) characters += length + QUOTES;
  return characters * BYTES_OF_CHARACTER <= spareBytes;
}

const BYTES_OF_CHARACTER = 6;
const QUOTES = 3;
/** Method, host and client. */
const BESIDE_BYTES = 1024;

/** `undefined`: its body is not there yet. */
async function encodedSoon(
  request: Request,
  head: RelayedHead,
  runtime: Runtime,
): Promise<Buffer | undefined> {
  // A small body is there a microtask later.
  await undefined;
  let body = request.bodyThere();
  for (let turn = 0; body === undefined && turn < BODY_TURNS && !request.hasLeft; turn++) {
    await new Promise<void>((resolve) => runtime.endOfTurn(resolve));
    body = request.bodyThere();
  }
  return body && encodeRelayed(head, body);
}

/** `origin` is as `URL` writes it. */
function hostOf(origin: string): string {
  return origin.slice(origin.indexOf("://") + "://".length);
}
