/** Many scanners that wait for one message: what they cost while nothing comes, and when the last one has it. */
import { type Bench, call } from "../bench.ts";
import type { WakeResult } from "../load/waiters.ts";
import { payloadOf } from "../messages.ts";
import type { ServerProcess } from "../servers/server-process.ts";
import { BARE, type Contender, type Row, type Sample, type Target, type Workload } from "../workload.ts";
import { createScanner } from "./topics.ts";

const MESSAGE_BYTES = 100;
const NETLOG = "netlog, written";
/** Between two looks at whether the server has come to rest. */
const LOOK_MS = 250;
const LOOKS = 40;
const IDLE_MS = 2000;
/** Messages until the server's code is compiled for the work; the first one is shown beside what is measured then. */
const WARM_UPS = 3;
const CREATED_TOGETHER = 32;

function targets(lastServedMs: number): Target[] {
  return [
    { row: NETLOG, figure: "tookMs", bound: "at most", of: [lastServedMs] },
    { row: NETLOG, figure: "waiterKiB", bound: "at most", of: [22] },
    // The monitor's round and a timer or two remain.
    { row: NETLOG, figure: "idleCpuPercent", bound: "at most", of: [1] },
  ];
}

export const WAITING: readonly Workload[] = [
  { name: "waiting-1k", scanners: 1000, lastServedMs: 40 },
  { name: "waiting-10k", scanners: 10_000, lastServedMs: 400 },
].map(({ name, scanners, lastServedMs }) => ({
  name,
  title: `${scanners} waiting scanners, one message`,
  targets: targets(lastServedMs),
  run: (bench) => runWaiting(bench, scanners),
}));

/** Servers are new in each round: memory that a process has taken once it keeps. */
async function runWaiting(bench: Bench, scanners: number): Promise<Row[]> {
  const bare: Contender = {
    name: BARE,
    measure: async () => {
      const server = await bench.startBare();
      const wait = (): Promise<string[]> => Promise.resolve(new Array<string>(scanners).fill("/wait"));
      return await measureWaiting(bench, server, wait, "/wake");
    },
  };
  const netlog: Contender = {
    name: NETLOG,
    measure: async () => {
      const server = await bench.startNetlog();
      await call(server, "/topic", JSON.stringify({ durability: "written" }));
      return await measureWaiting(bench, server, () => createScanners(server, scanners), "/topic/payload");
    },
  };
  return await bench.rounds([bare, netlog]);
}

async function createScanners(server: ServerProcess, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, place) => `s${place}`);
  for (let from = 0; from < count; from += CREATED_TOGETHER) {
    const some = ids.slice(from, from + CREATED_TOGETHER);
    await Promise.all(some.map((id) => createScanner(server, "topic", id, "end")));
  }
  return ids.map((id) => `/topic/scan?id=${id}&wait=1h`);
}

/** What a waiter takes is measured with its scanner, its connection and its request. */
async function measureWaiting(
  bench: Bench,
  server: ServerProcess,
  prepare: () => Promise<readonly string[]>,
  publishPath: string,
): Promise<Sample> {
  await comeToRest(server);
  const memoryBefore = server.memoryMiB();
  const paths = await prepare();
  await bench.run("openWaiters", { port: server.port, paths });
  await comeToRest(server);
  const memoryMiB = server.memoryMiB();
  const cpuBefore = server.cpuSeconds();
  await sleep(IDLE_MS);
  const idleCpu = server.cpuSeconds();
  const wake = (): Promise<WakeResult> =>
    bench.run("wakeWaiters", { port: server.port, publishPath, payload: payloadOf(0, MESSAGE_BYTES) });
  const { tookMs: coldMs } = await wake();
  for (let warmUp = 1; warmUp <= WARM_UPS; warmUp++) {
    await bench.run("waitAgain", undefined);
    await comeToRest(server);
    if (warmUp < WARM_UPS) await wake();
  }
  const cpuWarm = server.cpuSeconds();
  const woken = { ...(await wake()), coldMs };
  await bench.run("closeWaiters", undefined);
  const cpuAfter = server.cpuSeconds();
  await server.stop();
  if (memoryBefore === undefined || memoryMiB === undefined) return woken;
  return {
    ...woken,
    memoryMiB,
    waiterKiB: ((memoryMiB - memoryBefore) * 1024) / paths.length,
    idleCpuPercent: ((idleCpu! - cpuBefore!) / (IDLE_MS / 1000)) * 100,
    cpuMicros: ((cpuAfter! - cpuWarm!) / paths.length) * 1e6,
  };
}

/** Resolves when the server uses no CPU any more. */
async function comeToRest(server: ServerProcess): Promise<void> {
  for (let look = 0; look < LOOKS; look++) {
    const before = server.cpuSeconds();
    await sleep(LOOK_MS);
    if (server.cpuSeconds() === before) return;
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
