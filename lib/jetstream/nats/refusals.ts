/** What becomes of a failure of NATS for the one who asked: the error that a topic's callers know, with words for the operator. */
import { isNetlogError, NetlogError } from "../../base/errors.ts";
import { isJetStreamError, isNoRoomError, NoAnswer } from "./errors.ts";

/**
 * The refusal of what was asked for, where nothing of it was done. `what` is the subject of a sentence: "the topic's stream".
 */
export function refusedByEngine(error: unknown, what: string): NetlogError {
  if (isNetlogError(error)) return error;
  if (isNoRoomError(error)) {
    const reason = `NATS has no room for ${what}: ${error instanceof Error ? error.message : ""}`;
    return new NetlogError("storage_full", { reason, cause: error });
  }
  if (error instanceof NoAnswer) {
    const reason = `NATS does not answer for ${what} (${error.kind.replaceAll("_", " ")})`;
    return new NetlogError("topic_unavailable", { reason, cause: error });
  }
  if (isJetStreamError(error)) {
    const reason = `NATS refused ${what}: ${error.description}`;
    return new NetlogError("topic_unavailable", { reason, cause: error });
  }
  throw error;
}
