/** What all exchanges of a server share; index.ts makes it. */
import type { Logger, Netlog, Runtime, Tally } from "../../lib/index.ts";
import type { Access } from "../auth/access.ts";
import type { ClientAddresses } from "../auth/client-address.ts";
import type { Gate } from "../auth/gate.ts";
import type { RateLimit } from "../auth/rate-limit.ts";
import type { IdleWatch } from "./idle-watch.ts";
import type { Limits } from "./limits.ts";
import type { Occupancy } from "./occupancy.ts";
import type { Peers } from "./peers.ts";
import type { RequestLog } from "./request-log.ts";
import type { CallTraffic, Traffic } from "./traffic.ts";
import type { TurnQueue } from "./turn-queue.ts";

/** How many connections there are, by any protocol, and how many were closed unheard. */
interface ConnectionCounts {
  readonly count: number;
  droppedCount: number;
}

/** How long the event loop is held; it wants to hear of work. */
interface LoopHolds {
  readonly holdMs: Tally;
  noteWork(): void;
}

/** Numbers of one view since the process began; see lib/views/running-view.ts. */
export interface ViewFigures {
  readonly name: string;
  readonly lagMessages: number | undefined;
  readonly appliedCount: number;
  readonly malformedCount: number;
  readonly refusedCount: number;
  readonly missedCount: number;
  readonly batchMs: Tally;
  /** Calls on its port of gRPC, by the path of the method; `undefined`: it has no such port. */
  readonly calls?: ReadonlyMap<string, CallTraffic> | undefined;
}

export interface ViewRebuild {
  readonly forgetsOlder: boolean;
  /** Messages that the database refuses become dead letters, however many there are. */
  readonly skipsRefused: boolean;
  readonly onProgress: (progress: { readonly done: number; readonly total: number }) => void;
  readonly signal: AbortSignal;
}

/** The views of this process. The program hands them in: the log knows no view. */
export interface Views {
  readonly names: readonly string[];
  figures(): readonly ViewFigures[];
  status(): Promise<readonly ViewStatus[]>;
  /** Rejects with a line for a human where it cannot be done. */
  rebuild(name: string, request: ViewRebuild): Promise<void>;
}

/** As `GET /-/views` shows it. */
export interface ViewStatus {
  readonly name: string;
  /** Where browsers find its pages; `undefined`: it has none here. */
  readonly url?: string | undefined;
  readonly topics: readonly {
    readonly topic: string;
    readonly topicId: string | undefined;
    readonly next: number | undefined;
    readonly lagMessages: number | undefined;
  }[];
  readonly rows: number | undefined;
  readonly deadLetters: number | undefined;
  readonly isRunner: boolean;
  readonly isReady: boolean;
  readonly trouble: string | undefined;
}

export interface ServerContext {
  readonly netlog: Netlog;
  /** The other servers of the same topics. */
  readonly peers: Peers;
  readonly logger: Logger;
  readonly droppedLogLines: () => number;
  /** `undefined`: this process runs none. */
  readonly views: Views | undefined;
  readonly limits: Limits;
  readonly runtime: Runtime;
  readonly watch: IdleWatch;
  readonly gate: Gate;
  /** `undefined`: no tokens are used, and every client may do everything. */
  readonly access: Access | undefined;
  /** `undefined`: there is none. */
  readonly rateLimit: RateLimit | undefined;
  /** The rate of requests that need no token, by address. */
  readonly openRateLimit: RateLimit;
  /** The rate of refusals to clients without a valid token, by address. */
  readonly refusalRateLimit: RateLimit;
  readonly clientAddresses: ClientAddresses;
  /** For what goes better together. */
  readonly turn: TurnQueue;
  readonly traffic: Traffic;
  readonly connections: ConnectionCounts;
  readonly loop: LoopHolds;
  /** What is taken up of what all clients share. */
  readonly occupancy: Occupancy;
  /** Browsers find pages under `/-/console/`. */
  readonly hasConsole: boolean;
  /** The version of the program. */
  readonly version: string;
  readonly requestLog: RequestLog;
  /** Once true, each answer is the last of its connection. */
  isStopping: boolean;
}
