/** What all exchanges of a server share; index.ts makes it. */
import type { Logger, Netlog, Runtime, Tally } from "../../lib/index.ts";
import type { Access } from "../auth/access.ts";
import type { ClientAddresses } from "../auth/client-address.ts";
import type { Gate } from "../auth/gate.ts";
import type { RateLimit } from "../auth/rate-limit.ts";
import type { IdleWatch } from "./idle-watch.ts";
import type { Limits } from "./limits.ts";
import type { Occupancy } from "./occupancy.ts";
import type { RequestLog } from "./request-log.ts";
import type { Traffic } from "./traffic.ts";
import type { TurnQueue } from "./turn-queue.ts";

/** How many connections there are, and how many were closed unheard. */
interface ConnectionCounts {
  readonly count: number;
  readonly droppedCount: number;
}

/** How long the event loop is held; it wants to hear of work. */
interface LoopHolds {
  readonly holdMs: Tally;
  noteWork(): void;
}

export interface ServerContext {
  readonly netlog: Netlog;
  readonly logger: Logger;
  readonly droppedLogLines: () => number;
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
