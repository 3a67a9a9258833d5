/**
 * Whether NATS has a message on the disk of a majority when it acknowledges it (`sync_interval: always`), as its servers say.
 * Without it an acknowledged message is in their page caches, and a loss of power at once may take it. They are asked at the
 * start, and again and again: a server may come back with another configuration.
 */
import type { Logger } from "../../base/logger.ts";
import type { Runtime, Timer } from "../../base/runtime.ts";
import type { JetstreamCaps } from "../nats/limits.ts";
import type { Monitor, MonitorAnswers, Varz } from "./monitors.ts";
import { EngineStartError } from "./start-error.ts";

export interface SyncCheckOptions {
  /** `undefined`: nobody tells. It is closed with the check. */
  readonly monitor: Monitor | undefined;
  /** The operator takes what is not synced. */
  readonly isUnsafe: boolean;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: JetstreamCaps;
}

type Verdict =
  | { readonly kind: "synced" }
  /** A server says that it does not sync; or it is not known of all of them, some of which may only be starting. */
  | { readonly kind: "unsynced" | "unknown"; readonly reason: string; readonly mayPass?: boolean };

const CURE = "set `sync_interval: always` in the jetstream block of NATS (from 2.10 on)";
const NOBODY_TELLS =
  "whether NATS syncs each message is not known; --engine-monitor http://host:8222,… names its servers' monitoring ports, " +
  "or --engine-system-credentials a user of its system account";

export class SyncCheck {
  readonly #options: SyncCheckOptions;
  #verdict: Verdict;
  #timer: Timer | undefined;
  #asking: Promise<void> | undefined;
  #isOver = false;

  /** Goes on asking until it is ended. @throws EngineStartError: not all servers sync, and nobody said --engine-unsafe. */
  static async begin(options: SyncCheckOptions): Promise<SyncCheck> {
    const { monitor, isUnsafe, logger } = options;
    const verdict = await judge(monitor);
    if (verdict.kind !== "synced") {
      const { reason, mayPass } = verdict;
      if (!isUnsafe) throw new EngineStartError(`${reason}; ${CURE}, or say --engine-unsafe`, { mayPass });
      logger.warn({}, `${reason}: ${RISK}`);
    }
    return new SyncCheck(options, verdict);
  }

  private constructor(options: SyncCheckOptions, verdict: Verdict) {
    this.#options = options;
    this.#verdict = verdict;
    this.#askLater();
  }

  /** All servers that are there sync each message. */
  get isSynced(): boolean {
    return this.#verdict.kind === "synced";
  }

  /** Why this server is not to be used, for the operator: NATS acknowledges what it may lose, and nobody agreed to that. */
  get trouble(): string | undefined {
    const verdict = this.#verdict;
    return verdict.kind === "unsynced" && !this.#options.isUnsafe ? verdict.reason : undefined;
  }

  /** Asks at once. Never rejects. */
  askNow(): Promise<void> {
    this.#timer?.cancel();
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
      this.#askLater();
    });
    return this.#asking;
  }

  async end(): Promise<void> {
    this.#isOver = true;
    this.#timer?.cancel();
    await this.#options.monitor?.close();
  }

  #askLater(): void {
    const { monitor, runtime, limits } = this.#options;
    if (monitor === undefined || this.#isOver) return;
    this.#timer = runtime.setTimer(limits.engineSyncCheckMs, () => void this.askNow());
  }

  async #ask(): Promise<void> {
    const { monitor, isUnsafe, logger } = this.#options;
    const last = this.#verdict;
    const verdict = await judge(monitor);
    if (this.#isOver) return;
    this.#verdict = verdict;
    if (verdict.kind === last.kind && (verdict.kind === "synced" || verdict.reason === reasonOf(last)))
      return;
    if (verdict.kind === "synced") logger.info({}, "all servers of NATS sync each message again");
    else if (verdict.kind === "unknown") logger.warn({}, verdict.reason);
    else if (isUnsafe) logger.warn({}, `${verdict.reason}: ${RISK}`);
    else
      logger.error(
        {},
        `${verdict.reason}: ${RISK}. This server is not ready (/-/ready) until each one syncs: ${CURE}`,
      );
  }
}

const RISK = "a loss of power of a majority of NATS at once may take acknowledged messages back";

async function judge(monitor: Monitor | undefined): Promise<Verdict> {
  if (monitor === undefined) return { kind: "unknown", reason: NOBODY_TELLS };
  return verdictOf(await monitor.ask());
}

function verdictOf({ servers, missing }: MonitorAnswers): Verdict {
  const unsynced = servers.find(
    ({ jetstream }) => jetstream?.config && jetstream.config.sync_always !== true,
  );
  if (unsynced !== undefined) {
    const { server_name: name = "?", version = "of no version" } = unsynced;
    const reason = `NATS server ${name} (${version}) acknowledges messages before they are on its disk`;
    return { kind: "unsynced", reason };
  }
  if (isWhole(servers)) return { kind: "synced" };
  const { known, size } = countOf(servers);
  const reason =
    missing ?? `${known} of the ${Math.max(size, 1)} servers of NATS said whether they sync each message`;
  return { kind: "unknown", reason, mayPass: missing === undefined };
}

/** Nothing is missing: every server of the cluster answered, or the others do not hear it. */
export function isWhole(servers: readonly Varz[]): boolean {
  const { known, size } = countOf(servers);
  return size > 0 && known >= size;
}

/** Servers of NATS send something each second, or at most every two. */
const UNHEARD_NS = 5e9;

/**
 * A server that the leader of the cluster does not hear acknowledges nothing, so it needs no answer. Once it is back, it
 * is asked again. One that is a message behind is heard, and counts. One without JetStream keeps no copies.
 */
function countOf(servers: readonly Varz[]): { readonly known: number; readonly size: number } {
  const keepers = servers.filter(({ jetstream }) => jetstream?.config !== undefined);
  const names = new Set(keepers.map(({ server_name: name }) => name));
  const away = new Set<string>();
  for (const { jetstream } of keepers) {
    for (const { name = "", active = 0, offline } of jetstream?.meta?.replicas ?? []) {
      if ((active >= UNHEARD_NS || offline === true) && !names.has(name)) away.add(name);
    }
  }
  const sizes = keepers.map(({ jetstream }) => jetstream?.meta?.cluster_size ?? 1);
  return { known: names.size + away.size, size: Math.max(0, ...sizes) };
}

function reasonOf(verdict: Verdict): string | undefined {
  return verdict.kind === "synced" ? undefined : verdict.reason;
}
