import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { Agent as PlainAgent, request as plainRequest } from "node:http";
import { Agent as SecureAgent, request as secureRequest } from "node:https";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { builtServerForTest, runProgram } from "../support/built-program.ts";
import { testCertificate } from "../support/certificate.ts";
import type { HonestReport } from "../support/honest-client.ts";
import { memoryBound } from "../support/memory-sum.ts";
import { runInOwnProcess } from "../support/own-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const MIB = 1024 * 1024;
/** What the server is given. With the others it makes the bound of memory that server/README.md states. */
const GIVEN = { bytesInFlight: 64 * MIB, connections: 512, remembered: 1000 };
const GIVEN_FLAGS = [
  ["--max-bytes-in-flight", GIVEN.bytesInFlight],
  ["--max-connections", GIVEN.connections],
  ["--max-remembered", GIVEN.remembered],
]
  .flat()
  .map(String);
/** HOSTILE_SECONDS=60 for the whole minute. */
const SECONDS = Number(process.env.HOSTILE_SECONDS ?? 10);
const LONG_SECONDS = 60;

function memoryBytes(pid: number, name: "VmHWM" | "VmRSS"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024;
}

interface HostileServer {
  readonly pid: number;
  readonly port: number;
  readonly url: string;
  readonly token: string;
  readonly honestToken: string;
}

/** A built server with tokens, behind TLS or not. */
async function startServer(isSecure: boolean): Promise<HostileServer> {
  const folder = temporaryFolder();
  const tokens = join(folder, "tokens.json");
  const rights = ["--topics", "*", "--rights", "read,write,admin"];
  const newToken = async (name: string): Promise<string> => {
    const made = await runProgram(["token", "create", "--name", name, ...rights, "--token-file", tokens]);
    return /netlog_[\w-]+/.exec(made.stdout)?.[0] ?? "";
  };
  const token = await newToken("hostile");
  const honestToken = await newToken("honest");
  const args = ["--token-file", tokens, ...GIVEN_FLAGS];
  if (isSecure) {
    const { cert, key } = await testCertificate();
    const [certPath, keyPath] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    writeFileSync(certPath, cert);
    writeFileSync(keyPath, key, { mode: 0o600 });
    args.push("--tls-cert", certPath, "--tls-key", keyPath);
  }
  const { pid, port, url } = await builtServerForTest(join(folder, "data"), args);
  return { pid, port, url, token, honestToken };
}

type Call = (method: string, path: string, body?: Buffer) => Promise<string>;

/** Calls over one connection; gives the body of the answer. */
function caller({ url, honestToken: token }: HostileServer): Call {
  const isSecure = url.startsWith("https:");
  const options = { keepAlive: true, maxSockets: 1 };
  const agent = isSecure
    ? new SecureAgent({ ...options, rejectUnauthorized: false })
    : new PlainAgent(options);
  onTestFinished(() => agent.destroy());
  const request = isSecure ? secureRequest : plainRequest;
  return (method, path, body = Buffer.alloc(0)) =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${token}` };
      const outgoing = request(`${url}${path}`, { method, agent, headers }, (incoming) => {
        let text = "";
        incoming.setEncoding("latin1").on("data", (piece) => {
          text += piece;
        });
        incoming.on("end", () => resolve(text));
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
}

test.each(["plain", "tls"])(
  "a hostile mix (%s) stays within the bound of memory, and an honest client is served",
  {
    timeout: (SECONDS + 60) * 1000,
  },
  async (scheme) => {
    const server = await startServer(scheme === "tls");
    const call = caller(server);
    for (const topic of ["t", "honest"]) await call("POST", `/${topic}`);
    for (const bytes of [10, 60_000, 8 * MIB]) await call("POST", "/t/payload", Buffer.alloc(bytes, "x"));
    await call("POST", "/j", Buffer.from(`{"content_type":"application/json"}`));
    await call("POST", "/j/payload", Buffer.from(JSON.stringify("x".repeat(8 * MIB))));
    await call("POST", "/t/scanner?id=waits&from=end");
    for (let i = 0; i < 1000; i++) await call("POST", `/t/scanner?id=scanner-${i}`);
    const hasMemory = existsSync("/proc/self/status");
    const ownBytes = hasMemory ? memoryBytes(server.pid, "VmRSS") : 0;
    const boundBytes = ownBytes + memoryBound(GIVEN);

    const hostile = runInOwnProcess("hostile-clients", [String(server.port), server.token, scheme]);
    const honest = runInOwnProcess("honest-client", [server.url, server.honestToken, String(SECONDS)]);
    const [report]: HonestReport[] = await once(honest, "message");
    const { latenciesMs, refused } = report!;
    const peakBytes = hasMemory ? memoryBytes(server.pid, "VmHWM") : 0;
    expect(hostile.exitCode).toBeNull();
    hostile.kill("SIGKILL");
    const p99Ms = latenciesMs[Math.floor(latenciesMs.length * 0.99)]!;
    const metrics = await call("GET", "/-/metrics");
    const buckets = metrics.matchAll(/^netlog_loop_hold_seconds_bucket\{le="(.+)"\} (\d+)$/gm);
    const holds = Array.from(buckets, ([, bound, count]) => `${bound} s: ${count}`);
    console.log(
      `${scheme}, ${SECONDS} s: ${latenciesMs.length} publishes, p50 ${latenciesMs[latenciesMs.length >> 1]!.toFixed(1)} ms, ` +
        `p99 ${p99Ms.toFixed(1)} ms, longest ${latenciesMs.at(-1)!.toFixed(1)} ms; own ${Math.round(ownBytes / MIB)} MiB, ` +
        `peak ${Math.round(peakBytes / MIB)} MiB, bound ${Math.round(boundBytes / MIB)} MiB; holds up to ${holds.join(", ")}`,
    );
    expect(refused).toEqual([]);
    if (hasMemory) expect(peakBytes).toBeLessThan(boundBytes);
    if (SECONDS >= LONG_SECONDS) expect(p99Ms).toBeLessThan(100);
  },
);
