/** What a workload works with: servers on folders of their own, the load generator, and rounds that take turns. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LoadResult } from "./load/load-result.ts";
import { type RunLoad, startGenerator } from "./load/start-generator.ts";
import type { BenchOptions } from "./options.ts";
import type { Progress } from "./progress.ts";
import { type NatsCluster, startNats } from "./servers/nats.ts";
import { type PostgresProcess, startPostgres } from "./servers/postgres.ts";
import type { ServerProcess } from "./servers/server-process.ts";
import {
  type RedisPolicy,
  startBare,
  startBareGrpc,
  startGo,
  startNetlog,
  startNetlogOn,
  startNetlogWithGrpc,
  startRedis,
  startReference,
} from "./servers/start.ts";
import { startStore, startView, type ViewKind, type ViewOptions, type ViewProcess } from "./servers/view.ts";
import type { Contender, Row, Sample } from "./workload.ts";

/** Beside the built benchmark, on the project's own disk: the system's temporary folder may be in memory. */
const PARENT = fileURLToPath(new URL("./", import.meta.url));

export class Bench {
  readonly options: BenchOptions;
  readonly progress: Progress;
  readonly run: RunLoad;
  readonly #stopGenerator: () => void;
  readonly #folder: string;
  #folders = 0;
  #servers: ServerProcess[] = [];

  constructor(options: BenchOptions, progress: Progress) {
    this.options = options;
    this.progress = progress;
    const { run, stop } = startGenerator();
    this.run = run;
    this.#stopGenerator = stop;
    this.#folder = mkdtempSync(join(PARENT, "data-"));
  }

  /** A name that is free, for a data folder or a file. */
  newPath(): string {
    mkdirSync(this.#folder, { recursive: true });
    this.#folders += 1;
    return join(this.#folder, String(this.#folders));
  }

  async startBare(): Promise<ServerProcess> {
    return this.#keep(await startBare());
  }

  async startNetlog(folder: string = this.newPath()): Promise<ServerProcess> {
    return this.#keep(await startNetlog(folder, this.options.profileFolder));
  }

  async startNetlogWithGrpc(): Promise<{ server: ServerProcess; grpcPort: number }> {
    const started = await startNetlogWithGrpc(this.newPath());
    this.#keep(started.server);
    return started;
  }

  async startNats(count: 1 | 3, syncsAlways: boolean): Promise<NatsCluster | undefined> {
    const cluster = await startNats(this.newPath(), count, syncsAlways);
    for (const server of cluster?.servers ?? []) this.#keep(server);
    return cluster;
  }

  /** One of the servers of a cluster, with as many copies as there are NATS servers. */
  async startNetlogOn(nats: NatsCluster): Promise<ServerProcess> {
    return this.#keep(await startNetlogOn(nats, this.options.profileFolder));
  }

  async startBareGrpc(): Promise<ServerProcess> {
    return this.#keep(await startBareGrpc());
  }

  async startView(kind: ViewKind, options: ViewOptions): Promise<ViewProcess> {
    return this.#keep(await startView(kind, this.#profiled(options)));
  }

  async startStore(options: ViewOptions): Promise<{ server: ServerProcess; grpcPort: number }> {
    const started = await startStore(this.#profiled(options));
    this.#keep(started.server);
    return started;
  }

  async startPostgres(): Promise<PostgresProcess | undefined> {
    const server = await startPostgres();
    return server && this.#keep(server);
  }

  async startGo(): Promise<ServerProcess | undefined> {
    const server = await startGo(this.newPath());
    return server && this.#keep(server);
  }

  async startReference(): Promise<ServerProcess | undefined> {
    const server = await startReference(this.newPath());
    return server && this.#keep(server);
  }

  async startRedis(policy: RedisPolicy): Promise<ServerProcess | undefined> {
    const server = await startRedis(this.newPath(), policy);
    return server && this.#keep(server);
  }

  /** Each contender once a round, after a warm-up that does not count. */
  async rounds(contenders: readonly Contender[]): Promise<Row[]> {
    const rows = contenders.map(({ name }) => ({ name, samples: [] as Sample[] }));
    for (let round = 0; round <= this.options.rounds; round++) {
      for (const [place, contender] of contenders.entries()) {
        const what = round === 0 ? "warm-up" : `round ${round} of ${this.options.rounds}`;
        this.progress.show(`${what}: ${contender.name}`);
        const sample = await contender.measure();
        if (round > 0) rows[place]!.samples.push(sample);
      }
    }
    for (const { name, check } of contenders) {
      if (check === undefined) continue;
      this.progress.show(`reading back: ${name}`);
      await check();
    }
    return rows;
  }

  /** Ends the servers of a workload and removes what they kept. */
  async endWorkload(): Promise<void> {
    // Those that were started last first: a server that keeps its topics elsewhere ends before what they are kept on.
    for (const server of this.#servers.reverse()) await server.stop();
    this.#servers = [];
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async close(): Promise<void> {
    this.#stopGenerator();
    await this.endWorkload();
  }

  #profiled(options: ViewOptions): ViewOptions {
    return { ...options, profileFolder: this.options.profileFolder };
  }

  #keep<Server extends ServerProcess>(server: Server): Server {
    this.#servers.push(server);
    return server;
  }
}

/** Runs a load against a server, and adds what it cost there. */
export async function sampleOf(server: ServerProcess, load: () => Promise<LoadResult>): Promise<Sample> {
  const cpuBefore = server.cpuSeconds();
  const { messages, seconds, p50Ms, p99Ms } = await load();
  const cpuAfter = server.cpuSeconds();
  const memoryMiB = server.memoryMiB();
  return {
    perSecond: messages / seconds,
    ...(cpuBefore !== undefined && cpuAfter !== undefined
      ? { cpuMicros: ((cpuAfter - cpuBefore) / messages) * 1e6 }
      : {}),
    ...(p50Ms !== undefined && p99Ms !== undefined ? { p50Ms, p99Ms } : {}),
    ...(memoryMiB === undefined ? {} : { memoryMiB }),
  };
}

/** Asks a server for something that is not measured. @throws unless it is answered 2xx. */
export async function call(
  server: ServerProcess,
  path: string,
  body?: string | Uint8Array<ArrayBuffer>,
): Promise<string> {
  const init = body === undefined ? {} : { method: "POST", body };
  const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, init);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.status} for ${path}: ${text}`);
  return text;
}
