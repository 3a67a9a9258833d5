/** What a topic is made of, put together from what is stored of it and what all topics share. */
import { TopicCounters } from "../base/counters.ts";
import { TopicScanners } from "../scanner/topic-scanners.ts";
import { AppendJudge } from "./append-judge.ts";
import { BatchParser } from "./batch-parser.ts";
import { Publisher } from "./publisher.ts";
import type { StoredTopic } from "./storage.ts";
import { TopicLife } from "./topic-life.ts";
import type { TopicShared } from "./topic-shared.ts";
import type { TopicState } from "./topic-state.ts";
import { TopicUpkeep } from "./topic-upkeep.ts";
import { WaysIn } from "./ways-in.ts";
import { WaysOut } from "./ways-out.ts";

export interface TopicParts {
  readonly name: string;
  readonly stored: StoredTopic;
  readonly state: TopicState;
  readonly counters: TopicCounters;
  readonly judge: AppendJudge;
  readonly batches: BatchParser;
  readonly life: TopicLife;
  readonly publisher: Publisher;
  readonly waysIn: WaysIn;
  readonly waysOut: WaysOut;
  readonly scanners: TopicScanners;
  readonly upkeep: TopicUpkeep;
}

export function makeParts(
  shared: TopicShared,
  name: string,
  stored: StoredTopic,
  state: TopicState,
): TopicParts {
  const { log, settings, scannerStore: store, scanners: storedScanners } = stored;
  const { logger, limits, runtime, offload, inFlight, letterBox } = shared;
  const counters = new TopicCounters();
  const common = { log, settings, runtime, limits, offload, inFlight };
  const judge = new AppendJudge(state, log, limits);
  const batches = new BatchParser({ settings, limits, offload, inFlight });
  const publisher = new Publisher({ ...common, counters: shared.counters, topicCounters: counters });
  publisher.refuse(stored.trouble);
  const waysOut = new WaysOut(log, settings, shared);
  const scanners = new TopicScanners({
    topicName: name,
    log,
    reader: waysOut.reader,
    store,
    stored: storedScanners,
    runtime,
    logger,
    limits,
    letterBox,
  });
  return {
    name,
    stored,
    state,
    counters,
    judge,
    batches,
    life: new TopicLife(settings, runtime),
    publisher,
    waysIn: new WaysIn({ ...common, publisher, state, judge, parser: batches }),
    waysOut,
    scanners,
    upkeep: new TopicUpkeep({ topicName: name, log, state, scanners, settings, runtime, logger }),
  };
}
