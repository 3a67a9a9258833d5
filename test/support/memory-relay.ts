/** A relay from one server of the tests' own process to another. */
import type { Relay, RelayOutcome, TakeRelayed } from "../../lib/index.ts";

export interface MemoryRelay {
  /** For the server that sends requests on. */
  readonly front: Relay;
  /** For the server that has the topics. */
  readonly owner: Relay;
  /** Requests that were sent so far. */
  sentCount: number;
  /** What becomes of a request, in place of its answer. */
  outcome: RelayOutcome | Promise<RelayOutcome> | undefined;
}

const MAX_BYTES = 512 * 1024;

export function memoryRelay(): MemoryRelay {
  let take: TakeRelayed | undefined;
  const relay: MemoryRelay = {
    sentCount: 0,
    outcome: undefined,
    front: {
      maxBytes: MAX_BYTES,
      reaches: () => true,
      async send(_url, request) {
        relay.sentCount += 1;
        if (relay.outcome !== undefined) return relay.outcome;
        const given = take;
        if (given === undefined) return "not_taken";
        return await new Promise<RelayOutcome>((resolve) =>
          given(Buffer.from(request), (answer) =>
            resolve(answer.length === 0 ? "unknown" : Buffer.from(answer)),
          ),
        );
      },
      receive: () => () => Promise.resolve(),
    },
    owner: {
      maxBytes: MAX_BYTES,
      reaches: () => false,
      send: () => Promise.resolve("not_taken"),
      receive(given) {
        take = given;
        return () => {
          take = undefined;
          return Promise.resolve();
        };
      },
    },
  };
  return relay;
}
