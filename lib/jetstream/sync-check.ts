/**
 * Whether NATS has a message on the disk of a majority when it acknowledges it (`sync_interval: always`), as the monitoring
 * ports of its servers say. Without it an acknowledged message is in their page caches, and a loss of power at once may take it.
 */
import type { Logger } from "../base/logger.ts";
import { EngineStartError } from "./start-error.ts";

const ASK_MS = 3000;

export interface SyncCheckOptions {
  /** The monitoring ports of all servers: `http://host:8222`. */
  readonly monitors: readonly string[];
  /** The operator takes what is not synced. */
  readonly isUnsafe: boolean;
  readonly logger: Logger;
}

/** What a server says of itself, as far as this needs it. */
interface Varz {
  readonly server_name?: string;
  readonly version?: string;
  readonly jetstream?: {
    readonly config?: { readonly sync_always?: boolean };
    readonly meta?: { readonly cluster_size?: number };
  };
}

const ADVICE =
  "set `sync_interval: always` in the jetstream block of NATS (from 2.10 on), or say --engine-unsafe";

/** True when each server syncs each message. @throws EngineStartError: not all of them do, and nobody said --engine-unsafe. */
export async function checkSync({ monitors, isUnsafe, logger }: SyncCheckOptions): Promise<boolean> {
  const trouble = await troubleOf(monitors);
  if (trouble === undefined) return true;
  if (!isUnsafe) throw new EngineStartError(`${trouble}; ${ADVICE}`);
  logger.warn(
    {},
    `${trouble}: a loss of power of a majority of NATS at once may take acknowledged messages back`,
  );
  return false;
}

async function troubleOf(monitors: readonly string[]): Promise<string | undefined> {
  if (monitors.length === 0) {
    return "whether NATS syncs each message is not known; --engine-monitor http://host:8222,… names its servers' monitoring ports";
  }
  const seen = new Set<string>();
  let clusterSize = 1;
  for (const monitor of monitors) {
    const varz = await ask(monitor);
    if (varz === undefined) return `the monitoring port ${monitor} of NATS does not answer`;
    const name = varz.server_name ?? monitor;
    if (varz.jetstream?.config === undefined) return `NATS server ${name} runs without JetStream`;
    if (varz.jetstream.config.sync_always !== true) {
      return `NATS server ${name} (${varz.version ?? "of no version"}) acknowledges messages before they are on its disk`;
    }
    seen.add(name);
    clusterSize = Math.max(clusterSize, varz.jetstream.meta?.cluster_size ?? 1);
  }
  if (seen.size >= clusterSize) return undefined;
  return `--engine-monitor names ${seen.size} of the ${clusterSize} servers of NATS`;
}

async function ask(monitor: string): Promise<Varz | undefined> {
  try {
    const answer = await fetch(new URL("/varz", monitor), { signal: AbortSignal.timeout(ASK_MS) });
    return answer.ok ? ((await answer.json()) as Varz) : undefined;
  } catch {
    return undefined;
  }
}
