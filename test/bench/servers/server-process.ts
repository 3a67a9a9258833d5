/** A server under measurement, a process of its own: where it listens, and what the system says it has used. */
import { type ChildProcess, execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";

const KEPT_ERROR_TEXT = 4096;
const STOP_MS = 10_000;

/** Linux alone tells of other processes in this way; elsewhere there are no figures. */
const TICKS_PER_SECOND =
  process.platform === "linux" ? Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" })) : 0;

export class ServerProcess {
  readonly port: number;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** User and system time of all its threads so far; `undefined` where the system does not tell. */
  cpuSeconds(): number | undefined {
    if (TICKS_PER_SECOND === 0) return undefined;
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, "latin1");
    // The second field, in brackets, may hold spaces; user and system time are the 14th and 15th.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }

  memoryMiB(): number | undefined {
    if (TICKS_PER_SECOND === 0) return undefined;
    const status = readFileSync(`/proc/${this.#child.pid}/status`, "latin1");
    return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1]) / 1024;
  }

  /** Resolves when it has ended; one that does not end in time is killed. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill(signal);
    const kill = setTimeout(() => this.#child.kill("SIGKILL"), STOP_MS);
    await ended;
    clearTimeout(kill);
  }
}

/** Resolves with what `find` makes of the process's error output. @throws when the process ends before. */
export function awaitOutput<Found>(
  child: ChildProcess,
  find: (text: string) => Found | undefined,
): Promise<Found> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stderr?.on("data", (piece: Buffer) => {
      text = (text + piece.toString()).slice(-KEPT_ERROR_TEXT);
      const found = find(text);
      if (found !== undefined) resolve(found);
    });
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`a server did not start: ${text}`)));
  });
}

/** For servers that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Resolves when `ask` no longer throws. @throws its last error when it always does. */
export async function awaitReady(ask: () => Promise<unknown>, tries = 200): Promise<void> {
  for (let left = tries; ; left--) {
    try {
      await ask();
      return;
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}
