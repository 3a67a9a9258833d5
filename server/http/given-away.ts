/** What a request meets whose topic goes to another server while it waits. */
import { errorCode } from "../wire/errors.ts";
import type { ServerContext } from "./context.ts";
import { topicMoves } from "./forward.ts";

/**
 * A failure as the client is to hear of it. A topic that is given away ends like one whose server stops; only a server that
 * stops says so, and from the other one the topic is served in a moment.
 */
export function failureToTell(error: unknown, { isStopping }: Pick<ServerContext, "isStopping">): unknown {
  if (isStopping || errorCode(error) !== "shutting_down") return error;
  return topicMoves("another server takes the topic over; try again");
}
