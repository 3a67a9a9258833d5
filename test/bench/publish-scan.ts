/**
 * Publish and scan of single messages beside a bare node:http server, and the cost of a message as a topic grows.
 * Run by `npm run bench`, with `-- --quick` for a first look. Needs Linux, for the CPU time of the servers.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Load } from "./load.ts";
import {
  type MeasuredServer,
  type RunLoad,
  startBareServer,
  startLoadGenerator,
  startNetlog,
} from "./processes.ts";
import { progress, progressEnd, type Row, type Sample, table } from "./report.ts";

const isQuick = process.argv.includes("--quick");
const CONNECTIONS = 32;
const PAYLOAD = "x".repeat(100);
const ROUNDS = isQuick ? 3 : 7;
const ROUND_MS = isQuick ? 1500 : 4000;
const WARM_UP_MS = isQuick ? 1000 : 2000;
const GROWTH_MESSAGES = isQuick ? 200_000 : 1_000_000;
const GROWTH_PARTS = 10;

interface Workload {
  readonly name: string;
  readonly server: MeasuredServer;
  /** Made anew for each round. */
  load(): Promise<Load> | Load;
}

/** On the project's own disk: the system's temporary folder may be in memory. */
const folder = mkdtempSync(fileURLToPath(new URL("./data-", import.meta.url)));

function publishing(server: MeasuredServer, path: string): Load {
  return {
    port: server.port,
    method: "POST",
    paths: Array.from({ length: CONNECTIONS }, () => path),
    body: PAYLOAD,
    expectedStatus: 201,
    expectedBody: "",
    count: Number.MAX_SAFE_INTEGER,
    durationMs: ROUND_MS,
  };
}

/** A scanner for each connection, from the first message on. */
async function scanning(server: MeasuredServer, topic: string): Promise<Load> {
  const paths: string[] = [];
  for (let place = 0; place < CONNECTIONS; place++) {
    const answer = await post(server, `/${topic}/scanner?from=0`);
    paths.push(`/${topic}/scan?id=${((await answer.json()) as { id: string }).id}`);
  }
  return {
    ...publishing(server, ""),
    method: "GET",
    paths,
    body: "",
    expectedStatus: 200,
    expectedBody: PAYLOAD,
  };
}

async function post(server: MeasuredServer, path: string): Promise<Response> {
  const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, { method: "POST" });
  if (answer.status !== 201) throw new Error(`${answer.status} for ${path}: ${await answer.text()}`);
  return answer;
}

async function measure(run: RunLoad, server: MeasuredServer, load: Load): Promise<Sample> {
  const cpuBefore = server.cpuSeconds();
  const { requests, seconds } = await run(load);
  const cpu = server.cpuSeconds() - cpuBefore;
  return { perSecond: requests / seconds, cpuMicros: (cpu / requests) * 1e6 };
}

async function measureRounds(run: RunLoad, workloads: readonly Workload[]): Promise<Row[]> {
  const rows = workloads.map(({ name }) => ({ name, samples: [] as Sample[] }));
  for (const { server, load } of workloads) {
    await measure(run, server, { ...(await load()), durationMs: WARM_UP_MS });
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const [place, { name, server, load }] of workloads.entries()) {
      progress(round * workloads.length + place, ROUNDS * workloads.length, `round ${round + 1}: ${name}`);
      rows[place]!.samples.push(await measure(run, server, await load()));
    }
  }
  progressEnd();
  return rows;
}

/** CPU of each part of the messages that one topic takes. */
async function measureGrowth(run: RunLoad, server: MeasuredServer): Promise<Sample[]> {
  await post(server, "/growth");
  const samples: Sample[] = [];
  for (let part = 0; part < GROWTH_PARTS; part++) {
    progress(part, GROWTH_PARTS, `growth: ${(part * GROWTH_MESSAGES) / GROWTH_PARTS} messages`);
    const load = publishing(server, "/growth/payload?durability=written");
    const count = GROWTH_MESSAGES / GROWTH_PARTS;
    samples.push(await measure(run, server, { ...load, count, durationMs: Number.MAX_SAFE_INTEGER }));
  }
  progressEnd();
  return samples;
}

async function main(): Promise<void> {
  const [bare, netlog] = await Promise.all([startBareServer(), startNetlog(folder)]);
  const generator = startLoadGenerator();
  try {
    for (const topic of ["written", "synced"]) await post(netlog, `/${topic}`);
    const rows = await measureRounds(generator.run, [
      { name: "bare node:http", server: bare, load: () => publishing(bare, "/") },
      {
        name: "publish, written",
        server: netlog,
        load: () => publishing(netlog, "/written/payload?durability=written"),
      },
      {
        name: "publish, synced",
        server: netlog,
        load: () => publishing(netlog, "/synced/payload?durability=synced"),
      },
      { name: "scan", server: netlog, load: () => scanning(netlog, "written") },
    ]);
    console.log(
      `${CONNECTIONS} connections, ${PAYLOAD.length}-byte messages, ${ROUNDS} rounds; medians first\n`,
    );
    console.log(table(rows));
    const growth = await measureGrowth(generator.run, netlog);
    const micros = growth.map(({ cpuMicros }) => cpuMicros);
    const ratio = (micros.at(-1)! / micros[0]!).toFixed(2);
    console.log(`\n${GROWTH_MESSAGES} messages into one topic, CPU µs a message by tenths:`);
    console.log(`${micros.map((value) => value.toFixed(1)).join("  ")}; last to first ${ratio}`);
  } finally {
    for (const { stop } of [bare, netlog, generator]) stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
