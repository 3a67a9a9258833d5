/** Three servers of NATS, and servers of netlog in front of them, each a process that can be killed, frozen and started again. */
import { nodeRuntime, silentLogger } from "../../lib/index.ts";
import { EngineConnection } from "../../lib/jetstream/connection.ts";
import { JetStreamApi } from "../../lib/jetstream/jetstream-api.ts";
import { EngineNames } from "../../lib/jetstream/names.ts";
import { OwnerTable } from "../../lib/jetstream/owner-table.ts";
import { LIMITS } from "../../lib/limits.ts";
import { type BuiltServer, startServing } from "../support/built-program.ts";
import { freePort } from "../support/free-port.ts";
import { Nats, type NatsOptions } from "../support/nats.ts";
import type { NatsServer } from "../support/nats-server.ts";
import type { Host, Network } from "./network.ts";

/** Faults are held against a node of either kind. */
export interface Node {
  readonly name: string;
  kill(): Promise<void>;
  /** Starts it with what it kept; does not wait until it serves. */
  start(): void;
  freeze(): void;
  thaw(): void;
}

const POLL_MS = 50;
const LOOPBACK = { address: "127.0.0.1", under: [] };

export interface ClusterOptions extends Pick<NatsOptions, "storeBytes" | "syncsAlways"> {
  readonly netlogServers: number;
  /** How far the clock of each server is ahead, ms; 0 where there is none. */
  readonly clocks?: readonly number[];
  /** Where the servers run, `n1` to `n3` and `a` on; all on loopback when absent. */
  readonly network?: Network;
}

/** Names of the servers of a cluster, for a network of them. */
export function hostNames(netlogServers: number): string[] {
  return ["n1", "n2", "n3", ...Array.from({ length: netlogServers }, (_, number) => netlogName(number))];
}

function netlogName(number: number): string {
  return String.fromCharCode("a".charCodeAt(0) + number);
}

/** A server of netlog under an address of its own. */
class NetlogNode implements Node {
  readonly name: string;
  readonly url: string;
  readonly #args: readonly string[];
  readonly #environment: Readonly<Record<string, string>>;
  readonly #under: readonly string[];
  #server: Promise<BuiltServer> | undefined;

  constructor(
    name: string,
    { address, under }: Pick<Host, "address" | "under">,
    port: number,
    engine: readonly string[],
    aheadMs: number,
  ) {
    this.name = name;
    this.#under = under;
    this.url = `http://${address}:${port}`;
    const open = under.length > 0 ? ["--insecure"] : [];
    this.#args = ["serve", "--listen", `${address}:${port}`, "--advertise", this.url, ...open, ...engine];
    const shift = new URL("shifted-clock.js", import.meta.url);
    this.#environment =
      aheadMs === 0 ? {} : { NODE_OPTIONS: `--import=${shift.href}`, CLOCK_AHEAD_MS: String(aheadMs) };
  }

  /** What it logged since it was started last. */
  async logLines(): Promise<ReturnType<BuiltServer["logLines"]>> {
    return (await this.#server)?.logLines() ?? [];
  }

  async ready(): Promise<void> {
    await this.#server;
  }

  start(): void {
    this.#server = startServing(this.#args, { environment: this.#environment, under: this.#under });
    // Who waits for it hears of it; it may be killed before it serves.
    this.#server.catch(() => {});
  }

  async kill(): Promise<void> {
    const server = await this.#server?.catch(() => undefined);
    this.#server = undefined;
    await server?.kill();
  }

  freeze(): void {
    void this.#server?.then((server) => server.signal("SIGSTOP"));
  }

  thaw(): void {
    void this.#server?.then((server) => server.signal("SIGCONT"));
  }
}

export class Cluster {
  readonly nats: Nats;
  readonly netlogs: readonly NetlogNode[];
  readonly #network: Network | undefined;

  static async start(options: ClusterOptions): Promise<Cluster> {
    const { netlogServers, clocks = [], syncsAlways = false, network } = options;
    const hosts = ["n1", "n2", "n3"].flatMap((name) => network?.host(name) ?? []);
    const nats = await Nats.start({ ...options, servers: 3, hosts });
    const safety = syncsAlways ? ["--engine-monitor", nats.monitorUrl] : ["--engine-unsafe"];
    const engine = ["--engine", nats.url, ...safety];
    const netlogs: NetlogNode[] = [];
    for (let number = 0; number < netlogServers; number++) {
      const name = netlogName(number);
      const host = network?.host(name) ?? LOOPBACK;
      netlogs.push(new NetlogNode(name, host, await freePort(), engine, clocks[number] ?? 0));
    }
    const cluster = new Cluster(nats, netlogs, network);
    try {
      for (const netlog of netlogs) netlog.start();
      await Promise.all(netlogs.map((netlog) => netlog.ready()));
    } catch (error) {
      await cluster.remove();
      throw error;
    }
    return cluster;
  }

  private constructor(nats: Nats, netlogs: readonly NetlogNode[], network: Network | undefined) {
    this.nats = nats;
    this.netlogs = netlogs;
    this.#network = network;
  }

  /** Only a cluster that was started on one has it. */
  get network(): Network {
    if (this.#network === undefined) throw new Error("the cluster runs on loopback");
    return this.#network;
  }

  get urls(): string[] {
    return this.netlogs.map(({ url }) => url);
  }

  /** The server that owns the topic now, as its newest claim says. Waits until there is one. */
  async ownerOf(topic: string): Promise<NetlogNode> {
    const servers = this.nats.servers.map(({ url }) => url);
    const context = { runtime: nodeRuntime, logger: silentLogger, limits: LIMITS };
    const connection = await EngineConnection.connect({ servers, clientName: "faults" }, context);
    try {
      const table = new OwnerTable(new JetStreamApi(connection), new EngineNames());
      for (;;) {
        const { url } = (await table.look(topic).catch(() => undefined)) ?? {};
        const owner = this.netlogs.find((netlog) => netlog.url === url);
        if (owner !== undefined) return owner;
        table.forget(topic);
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    } finally {
      await connection.close();
    }
  }

  /** The server of NATS that leads the copies of the topic's log. */
  async leaderOf(topic: string): Promise<NatsServer> {
    interface Streams {
      readonly account_details?: readonly {
        readonly stream_detail?: readonly {
          readonly name: string;
          readonly cluster?: { readonly leader?: string };
        }[];
      }[];
    }
    for (const server of this.nats.servers) {
      const told = await server.monitor<Streams>("/jsz?accounts=true&streams=true").catch(() => undefined);
      const streams = told?.account_details?.flatMap(({ stream_detail = [] }) => stream_detail) ?? [];
      const leader = streams.find(({ name }) => name === `NETLOG-${topic}`)?.cluster?.leader;
      const found = this.nats.servers.find(({ name }) => name === leader);
      if (found !== undefined) return found;
    }
    throw new Error(`nobody leads ${topic}`);
  }

  async remove(): Promise<void> {
    await Promise.all(this.netlogs.map((netlog) => netlog.kill()));
    await this.nats.remove();
  }
}
