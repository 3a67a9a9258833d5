/**
 * A NATS server with JetStream, or a cluster of three, in a temporary folder on ports of loopback. Each server can be killed,
 * frozen and started again where it was. `NETLOG_TEST_NATS` names another program than the one on the path.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeRuntime, silentLogger } from "../../lib/index.ts";
import { EngineConnection } from "../../lib/jetstream/nats/connection.ts";
import { NoAnswer } from "../../lib/jetstream/nats/errors.ts";
import { JetStreamApi } from "../../lib/jetstream/nats/jetstream-api.ts";
import { LIMITS } from "../../lib/limits.ts";
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
  /** `user:password` of one that may make streams, where the settings of a cluster want it. */
  readonly credentials?: string;
  /** Where each server runs; all on loopback when absent. */
  readonly hosts?: readonly NatsHost[];
  /** What the servers send can be late. */
  readonly areRelayed?: boolean;
}

const CONTEXT = { runtime: nodeRuntime, logger: silentLogger, limits: LIMITS };
const PROBE = { name: "PROBE", subjects: ["probe"], copies: CLUSTER_SIZE, description: "" };
const LOOPBACK: NatsHost = { address: "127.0.0.1", under: [] };

export class Nats {
  readonly servers: readonly NatsServer[];
  readonly #folder: string;
  readonly #credentials: string | undefined;

  /** Started; all servers agree on a leader, and a cluster has made a stream with a copy on each of them. */
  static async start(options: NatsOptions = {}): Promise<Nats> {
    if (program === undefined) throw new Error("nats-server is not installed");
    const {
      servers: count = 1,
      syncsAlways = false,
      storeBytes = 4 * GIB,
      settings = "",
      credentials,
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
      credentials,
    );
    try {
      await nats.#found();
    } catch (error) {
      await nats.remove();
      throw error;
    }
    return nats;
  }

  private constructor(folder: string, servers: readonly NatsServer[], credentials: string | undefined) {
    this.#folder = folder;
    this.servers = servers;
    this.#credentials = credentials;
  }

  /** Servers that start at once may found a cluster without one of them, which stays so: they begin anew then. */
  async #found(): Promise<void> {
    for (let tries = 1; ; tries++) {
      for (const server of this.servers) server.start();
      try {
        const limit = tries < FOUNDINGS ? FOUNDING_MS : undefined;
        await Promise.all(this.servers.map((server) => server.ready(limit)));
        if (this.servers.length > 1) await this.#placed(limit);
        return;
      } catch (error) {
        if (tries === FOUNDINGS) throw error;
        await Promise.all(this.servers.map((server) => server.kill()));
        for (const server of this.servers) server.forget();
      }
    }
  }

  /** The leader of a young cluster calls a server offline of whose room it has not heard yet, and places no copy there. */
  async #placed(limit: number | undefined): Promise<void> {
    const servers = this.servers.map(({ url }) => url);
    const address = { servers, credentials: this.#credentials, clientName: "tests" };
    const connection = await EngineConnection.connect(address, CONTEXT);
    const api = new JetStreamApi(connection);
    try {
      await within(
        "a stream with a copy on each server of NATS",
        untilDone(() => api.createStream(PROBE)),
        limit,
      );
      await within(
        "the stream to be removed",
        untilDone(() => api.deleteStream(PROBE.name)),
        limit,
      );
    } finally {
      await connection.close();
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

/** `ask` is repeated until it succeeds, or the connection is closed. */
async function untilDone(ask: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await ask();
      return;
    } catch (error) {
      if (error instanceof NoAnswer && error.kind === "closed") throw error;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

function isAtLeast(version: string, least: readonly number[]): boolean {
  const parts = version.split(".").map(Number);
  const difference = least.map((part, index) => parts[index]! - part).find((each) => each !== 0);
  return (difference ?? 0) >= 0;
}
