/** What a client hears when the server that has its topic gives no answer, or when no server has it now. */
import { isNetlogError, type Netlog, NetlogError } from "../../lib/index.ts";
import { HttpError } from "../wire/errors.ts";

/** Seconds after which a topic that changes its server has one again, mostly. */
const MOVING = ["Retry-After", "1"] as const;

/** The topic's server is not this one, or cannot be reached. */
export function topicMoves(reason: string, cause?: unknown): HttpError {
  return new HttpError("topic_unavailable", { reason, headers: MOVING, cause });
}

/**
 * As Netlog.ownerOf.
 *
 * @throws HttpError topic_unavailable: no server has the topic now; one has it soon, so the client does not wait for as long as
 *   for a topic that has failed.
 */
export function ownerOf(netlog: Netlog, name: string): string | undefined | Promise<string | undefined> {
  try {
    const owner = netlog.ownerOf(name);
    return typeof owner === "object" ? owner.catch(moved) : owner;
  } catch (error) {
    return moved(error);
  }
}

function moved(error: unknown): never {
  if (!isNetlogError(error, "topic_unavailable") || error.reason === undefined) throw error;
  throw topicMoves(error.reason, error.cause);
}

/**
 * Nothing was done. The server at `origin` may be gone, and the topic has another one soon; or it is not reached from here, and
 * keeps the topic.
 */
export function ownerSilent(origin: string): HttpError {
  return topicMoves(
    `the server ${origin}, which has the topic, does not answer this one; ` +
      "another one takes over if it is gone, else look at its --advertise and the network between the two",
  );
}

/** What was sent may have been done. */
export function ownerBrokeOff(): NetlogError {
  const reason = "the server that has the topic broke off; what was sent may be there";
  return new NetlogError("sync_failed", { reason });
}
