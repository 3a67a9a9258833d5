/** wrk where it is installed: in C, it leaves more of the machine to the server than any client in JavaScript. */
import { execFile, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { RequestHeaders } from "./http-connection.ts";
import type { LoadResult } from "./load-result.ts";

const SCRIPT = fileURLToPath(new URL("../../test/bench/load/publish.lua", import.meta.url));

export interface WrkJob {
  readonly port: number;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly connections: number;
  readonly body: string;
  readonly headers?: RequestHeaders | undefined;
  readonly durationMs: number;
}

let isInstalled: boolean | undefined;

export function hasWrk(): boolean {
  isInstalled ??= spawnSync("wrk", ["--version"]).error === undefined;
  return isInstalled;
}

/** @throws when an answer was no success; which bodies came, it does not look at. */
export async function runWrk(job: WrkJob): Promise<LoadResult> {
  const url = `http://127.0.0.1:${job.port}${job.path}`;
  const seconds = Math.max(1, Math.round(job.durationMs / 1000));
  const load = ["-t", "1", "-c", String(job.connections), "-d", `${seconds}s`, "-s", SCRIPT];
  const { fixed = [], counted } = job.headers ?? {};
  const env = counted === undefined ? process.env : { ...process.env, COUNTED_HEADER: counted };
  const args = [...load, url, "--", job.method, job.body, ...fixed];
  const { stdout } = await promisify(execFile)("wrk", args, { env });
  const told = stdout.split("\n").find((line) => line.startsWith("{")) ?? "{}";
  return readWrk(told);
}

function readWrk(told: string): LoadResult {
  const { requests, failed, ...rest } = JSON.parse(told) as LoadResult & { requests: number; failed: number };
  if (failed !== 0) throw new Error(`wrk: ${failed} of ${requests} requests failed`);
  return { ...rest, messages: requests };
}
