/** Which server has a topic that this one has not, for calls of gRPC: the log knows its URL, and that of its gRPC port. */
import type { Netlog } from "../../../lib/index.ts";
import { ownerOf, topicMoves } from "../../http/owner-errors.ts";
import type { Elsewhere } from "../forward-call.ts";

/** `undefined`: the log has no neighbours. */
export function elsewhereOf(netlog: Netlog): Elsewhere | undefined {
  const { neighbours } = netlog;
  if (neighbours === undefined) return undefined;
  /** By the URL of HTTP. */
  const origins = new Map<string, string>();
  const originOf = (url: string): string => {
    const origin = neighbours.grpcOf(url);
    if (origin === undefined)
      throw topicMoves(`the server that has the topic, ${url}, tells no port of gRPC`);
    origins.set(url, origin);
    return origin;
  };
  return {
    ownerOf(topic) {
      const owner = ownerOf(netlog, topic);
      if (owner === undefined) return undefined;
      if (typeof owner === "string") return originOf(owner);
      return owner.then((url) => (url === undefined ? undefined : originOf(url)));
    },
    suspect(origin) {
      for (const [url, each] of origins) if (each === origin) neighbours.suspect(url);
    },
    watchGone: (hear) =>
      neighbours.watchGone((url) => {
        const origin = origins.get(url);
        origins.delete(url);
        if (origin !== undefined) hear(origin);
      }),
  };
}
