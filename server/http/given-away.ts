/** What a request meets whose topic goes to another server while it waits. */
import { errorCode } from "../wire/errors.ts";
import { topicMoves } from "./owner-errors.ts";

interface Stopping {
  readonly isStopping: boolean;
  /** Absent where no topic can be given away. */
  readonly netlog?: { readonly isShuttingDown: boolean };
}

/**
 * A failure as the client is to hear of it. A topic that is given away ends like one whose server stops; only a server that
 * stops says so, and from the other one the topic is served in a moment.
 */
export function failureToTell(error: unknown, { isStopping, netlog }: Stopping): unknown {
  if (errorCode(error) !== "shutting_down" || isStopping || netlog?.isShuttingDown === true) return error;
  return topicMoves("another server takes the topic over; try again");
}
