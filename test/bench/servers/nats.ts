/** NATS servers with JetStream, alone or three in a cluster, on folders of their own: what topics are kept on instead of files. */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { probeCopies } from "../load/nats-client.ts";
import { awaitReady, freePort, ServerProcess } from "./server-process.ts";

/** `$NETLOG_TEST_NATS`, or where Debian puts it. */
const PROGRAMS: readonly string[] = process.env.NETLOG_TEST_NATS
  ? [process.env.NETLOG_TEST_NATS]
  : ["nats-server", "/usr/sbin/nats-server"];
/** How often three servers begin at most; and how many looks they have to elect one of them, each time and the last time. */
const FOUNDINGS = 4;
const FOUNDING_TRIES = 1000;
const LAST_TRIES = 2400;

interface Place {
  readonly name: string;
  readonly folder: string;
  readonly port: number;
  readonly monitorPort: number;
  readonly routePort: number;
}

export interface NatsCluster {
  readonly servers: readonly ServerProcess[];
  /** What `--engine` takes. */
  readonly url: string;
  /** What `--engine-monitor` takes. */
  readonly monitorUrl: string;
}

/** Whether it can sync each message before it acknowledges it: from 2.10.23 on. `undefined`: it is not installed. */
export function natsSyncsAlways(): boolean | undefined {
  const version = findProgram()?.version;
  if (version === undefined) return undefined;
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  return major > 2 || minor > 10 || (minor === 10 && patch >= 23);
}

/** `undefined`: it is not installed. */
export async function startNats(
  folder: string,
  count: 1 | 3,
  syncsAlways: boolean,
): Promise<NatsCluster | undefined> {
  const program = findProgram()?.path;
  if (program === undefined) return undefined;
  const places: Place[] = [];
  for (let number = 1; number <= count; number++) {
    const [port, monitorPort, routePort] = [await freePort(), await freePort(), await freePort()];
    places.push({ name: `n${number}`, folder: join(folder, `n${number}`), port, monitorPort, routePort });
  }
  for (const place of places) {
    mkdirSync(place.folder, { recursive: true });
    writeFileSync(configurationFile(place), configuration(place, places, syncsAlways));
  }
  const url = places.map(({ port }) => `nats://127.0.0.1:${port}`).join(",");
  return {
    servers: await found(program, places, url),
    url,
    monitorUrl: places.map(({ monitorPort }) => `http://127.0.0.1:${monitorPort}`).join(","),
  };
}

/**
 * Servers that start at once may found a cluster without one of them, which stays so: they begin anew then. The leader of a
 * young cluster calls a server offline of whose room it has not heard yet, and places no copy there.
 *
 * @throws what they did not come to, when they have begun often enough; none runs then.
 */
async function found(program: string, places: readonly Place[], url: string): Promise<ServerProcess[]> {
  const count = places.length;
  const env = { GOMAXPROCS: coresOfEach(count), ...process.env };
  for (let foundings = 1; ; foundings++) {
    const servers = places.map((place) => {
      const child = spawn(program, ["-c", configurationFile(place)], { stdio: "ignore", env });
      return new ServerProcess(child, place.port);
    });
    const tries = foundings < FOUNDINGS ? FOUNDING_TRIES : LAST_TRIES;
    try {
      await Promise.all(places.map((place) => awaitReady(() => requireReady(place, count), tries)));
      if (count > 1) await awaitReady(() => probeCopies(url, count), tries);
      return servers;
    } catch (error) {
      await Promise.all(servers.map((server) => server.stop("SIGKILL")));
      if (foundings === FOUNDINGS) throw error;
      for (const place of places) rmSync(storeOf(place), { recursive: true, force: true });
    }
  }
}

/**
 * Each of three servers would have a machine of its own; here it has its share of the cores. Go's scheduler looks for work on
 * as many cores as it may use, and takes them from the others.
 */
function coresOfEach(count: number): string {
  return String(Math.max(1, Math.floor(availableParallelism() / count)));
}

function findProgram(): { path: string; version: string } | undefined {
  for (const path of PROGRAMS) {
    const { stdout } = spawnSync(path, ["--version"], { encoding: "utf8" });
    const version = /v(\d+\.\d+\.\d+)/.exec(stdout ?? "")?.[1];
    if (version !== undefined) return { path, version };
  }
  return undefined;
}

/** @throws while it does not serve, or knows no leader. */
async function requireReady({ monitorPort }: Place, count: number): Promise<void> {
  const ask = async <Answer>(path: string): Promise<Answer> =>
    (await (await fetch(`http://127.0.0.1:${monitorPort}${path}`)).json()) as Answer;
  const { status } = await ask<{ status: string }>("/healthz");
  if (status !== "ok") throw new Error(`NATS is ${status}`);
  if (count === 1) return;
  const { meta_cluster: meta } = await ask<{ meta_cluster?: { leader?: string; cluster_size?: number } }>(
    "/jsz",
  );
  if (!meta?.leader || meta.cluster_size !== count) throw new Error("NATS has no leader");
}

function configurationFile({ folder }: Place): string {
  return join(folder, "nats.conf");
}

function storeOf({ folder }: Place): string {
  return join(folder, "store");
}

function configuration(place: Place, all: readonly Place[], syncsAlways: boolean): string {
  const routes = all.map(({ routePort }) => `nats://127.0.0.1:${routePort}`).join(", ");
  return `server_name: ${place.name}
listen: 127.0.0.1:${place.port}
http: 127.0.0.1:${place.monitorPort}
max_payload: 8MB
jetstream {
  store_dir: ${JSON.stringify(storeOf(place))}
${syncsAlways ? "  sync_interval: always\n" : ""}}
${all.length === 1 ? "" : `cluster { name: bench, listen: 127.0.0.1:${place.routePort}, routes: [${routes}] }\n`}`;
}
