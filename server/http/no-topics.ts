/** Stands for the log on a port whose doors know no topics: a view's own. */
import { type Netlog, NetlogError } from "../../lib/index.ts";

const none: Pick<Netlog, "topic" | "ownerOf" | "neighbours" | "expiryOf" | "beginShutdown"> = {
  topic() {
    throw new NetlogError("topic_not_found");
  },
  ownerOf: () => undefined,
  neighbours: undefined,
  expiryOf: () => undefined,
  // The log is not this port's to end.
  beginShutdown() {},
};

/** All of it that server/http asks for; doors that want more are the log's. */
export const NO_TOPICS: Netlog = none as Netlog;
