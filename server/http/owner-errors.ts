/** What a client hears when the server that has its topic gives no answer. */
import { NetlogError } from "../../lib/index.ts";
import { HttpError } from "../wire/errors.ts";

/** Seconds after which a topic that changes its server has one again, mostly. */
const MOVING = ["Retry-After", "1"] as const;

/** The topic's server is not this one, or cannot be reached. */
export function topicMoves(reason: string): HttpError {
  return new HttpError("topic_unavailable", { reason, headers: MOVING });
}

/** Nothing was done. */
export function ownerGone(): HttpError {
  return topicMoves(
    "the server that has the topic cannot be reached; another one takes over soon, try again",
  );
}

/** What was sent may have been done. */
export function ownerBrokeOff(): NetlogError {
  const reason = "the server that has the topic broke off; what was sent may be there";
  return new NetlogError("sync_failed", { reason });
}
