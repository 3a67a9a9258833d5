/** The neighbours of a server that has all topics: a test changes what it is about. */
import type { EngineFigures, Neighbours } from "../../lib/index.ts";
import { EngineCounters } from "../../lib/jetstream/log/engine-counters.ts";

const NO_FIGURES: EngineFigures = {
  isConnected: true,
  isSynced: true,
  roomUsedRatio: 0.25,
  otherServerCount: 1,
  topicCount: 0,
  ownerlessCount: 0,
  relayedRequests: 0,
  relayMessages: 0,
  ...new EngineCounters(),
};

export const NO_NEIGHBOURS: Neighbours = {
  names: [],
  servers: [],
  has: () => false,
  isCertain: () => true,
  ownerOf: () => undefined,
  grpcOf: () => undefined,
  sendLetter: () => Promise.resolve(),
  figures: () => NO_FIGURES,
  suspect() {},
  lookAgain: () => Promise.resolve(),
  watchGone: () => () => {},
};
