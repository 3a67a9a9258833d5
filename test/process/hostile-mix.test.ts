import { existsSync, readFileSync } from "node:fs";
import { Agent, request as httpRequest } from "node:http";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { LIMITS } from "../../server/index.ts";
import { builtServerForTest, runProgram } from "../support/built-program.ts";
import { HostileClients } from "../support/hostile-clients.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const MIB = 1024 * 1024;
const IN_FLIGHT_BYTES = 64 * MIB;
/** HOSTILE_SECONDS=60 for the whole minute. */
const SECONDS = Number(process.env.HOSTILE_SECONDS ?? 10);
const LONG_SECONDS = 60;

/** The bound of memory in server/README.md, under "How much memory": the sum of its limits. */
function boundBytes(ownBytes: number): number {
  const { smallBytesInFlight, tailTotalBytes, blockCacheBytes, indexCacheBytes, setCacheBytes } = LIMITS;
  const { idleReadBuffers, readAheadBytes } = LIMITS;
  const caches =
    tailTotalBytes + blockCacheBytes + indexCacheBytes + setCacheBytes + idleReadBuffers * readAheadBytes;
  return ownBytes + 3 * IN_FLIGHT_BYTES + smallBytesInFlight + caches;
}

function memoryBytes(pid: number, name: "VmHWM" | "VmRSS"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024;
}

interface Reply {
  readonly status: number;
  readonly text: string;
}

test("a hostile mix stays within the bound of memory, and an honest client is served", {
  timeout: (SECONDS + 60) * 1000,
}, async (context) => {
  if (!existsSync("/proc/self/status")) context.skip("this system does not tell a process's memory");
  const folder = temporaryFolder();
  const tokens = join(folder, "tokens.json");
  const made = await runProgram([
    "token",
    "create",
    "--name",
    "all",
    "--topics",
    "*",
    "--rights",
    "read,write,admin",
    "--token-file",
    tokens,
  ]);
  const [token = ""] = /netlog_[\w-]+/.exec(made.stdout) ?? [];
  const args = ["--token-file", tokens, "--max-bytes-in-flight", String(IN_FLIGHT_BYTES)];
  const server = await builtServerForTest(join(folder, "data"), args);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const headers = { authorization: `Bearer ${token}` };
  const call = (method: string, path: string, body = Buffer.alloc(0)): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const outgoing = httpRequest(`${server.url}${path}`, { method, agent, headers }, (incoming) => {
        let text = "";
        incoming.setEncoding("latin1").on("data", (piece) => {
          text += piece;
        });
        incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, text }));
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  for (const topic of ["t", "honest"]) await call("POST", `/${topic}`);
  for (const bytes of [10, 60_000, 8 * MIB]) await call("POST", "/t/payload", Buffer.alloc(bytes, "x"));
  await call("POST", "/t/scanner?id=waits&from=end");
  for (let i = 0; i < 1000; i++) await call("POST", `/t/scanner?id=scanner-${i}`);
  const ownBytes = memoryBytes(server.pid, "VmRSS");

  const hostile = new HostileClients(server.port, token);
  onTestFinished(() => hostile.stop());
  hostile.start();
  const latenciesMs: number[] = [];
  const refused: Reply[] = [];
  const endMs = performance.now() + SECONDS * 1000;
  while (performance.now() < endMs) {
    const startMs = performance.now();
    const reply = await call("POST", "/honest/payload", Buffer.from("an honest message"));
    latenciesMs.push(performance.now() - startMs);
    if (reply.status !== 201) refused.push(reply);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const peakBytes = memoryBytes(server.pid, "VmHWM");
  await hostile.stop();
  latenciesMs.sort((a, b) => a - b);
  const p99Ms = latenciesMs[Math.floor(latenciesMs.length * 0.99)]!;
  const metrics = (await call("GET", "/-/metrics")).text;
  const buckets = metrics.matchAll(/^netlog_loop_hold_seconds_bucket\{le="(.+)"\} (\d+)$/gm);
  const holds = Array.from(buckets, ([, bound, count]) => `${bound} s: ${count}`);
  console.log(
    `${SECONDS} s: ${latenciesMs.length} publishes, p50 ${latenciesMs[latenciesMs.length >> 1]!.toFixed(1)} ms, ` +
      `p99 ${p99Ms.toFixed(1)} ms, longest ${latenciesMs.at(-1)!.toFixed(1)} ms; own ${Math.round(ownBytes / MIB)} MiB, ` +
      `peak ${Math.round(peakBytes / MIB)} MiB, bound ${Math.round(boundBytes(ownBytes) / MIB)} MiB; holds up to ${holds.join(", ")}`,
  );
  expect(refused).toEqual([]);
  expect(peakBytes).toBeLessThan(boundBytes(ownBytes));
  if (SECONDS >= LONG_SECONDS) expect(p99Ms).toBeLessThan(100);
});
