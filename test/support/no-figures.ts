/** Figures of a server whose neighbours a test makes up. */
import type { EngineFigures } from "../../lib/index.ts";
import { EngineCounters } from "../../lib/jetstream/engine-counters.ts";

export const NO_FIGURES: EngineFigures = {
  isConnected: true,
  isSynced: true,
  otherServerCount: 1,
  topicCount: 0,
  ownerlessCount: 0,
  relayedRequests: 0,
  relayMessages: 0,
  ...new EngineCounters(),
};
