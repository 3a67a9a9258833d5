/** Runs a relay (late-relay.js) in front of the ports of a server. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { within } from "./deadline.ts";

const PROGRAM = fileURLToPath(new URL("late-relay.js", import.meta.url));

export interface RelayedPort {
  readonly port: number;
  /** The server's own. */
  readonly target: number;
  /** What is late: all, or only what the server sends. */
  readonly late: "both" | "answers";
}

export interface RelayPlace {
  readonly address: string;
  /** A command that runs the rest of its arguments there. */
  readonly under: readonly string[];
}

export class LateRelay {
  readonly #process: ChildProcess;

  /** It listens when this resolves. */
  static async start({ address, under }: RelayPlace, ports: readonly RelayedPort[]): Promise<LateRelay> {
    const args = ports.map(({ port, target, late }) => `${port}:${target}:${late}`);
    const [command, ...rest] = [...under, process.execPath, PROGRAM, address, ...args];
    const relay = new LateRelay(spawn(command!, rest, { stdio: ["pipe", "pipe", "inherit"] }));
    await relay.delay(0);
    return relay;
  }

  private constructor(child: ChildProcess) {
    this.#process = child;
  }

  /** What comes from now on is as late as this, ms. */
  async delay(ms: number): Promise<void> {
    const { stdin, stdout } = this.#process;
    stdin?.write(`${ms}\n`);
    await within("the relay to be late", once(stdout!, "data"));
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await within("the relay to end", ended);
  }
}
