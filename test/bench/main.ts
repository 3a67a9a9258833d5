/** `npm run bench`: runs the workloads one after the other, and prints one table at the end. */
import { writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { fileURLToPath } from "node:url";
import { Bench } from "./bench.ts";
import { hasWrk } from "./load/wrk.ts";
import { type BenchOptions, type Command, parseCommand, usage } from "./options.ts";
import { Progress } from "./progress.ts";
import { type Result, table } from "./report.ts";
import { hasRedis } from "./servers/start.ts";
import { verdicts } from "./verdict.ts";
import { WORKLOADS } from "./workloads.ts";

const NAMES = WORKLOADS.map(({ name }) => name);
const JSON_FILE = fileURLToPath(new URL("./result.json", import.meta.url));

/** Ends at the first workload that fails, and tells why beside what was measured before. */
async function measure({ options, only }: Command): Promise<{ results: Result[]; failure: unknown }> {
  const progress = new Progress();
  const bench = new Bench(options, progress);
  const results: Result[] = [];
  let failure: unknown;
  try {
    for (const workload of WORKLOADS) {
      if (only.length > 0 && !only.includes(workload.name)) continue;
      progress.name = workload.name;
      const rows = await workload.run(bench);
      results.push({ name: workload.name, title: workload.title, rows, verdicts: verdicts(workload, rows) });
      await bench.endWorkload();
    }
  } catch (error) {
    failure = error;
  }
  await bench.close();
  progress.end();
  return { results, failure };
}

function conditions({ rounds }: BenchOptions): string[] {
  const [cpu] = cpus();
  const lines = [
    `Node ${process.versions.node}, ${cpus().length} cores (${cpu?.model.trim()}), ${process.platform} ${release()}; ${rounds} rounds`,
  ];
  if (process.platform !== "linux")
    lines.push("no CPU time and memory: only Linux tells those of other processes");
  if (!hasWrk()) lines.push("wrk is not installed: the load comes from our own generator, in Node");
  if (!hasRedis()) lines.push("redis-server is not installed: its rows are left out");
  if (process.env.NETLOG_GO === undefined)
    lines.push("$NETLOG_GO names no program: the Go NetLog's rows are left out");
  return lines;
}

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  if (args.includes("--help")) {
    console.log(usage(NAMES));
    return;
  }
  const command = parseCommand(args, NAMES);
  const { results, failure } = await measure(command);
  const told = conditions(command.options);
  const jsonFile = command.jsonFile ?? JSON_FILE;
  writeFileSync(jsonFile, `${JSON.stringify({ conditions: told, results }, undefined, 1)}\n`);
  console.log([...told, "", table(results), "", `all samples: ${jsonFile}`].join("\n"));
  if (failure !== undefined) throw failure;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
