/** Logs on a NATS server of the test file. */
import { onTestFinished } from "vitest";
import { silentLogger } from "../../../../lib/base/logger.ts";
import { nodeRuntime, type Runtime } from "../../../../lib/base/runtime.ts";
import { StreamLog } from "../../../../lib/jetstream/log/stream-log.ts";
import {
  ENOUGH_ROOM,
  EngineShared,
  type LogFailure,
  type Room,
  type StreamLogOptions,
} from "../../../../lib/jetstream/log/stream-log-options.ts";
import type { JetStreamApi } from "../../../../lib/jetstream/nats/jetstream-api.ts";
import { EngineNames } from "../../../../lib/jetstream/nats/names.ts";
import { LIMITS, type Limits } from "../../../../lib/limits.ts";
import { framesOf } from "../../../../lib/log/frame.ts";
import type { LogLimits } from "../../../../lib/log/log.ts";
import { defaultLimits } from "../../../support/log-fixture.ts";
import type { Nats } from "../../../support/nats.ts";
import { connectTo } from "../engine-fixture.ts";

let lastTopic = 0;

export interface SharedChanges {
  readonly limits?: Partial<Limits>;
  readonly runtime?: Runtime;
  /** Said, and not made: the stream has one. */
  readonly copies?: number;
  readonly room?: Room;
  /** Stands in the way of requests. */
  readonly seen?: (api: JetStreamApi) => JetStreamApi;
}

/** What a server has, with a connection of its own. */
export async function newServer(nats: Nats, changes: SharedChanges = {}): Promise<EngineShared> {
  const limits = { ...LIMITS, ...changes.limits };
  const runtime = changes.runtime ?? nodeRuntime;
  const api = await connectTo(nats, { runtime: nodeRuntime, logger: silentLogger, limits });
  const { copies = 1, room = ENOUGH_ROOM } = changes;
  return new EngineShared({
    copies,
    room,
    api: changes.seen?.(api) ?? api,
    names: new EngineNames(),
    runtime,
    logger: silentLogger,
    limits,
  });
}

/** Makes the stream of a new topic. */
export async function newTopic(shared: EngineShared, copies = 1): Promise<string> {
  const topic = `topic.${++lastTopic}`;
  const { names, api } = shared;
  await api.createStream({
    name: names.logStream(topic),
    subjects: [names.logSubject(topic), names.ownerSubject(topic)],
    copies,
    description: topic,
  });
  return topic;
}

export interface OpenedLog {
  readonly log: StreamLog;
  /** What it reported of its failure. */
  readonly failures: LogFailure[];
}

/** Takes the topic's log over; it is closed when the test is over. */
export async function openTopicLog(
  shared: EngineShared,
  topic: string,
  limits: Partial<LogLimits> = {},
  changes: Partial<StreamLogOptions> = {},
): Promise<OpenedLog> {
  const failures: LogFailure[] = [];
  const log = await StreamLog.open({
    shared,
    topic,
    limits: { ...defaultLimits, ...limits },
    owner: { incarnation: shared.runtime.randomId(), url: undefined },
    onFailed: (failure) => failures.push(failure),
    ...changes,
  });
  onTestFinished(() => log.close());
  return { log, failures };
}

/** A new topic with its log. */
export async function newTopicLog(
  nats: Nats,
  limits: Partial<LogLimits> = {},
  changes: SharedChanges = {},
): Promise<OpenedLog & { readonly shared: EngineShared; readonly topic: string }> {
  const shared = await newServer(nats, changes);
  const topic = await newTopic(shared);
  return { shared, topic, ...(await openTopicLog(shared, topic, limits)) };
}

/** The entries in `[from, end)`, as text, in reads of at most `maxBytes`; checks that offsets are dense. */
export async function textsOf(
  log: StreamLog,
  from: number = log.logStartOffset,
  maxBytes: number = 64 * 1024,
): Promise<string[]> {
  const cursor = log.openCursor();
  const texts: string[] = [];
  for (let offset = from; ; ) {
    const run = await cursor.read(offset, maxBytes);
    if (run === undefined) return texts;
    for (const { header, entry } of framesOf(run.bytes)) {
      if (header.baseOffset !== offset) throw new Error(`offset ${header.baseOffset} for ${offset}`);
      texts.push(entry.toString());
      offset += header.messageCount;
    }
    if (run.endOffset !== offset) throw new Error(`a run ends at ${run.endOffset}, its frames at ${offset}`);
  }
}
