/** Starts what is measured and what measures, each a process of its own, and reads a process's CPU time. */
import { type ChildProcess, execFileSync, fork, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Load, LoadReport, LoadResult } from "./load.ts";

export interface MeasuredServer {
  readonly port: number;
  /** User and system time of all its threads so far. Linux alone tells it of other processes. */
  cpuSeconds(): number;
  stop(): void;
}

/** Runs a load to its end. */
export type RunLoad = (load: Load) => Promise<LoadResult>;

const SHIM = fileURLToPath(new URL("../cmd/netlog.cjs", import.meta.url));
const TICKS_PER_SECOND = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

export async function startBareServer(): Promise<MeasuredServer> {
  const child = fork(new URL("./bare-server.js", import.meta.url));
  return measured(child, await nextMessage<number>(child));
}

/** The built server, on a data folder, at its defaults. */
export async function startNetlog(folder: string): Promise<MeasuredServer> {
  const args = [SHIM, "serve", "-listen", "127.0.0.1:0", "-dir", folder];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  const port = await new Promise<number>((resolve, reject) => {
    let text = "";
    child.stderr.on("data", (piece: Buffer) => {
      text += piece.toString();
      const [, digits] = /"port":(\d+)/.exec(text) ?? [];
      if (digits !== undefined) resolve(Number(digits));
    });
    child.once("exit", () => reject(new Error(`the server did not start: ${text}`)));
  });
  return measured(child, port);
}

export function startLoadGenerator(): { run: RunLoad; stop: () => void } {
  const child = fork(new URL("./load.js", import.meta.url));
  return {
    run: async (load) => {
      child.send(load);
      const report = await nextMessage<LoadReport>(child);
      if ("error" in report) throw new Error(report.error);
      return report.result;
    },
    stop: () => child.kill(),
  };
}

function measured(child: ChildProcess, port: number): MeasuredServer {
  return { port, cpuSeconds: () => cpuSeconds(child.pid!), stop: () => child.kill() };
}

function nextMessage<Message>(child: ChildProcess): Promise<Message> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error("a process of the benchmark ended early"));
    child.once("exit", ended);
    child.once("message", (message) => {
      child.off("exit", ended);
      resolve(message as Message);
    });
  });
}

function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The second field, in brackets, may hold spaces; user and system time are the 14th and 15th.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
