/**
 * A NATS server with JetStream, or a cluster of three, in a temporary folder on ports of loopback. Each server can be killed,
 * frozen and started again where it was. `NETLOG_TEST_NATS` names another program than the one on the path.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { within } from "./deadline.ts";
import { freePort } from "./free-port.ts";
import { type NatsHost, NatsServer } from "./nats-server.ts";

/** Debian puts it where a user who is not root does not look. */
const CANDIDATES: readonly string[] = process.env.NETLOG_TEST_NATS
  ? [process.env.NETLOG_TEST_NATS]
  : ["nats-server", "/usr/sbin/nats-server"];
const CLUSTER_SIZE = 3;
const FOUNDINGS = 4;
const FOUNDING_MS = 25_000;
const POLL_MS = 20;
const GIB = 2 ** 30;
/** `sync_interval: always` is of 2.10; 2.10.20 to 2.10.22 may delete streams. */
const SYNCS_ALWAYS_FROM = [2, 10, 23];

interface Program {
  readonly path: string;
  readonly version: string;
}

const program: Program | undefined = CANDIDATES.map((path): Program | undefined => {
  const { stdout } = spawnSync(path, ["--version"], { encoding: "utf8" });
  const version = /v(\d+\.\d+\.\d+)/.exec(stdout ?? "")?.[1];
  return version === undefined ? undefined : { path, version };
}).find((found) => found !== undefined);

/** Empty where it is not installed. */
export const natsProgram: string = program?.path ?? "";

export const hasNats: boolean = program !== undefined;
if (!hasNats) console.warn("nats-server is not installed (Debian: nats-server); its tests are skipped");

/** It can sync each message before it acknowledges it, and keeps what it acknowledged when its servers are killed under load. */
export const natsSyncsAlways: boolean =
  program !== undefined && isAtLeast(program.version, SYNCS_ALWAYS_FROM);
if (hasNats && !natsSyncsAlways) {
  console.warn(
    `nats-server ${program?.version} cannot sync always, and loses what it acknowledged where servers are killed under load: tests of that are skipped (NETLOG_TEST_NATS names another one)`,
  );
}

export interface NatsOptions {
  /** One server, or a cluster of three. One when absent. */
  readonly servers?: 1 | 3;
  /** Each message is synced before its acknowledgement; see natsSyncsAlways. */
  readonly syncsAlways?: boolean;
  /** Room for streams, of each server. */
  readonly storeBytes?: number;
  /** Further lines of the configuration, the same for each server. */
  readonly settings?: string;
  /** Where each server runs; all on loopback when absent. */
  readonly hosts?: readonly NatsHost[];
  /** What the servers send can be late. */
  readonly areRelayed?: boolean;
}

const LOOPBACK: NatsHost = { address: "127.0.0.1", under: [] };

export class Nats {
  readonly servers: readonly NatsServer[];
  readonly #folder: string;

  /** Started; all servers agree on a leader, which finds all others current, so that a stream can have its copies on them. */
  static async start(options: NatsOptions = {}): Promise<Nats> {
    if (program === undefined) throw new Error("nats-server is not installed");
    const {
      servers: count = 1,
      syncsAlways = false,
      storeBytes = 4 * GIB,
      settings = "",
      hosts = [],
      areRelayed = false,
    } = options;
    const folder = realpathSync(mkdtempSync(join(tmpdir(), "netlog-nats-")));
    const places = [];
    for (let number = 1; number <= count; number++) {
      const [port, monitorPort, routePort] = [await freePort(), await freePort(), await freePort()];
      const host = hosts[number - 1] ?? LOOPBACK;
      places.push({
        name: `n${number}`,
        folder: join(folder, `n${number}`),
        host,
        port,
        monitorPort,
        routePort,
        ...(areRelayed ? { behindRelay: { port: await freePort(), routePort: await freePort() } } : {}),
      });
    }
    const routes =
      count === CLUSTER_SIZE ? places.map(({ host, routePort }) => `${host.address}:${routePort}`) : [];
    const shared = { program: program.path, routes, syncsAlways, storeBytes, settings };
    const nats = new Nats(
      folder,
      places.map((place) => new NatsServer({ ...place, ...shared })),
    );
    try {
      await nats.#found();
    } catch (error) {
      await nats.remove();
      throw error;
    }
    return nats;
  }

  private constructor(folder: string, servers: readonly NatsServer[]) {
    this.#folder = folder;
    this.servers = servers;
  }

  /** Servers that start at once may found a cluster without one of them, which stays so: they begin anew then. */
  async #found(): Promise<void> {
    for (let tries = 1; ; tries++) {
      for (const server of this.servers) server.start();
      try {
        const limit = tries < FOUNDINGS ? FOUNDING_MS : undefined;
        await Promise.all(this.servers.map((server) => server.ready(limit)));
        await within("the leader of NATS to find all servers current", this.#current(), limit);
        return;
      } catch (error) {
        if (tries === FOUNDINGS) throw error;
        await Promise.all(this.servers.map((server) => server.kill()));
        for (const server of this.servers) server.forget();
      }
    }
  }

  async #current(): Promise<void> {
    const others = this.servers.length - 1;
    while (!(await Promise.all(this.servers.map((server) => server.currentOthers()))).includes(others)) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** What `--engine` takes. */
  get url(): string {
    return this.servers.map(({ url }) => url).join(",");
  }

  /** What `--engine-monitor` takes. */
  get monitorUrl(): string {
    return this.servers.map(({ monitorUrl }) => monitorUrl).join(",");
  }

  /** Kills all servers, and removes what they kept. */
  async remove(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.remove()));
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}

function isAtLeast(version: string, least: readonly number[]): boolean {
  const parts = version.split(".").map(Number);
  const difference = least.map((part, index) => parts[index]! - part).find((each) => each !== 0);
  return (difference ?? 0) >= 0;
}
