/** What NATS has of the topics, for an operator: owners, streams, leaders, and how far copies are behind. It changes nothing. */
import { mapConcurrently } from "../../base/concurrency.ts";
import type { Logger } from "../../base/logger.ts";
import { nodeRuntime } from "../../base/runtime.ts";
import { DEFAULT_SETTINGS } from "../../topic/setting-table.ts";
import type { Unserved } from "../log/claim.ts";
import { EngineConnection } from "../nats/connection.ts";
import { NoAnswer } from "../nats/errors.ts";
import { JetStreamApi } from "../nats/jetstream-api.ts";
import type { Limits } from "../nats/limits.ts";
import { EngineNames } from "../nats/names.ts";
import type { StreamInfo } from "../nats/stream-config.ts";
import { OwnerTable } from "../owners/owner-table.ts";
import { TopicStreams } from "../topics/topic-streams.ts";
import { explainConnect, explainRefusal } from "./start-error.ts";

export interface CopyStatus {
  readonly server: string;
  /** Entries of its journal that it is behind. */
  readonly lag: number;
  readonly isCurrent: boolean;
  readonly isOffline: boolean;
}

export interface TopicStatus {
  readonly topic: string;
  readonly stream: string;
  /** Why it is no topic that is served: no server is missed then. */
  readonly unserved: Unserved | undefined;
  /** The server that owns it: its URL, or the name of its run where it says none; `undefined`: nobody has claimed it. */
  readonly owner: string | undefined;
  /** The owner answers. */
  readonly isOwnerAlive: boolean;
  /** The owner is no server: it moves the topic away. */
  readonly isBeingMoved: boolean;
  /** The sequence of its claim. */
  readonly epoch: number;
  /** JetStream messages, each with frames of one moment; and their bytes. */
  readonly messages: number;
  readonly sizeBytes: number;
  /** The NATS server that takes its appends; `undefined`: there is none now, or NATS is one server. */
  readonly leader: string | undefined;
  /** Beside the leader's. */
  readonly copies: readonly CopyStatus[];
}

export interface EngineStatus {
  readonly version: string;
  readonly topics: readonly TopicStatus[];
}

export interface LookOptions {
  readonly servers: readonly string[];
  readonly credentials?: string | undefined;
  readonly prefix?: string;
  readonly limits: Limits;
  readonly logger: Logger;
}

interface StatusOptions {
  readonly connection: EngineConnection;
  readonly api: JetStreamApi;
  readonly names: EngineNames;
  readonly limits: Limits;
}

/** Looks at once. */
const LOOKS = 16;
/** Time for the answer of an owner. */
const OWNER_MS = 1000;

/** What NATS has of the topics under a prefix, over a connection of its own. @throws EngineStartError. */
export async function lookAtEngine(options: LookOptions): Promise<EngineStatus> {
  const { servers, credentials, prefix, limits, logger } = options;
  let connection: EngineConnection;
  try {
    const address = { servers, credentials, clientName: "netlog engine status" };
    connection = await EngineConnection.connect(address, { runtime: nodeRuntime, logger, limits });
  } catch (error) {
    throw explainConnect(error, servers) ?? error;
  }
  try {
    const api = new JetStreamApi(connection);
    return await engineStatus({ connection, api, names: new EngineNames(prefix), limits });
  } catch (error) {
    throw explainRefusal(error, 1) ?? error;
  } finally {
    await connection.close();
  }
}

/** @throws JetStreamError, NoAnswer. */
async function engineStatus({ connection, api, names, limits }: StatusOptions): Promise<EngineStatus> {
  const streams = new TopicStreams({ api, names, limits, defaults: DEFAULT_SETTINGS });
  await streams.refresh();
  const table = new OwnerTable(api, names);
  const alive = new Map<string, Promise<boolean>>();
  const isAlive = (owner: string): Promise<boolean> => {
    const asked = alive.get(owner) ?? answers(connection, names.serverSubject(owner));
    alive.set(owner, asked);
    return asked;
  };
  const unserved = new Map<string, Unserved>();
  for (const why of ["copying", "moved"] as const) {
    for (const { name } of streams.unserved(why)) unserved.set(name, why);
  }
  const all = [...streams.topicNames, ...unserved.keys()].sort();
  const topics = await mapConcurrently(all, LOOKS, async (topic) => {
    const stream = names.logStream(topic);
    const info = await api.streamInfo(stream);
    if (info === undefined) return undefined;
    const ownership = await table.look(topic).catch(() => undefined);
    const { owner, url, epoch = 0, isMover = false } = ownership ?? {};
    return {
      topic,
      stream,
      unserved: unserved.get(topic),
      owner: url ?? owner,
      isOwnerAlive: owner !== undefined && (await isAlive(owner)),
      isBeingMoved: isMover,
      epoch,
      messages: info.state.messages,
      sizeBytes: info.state.bytes,
      leader: info.cluster?.leader,
      copies: copiesOf(info),
    };
  });
  return { version: connection.serverVersion, topics: topics.filter((topic) => topic !== undefined) };
}

function copiesOf({ cluster }: StreamInfo): CopyStatus[] {
  return (cluster?.replicas ?? []).map(({ name, lag = 0, current, offline = false }) => ({
    server: name,
    lag,
    isCurrent: current,
    isOffline: offline,
  }));
}

/** One that stands still does not answer in time, and counts as gone here. */
async function answers(connection: EngineConnection, subject: string): Promise<boolean> {
  try {
    await connection.request(subject, "", { timeoutMs: OWNER_MS });
    return true;
  } catch (error) {
    if (error instanceof NoAnswer) return false;
    throw error;
  }
}
