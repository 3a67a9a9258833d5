/** What the ends and refusals of a publisher mean for the appends that met them. */
import { NetlogError } from "../../base/errors.ts";
import type { PublisherEnd, Refusal } from "./ordered-publisher.ts";

/** Why the log takes no appends any more, in words for its clients. */
export const END_REASONS: Readonly<Record<PublisherEnd, string>> = {
  fenced: "another server has taken the topic over; send it again, and it goes there",
  unresolved: "NATS did not tell what became of an append; the topic is being taken up again",
  data_lost: "NATS has lost messages that it had acknowledged; the operator has to look at its streams",
  deleted: "the topic's stream was deleted at NATS",
};

/** For an append that is not stored, and never will be. */
export function notStored(reason: string): NetlogError {
  return new NetlogError("topic_unavailable", { reason: `${reason}; nothing was stored` });
}

export function unknownAtNats(): NetlogError {
  return new NetlogError("sync_failed", {
    reason: "NATS did not confirm the message; it may be there when the topic is served again",
  });
}

/** For an append whose messages NATS refused to take. */
export function refusalOf(reason: Refusal): NetlogError {
  if (reason === "unreachable") return notStored("NATS cannot be reached, or has no leader for the topic");
  return new NetlogError("storage_full", {
    reason: "NATS has no room left for the topic; nothing was stored; make room, and send it again",
  });
}

/** For an append that was not sent, since NATS has little room left. */
export function shortOfRoom(shortage: string): NetlogError {
  return new NetlogError("storage_full", {
    reason: `${shortage}; nothing was stored; make room, and send it again`,
  });
}

/** For an entry that no message of NATS can hold. */
export function tooLongForNats(frameBytes: number, maxBytes: number): NetlogError {
  return new NetlogError("payload_too_large", {
    reason: `${frameBytes} bytes do not fit in a message of NATS, which takes ${maxBytes}; the operator can raise max_payload`,
  });
}
