/** What the logs on NATS share, and what one of them is opened with. */
import { LRUCache } from "lru-cache";
import { Counters } from "../../base/counters.ts";
import type { Logger } from "../../base/logger.ts";
import type { Runtime } from "../../base/runtime.ts";
import type { LogLimits } from "../../log/log.ts";
import { TailBudget } from "../../log/tail.ts";
import type { JetStreamApi } from "../nats/jetstream-api.ts";
import type { Limits } from "../nats/limits.ts";
import type { EngineNames } from "../nats/names.ts";
import type { Owner, Unserved } from "./claim.ts";
import { EngineCounters } from "./engine-counters.ts";
import { type LogMessage, memoryBytes } from "./log-message.ts";
import type { PublisherEnd } from "./ordered-publisher.ts";

/** Why a log takes no appends any more before it was closed. `refused`: see StreamAppender. */
export type LogFailure = PublisherEnd | "refused";

/** What those who store ask of NATS. */
export interface Room {
  /** Why nothing more is to be stored, in words; `undefined`: there is room, as far as this server knows. */
  readonly shortage: string | undefined;
}

export const ENOUGH_ROOM: Room = { shortage: undefined };

export interface Acknowledged {
  /** When the stream was made, as NATS says it: one that is made anew begins anew. */
  readonly created: string;
  readonly sequence: number;
}

export interface EngineParts {
  readonly api: JetStreamApi;
  readonly names: EngineNames;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: Limits;
  /** How many each stream has; 1 when absent. */
  readonly copies?: number;
  /** Always enough when absent. */
  readonly room?: Room;
}

/** One for a server. */
export class EngineShared implements EngineParts {
  readonly api: JetStreamApi;
  readonly names: EngineNames;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: Limits;
  readonly copies: number;
  readonly room: Room;
  readonly counters: Counters = new Counters();
  readonly engineCounters: EngineCounters = new EngineCounters();
  readonly tailBudget: TailBudget;
  /** Messages of history, by stream, creation and sequence. */
  readonly history: LRUCache<string, LogMessage>;
  /** How far NATS acknowledged the streams that this server wrote. One that ends before has lost messages. */
  readonly acknowledged: Map<string, Acknowledged> = new Map();
  /** Consumers that cursors hold. */
  consumerCount = 0;
  #maxPayloadBytes = 0;

  constructor(parts: EngineParts) {
    const { api, names, runtime, logger, limits, copies = 1, room = ENOUGH_ROOM } = parts;
    this.api = api;
    this.names = names;
    this.runtime = runtime;
    this.logger = logger;
    this.limits = limits;
    this.copies = copies;
    this.room = room;
    this.tailBudget = new TailBudget(limits.tailTotalBytes);
    this.history = new LRUCache({ maxSize: limits.blockCacheBytes, sizeCalculation: memoryBytes });
  }

  /** Bytes that a message of NATS may have; also while there is no connection. */
  get maxPayloadBytes(): number {
    this.#maxPayloadBytes = this.api.connection.maxPayloadBytes || this.#maxPayloadBytes;
    return this.#maxPayloadBytes;
  }
}

export interface StreamLogOptions {
  readonly shared: EngineShared;
  /** Its stream is there. */
  readonly topic: string;
  readonly limits: LogLimits;
  /** Where the log begins, whose stream has no message yet. 0 when absent. */
  readonly firstOffset?: number;
  /** `copying`: to go on with a copy, as its claims say; `moved`: to open also what has moved away. Else a topic's log. */
  readonly unserved?: Unserved | undefined;
  /** The server that takes the log over. */
  readonly owner: Owner;
  /** The log has failed: its holder may close it, and open it again. Called once. */
  readonly onFailed?: ((failure: LogFailure) => void) | undefined;
}

/** What claims of the log say. One that has moved away is a topic's while it is open: it may be left to its servers. */
export function claimedAs({ unserved }: StreamLogOptions): Unserved | undefined {
  return unserved === "copying" ? unserved : undefined;
}
