/**
 * Asks the servers of NATS what they say of themselves: each by its monitoring port, or all of them at once by a user of
 * the system account. Both give the same facts.
 */
import type { EngineConnection, Received } from "../nats/connection.ts";

/** What a server says of itself, as far as it concerns syncing and room. */
export interface Varz {
  readonly server_name?: string;
  readonly version?: string;
  readonly jetstream?: {
    readonly config?: { readonly sync_always?: boolean; readonly max_storage?: number };
    /** Bytes that its streams have. */
    readonly stats?: { readonly storage?: number };
    readonly meta?: {
      /** Servers with JetStream that belong to the cluster, whether they are there or not. */
      readonly cluster_size?: number;
      /** The others, as the leader of the cluster sees them; no other server says it. */
      readonly replicas?: readonly {
        readonly name?: string;
        /** For how long the leader has not heard it, ns. */
        readonly active?: number;
        readonly offline?: boolean;
      }[];
    };
  };
}

export interface MonitorAnswers {
  readonly servers: readonly Varz[];
  /** Why some servers are missing, where that is known. */
  readonly missing: string | undefined;
}

/** Asks the servers of NATS how they are. */
export interface Monitor {
  /** Never rejects. */
  ask(): Promise<MonitorAnswers>;
  close(): Promise<void>;
}

const ASK_MS = 3000;
const PING = "$SYS.REQ.SERVER.PING.VARZ";
/** What NATS answers where nobody serves a subject. */
const NO_RESPONDERS = 503;

/** @param ports The monitoring ports of all servers: `http://host:8222`. */
export function portMonitor(ports: readonly string[]): Monitor {
  return {
    async ask() {
      const answers = await Promise.all(ports.map(askPort));
      const servers = answers.filter((varz) => varz !== undefined);
      const silent = ports.find((_, place) => answers[place] === undefined);
      if (silent === undefined) return { servers, missing: undefined };
      return { servers, missing: `the monitoring port ${silent} of NATS does not answer` };
    },
    close: () => Promise.resolve(),
  };
}

async function askPort(port: string): Promise<Varz | undefined> {
  try {
    const answer = await fetch(new URL("/varz", port), { signal: AbortSignal.timeout(ASK_MS) });
    return answer.ok ? varzIn(await answer.json()) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * All servers answer one question.
 *
 * @param connection That of a user of the system account. It is closed with the monitor.
 * @param isWhole No further answer is to be waited for.
 */
export function systemMonitor(
  connection: EngineConnection,
  isWhole: (servers: readonly Varz[]) => boolean,
): Monitor {
  return {
    ask: () =>
      new Promise((resolve) => {
        const servers: Varz[] = [];
        const end = (missing: string | undefined): void => {
          timer.cancel();
          unsubscribe();
          resolve({ servers, missing });
        };
        const take = ({ data, headers }: Received): void => {
          if (data.length === 0 && headers?.code === NO_RESPONDERS) {
            end("the user of --engine-system-credentials is not of the system account of NATS");
            return;
          }
          const varz = parseVarz(data);
          if (varz !== undefined) servers.push(varz);
          if (isWhole(servers)) end(undefined);
        };
        const inbox = connection.newInbox();
        const timer = connection.timer(ASK_MS, () => end(undefined));
        const unsubscribe = connection.subscribe(inbox, take);
        try {
          connection.publish(PING, "", { reply: inbox });
        } catch {
          end("the system account of NATS cannot be asked: there is no connection");
        }
      }),
    close: () => connection.close(),
  };
}

function parseVarz(bytes: Uint8Array): Varz | undefined {
  try {
    return varzIn((JSON.parse(Buffer.from(bytes).toString()) as { data?: unknown }).data);
  } catch {
    return undefined;
  }
}

/** Another program may answer, with any JSON. */
function varzIn(answer: unknown): Varz | undefined {
  return typeof answer === "object" && answer !== null ? answer : undefined;
}
