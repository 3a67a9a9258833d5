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

function bytesOf(texts: readonly string[], bodyBytes: number): number | undefined {
  const sizeBytes = texts.join("").length + bodyBytes;
  return sizeBytes <= MAX_BYTES ? sizeBytes : undefined;
}

export function memoryRelay(): MemoryRelay {
  let take: TakeRelayed | undefined;
  const relay: MemoryRelay = {
    sentCount: 0,
    outcome: undefined,
    front: {
      bytesOf,
      reaches: () => true,
      async send(_url, request) {
        relay.sentCount += 1;
        if (relay.outcome !== undefined) return relay.outcome;
        const given = take;
        if (given === undefined) return "not_taken";
        return await new Promise<RelayOutcome>((resolve) =>
          given(request, (answer) => resolve(answer ?? "unknown")),
        );
      },
      receive: () => () => Promise.resolve(),
    },
    owner: {
      bytesOf,
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
