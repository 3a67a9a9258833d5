/** What all topics of a Netlog have in common: caches, budgets, and the work that is done off the event loop. */
import { ByteBudget } from "../base/byte-budget.ts";
import { Slots } from "../base/slots.ts";
import { boundedOffload } from "../message/compression.ts";
import { ReadBuffers } from "../reading/read-buffers.ts";
import { SetCache } from "../reading/set-cache.ts";
import { Remembered } from "../topic/remembered.ts";
import type { TopicShared } from "../topic/topic-shared.ts";
import type { Limits } from "./limits.ts";

type Given = Pick<TopicShared, "runtime" | "logger" | "counters" | "offload" | "letterBox"> & {
  readonly limits: Limits;
};

/** `offload` is bounded here. */
export function makeShared(given: Given): TopicShared {
  const { limits, counters, offload } = given;
  return {
    ...given,
    offload: boundedOffload(offload, new Slots(limits.offloadedWork)),
    sets: new SetCache(limits.setCacheBytes),
    readBuffers: new ReadBuffers(limits.readAheadBytes, limits.idleReadBuffers),
    remembered: new Remembered(limits.remembered, counters),
    inFlight: new ByteBudget(limits.bytesInFlight),
  };
}
