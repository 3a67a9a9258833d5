/** Three servers of NATS, and servers of netlog in front of them, each a process that can be killed, frozen and started again. */
import { nodeRuntime, silentLogger } from "../../lib/index.ts";
import { decodeLogMessage } from "../../lib/jetstream/log/log-message.ts";
import { EngineConnection } from "../../lib/jetstream/nats/connection.ts";
import { JetStreamError, NoAnswer } from "../../lib/jetstream/nats/errors.ts";
import { JetStreamApi } from "../../lib/jetstream/nats/jetstream-api.ts";
import { EngineNames } from "../../lib/jetstream/nats/names.ts";
import { readStream } from "../../lib/jetstream/nats/read-stream.ts";
import { OwnerTable } from "../../lib/jetstream/owners/owner-table.ts";
import { LIMITS } from "../../lib/limits.ts";
import { type BuiltServer, startServing } from "../support/built-program.ts";
import { freePort } from "../support/free-port.ts";
import { Nats, type NatsOptions } from "../support/nats.ts";
import type { NatsServer } from "../support/nats-server.ts";
import { type StreamMessage, streamMessage } from "./epochs.ts";
import { canDelay, type Host, type Network } from "./network.ts";

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
const RESTART_MS = 1000;
const LOOPBACK = { address: "127.0.0.1", under: [] };

const COPIES = 3;

interface Stream {
  readonly name: string;
  readonly leader: string | undefined;
  /** Those beside the leader's. */
  readonly currentCopies: number;
}

export interface ClusterOptions extends Pick<NatsOptions, "storeBytes" | "syncsAlways"> {
  readonly netlogServers: number;
  /** How far the clock of each server is ahead, ms; 0 where there is none. */
  readonly clocks?: readonly number[];
  /** Where the servers run, `n1` to `n3` and `a` on; all on loopback when absent. */
  readonly network?: Network;
  /** What the servers of NATS send can be late. */
  readonly canBeLate?: boolean;
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
  /** Why it could not be started, each time. */
  readonly failedStarts: string[] = [];
  #server: Promise<BuiltServer> | undefined;
  #isWanted = false;

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
    const server = await this.#server?.catch(() => undefined);
    return server?.logLines() ?? [];
  }

  async ready(): Promise<void> {
    await this.#server;
  }

  start(): void {
    this.#isWanted = true;
    this.#server = this.#serve();
    // Who waits for it hears of it.
    this.#server.catch(() => {});
  }

  /** As a unit of systemd does: one that finds no quorum ends, and is started again. */
  async #serve(): Promise<BuiltServer> {
    for (;;) {
      try {
        return await startServing(this.#args, { environment: this.#environment, under: this.#under });
      } catch (error) {
        if (!this.#isWanted) throw error;
        this.failedStarts.push(String(error));
        await new Promise((resolve) => setTimeout(resolve, RESTART_MS));
      }
    }
  }

  async kill(): Promise<void> {
    this.#isWanted = false;
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
    const areRelayed = options.canBeLate === true && !(canDelay && network !== undefined);
    const nats = await Nats.start({ ...options, servers: 3, hosts, areRelayed });
    const safety = syncsAlways ? [] : ["--engine-unsafe"];
    const engine = ["--engine", nats.url, "--engine-monitor", nats.monitorUrl, ...safety];
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

  /** What the servers of NATS send is so late from now on, ms. */
  async delay(ms: number): Promise<void> {
    for (const server of this.nats.servers) {
      if (!canDelay || this.#network === undefined) await server.delay(ms);
      else if (ms > 0) this.#network.delay(server.name, ms);
      else this.#network.hurry(server.name);
    }
  }

  /** The server that owns the topic now, as its newest claim says. Waits until there is one. */
  ownerOf(topic: string): Promise<NetlogNode> {
    return this.#asking(async (api) => {
      const table = new OwnerTable(api, new EngineNames());
      for (;;) {
        const { url } = (await table.look(topic).catch(() => undefined)) ?? {};
        const owner = this.netlogs.find((netlog) => netlog.url === url);
        if (owner !== undefined) return owner;
        table.forget(topic);
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    });
  }

  /** All messages of the stream that keeps the topic's log, which ends at this offset. No fault lasts, and nobody publishes. */
  async messagesOf(topic: string, endOffset: number): Promise<StreamMessage[]> {
    for (;;) {
      try {
        const messages = await this.#messagesOf(topic);
        // A server of NATS that stood still may take itself for the leader for seconds, and has no more than it had then.
        if (messages.some((message) => message.kind === "frames" && message.endOffset >= endOffset))
          return messages;
      } catch (error) {
        // NATS may still look for a leader of its own.
        if (!(error instanceof NoAnswer || error instanceof JetStreamError)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  #messagesOf(topic: string): Promise<StreamMessage[]> {
    return this.#asking(async (api) => {
      const stream = new EngineNames().logStream(topic);
      const lastSequence = (await api.streamInfo(stream))?.state.last_seq ?? 0;
      const messages: StreamMessage[] = [];
      for await (const message of readStream({ api, limits: LIMITS, stream, lastSequence })) {
        messages.push(streamMessage(decodeLogMessage(message)));
      }
      return messages;
    });
  }

  /** With a connection to NATS of its own. */
  async #asking<Answer>(ask: (api: JetStreamApi) => Promise<Answer>): Promise<Answer> {
    const servers = this.nats.servers.map(({ url }) => url);
    const context = { runtime: nodeRuntime, logger: silentLogger, limits: LIMITS };
    const connection = await EngineConnection.connect({ servers, clientName: "faults" }, context);
    try {
      return await ask(new JetStreamApi(connection));
    } finally {
      await connection.close();
    }
  }

  /** The server of NATS that leads the copies of the topic's log. */
  async leaderOf(topic: string): Promise<NatsServer> {
    const leader = (await this.#streams()).find(({ name }) => name === `NETLOG-${topic}`)?.leader;
    const found = this.nats.servers.find(({ name }) => name === leader);
    if (found === undefined) throw new Error(`nobody leads ${topic}`);
    return found;
  }

  /** Resolves when each stream has a leader, and copies that have all that it has. */
  async copied(): Promise<void> {
    for (;;) {
      const streams = await this.#streams();
      if (streams.length > 0 && streams.every(({ currentCopies }) => currentCopies === COPIES - 1)) return;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Each stream as its leader tells of it; those without one are as any server knows them. */
  async #streams(): Promise<Stream[]> {
    interface Told {
      readonly account_details?: readonly {
        readonly stream_detail?: readonly {
          readonly name: string;
          readonly cluster?: {
            readonly leader?: string;
            readonly replicas?: readonly { readonly current: boolean }[];
          };
        }[];
      }[];
    }
    const streams = new Map<string, Stream>();
    for (const server of this.nats.servers) {
      const told = await server.monitor<Told>("/jsz?accounts=true&streams=true").catch(() => undefined);
      for (const { name, cluster } of told?.account_details?.flatMap(
        (account) => account.stream_detail ?? [],
      ) ?? []) {
        const currentCopies = cluster?.replicas?.filter(({ current }) => current).length ?? 0;
        const stream = { name, leader: cluster?.leader, currentCopies };
        if (stream.leader === server.name || !streams.has(name)) streams.set(name, stream);
      }
    }
    return [...streams.values()];
  }

  async remove(): Promise<void> {
    await Promise.all(this.netlogs.map((netlog) => netlog.kill()));
    await this.nats.remove();
  }
}
