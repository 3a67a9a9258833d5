/** Runs the built program, as a user does: to its end, or as a server that is started, stopped and killed. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { within } from "./deadline.ts";

const SHIM = fileURLToPath(new URL("../../cmd/netlog.cjs", import.meta.url));

export interface Exit {
  /** `null` when a signal ended it. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Finished extends Exit {
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  /** Nothing else is inherited from the tests' environment but the path. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The user to run as, where the tests run as root. */
  readonly uid?: number;
  /** A command that runs the rest of its arguments as a program, such as `unshare --fork`. */
  readonly under?: readonly string[];
  /** The file to run; that of the checkout where it is left out. */
  readonly program?: string;
}

export interface RunningProgram {
  readonly pid: number;
  signal(name: NodeJS.Signals): void;
  /** Resolves when stdout or stderr, each read from its beginning, holds `pattern`. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves when the process has ended, however. */
  ended(): Promise<Finished>;
}

export type LogLine = Readonly<Record<string, unknown>>;

export interface BuiltServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** What was logged so far, a parsed line each. */
  logLines(): LogLine[];
  /** Resolves when a line whose message begins like this was logged. */
  logged(message: string): Promise<LogLine>;
  /** What its metrics tell under this name, which has no labels. */
  metric(name: string): Promise<number>;
  signal(name: NodeJS.Signals): void;
  /** Resolves when the process has ended, however. */
  readonly ended: Promise<Exit>;
  /** SIGTERM; resolves when it has ended. */
  stop(): Promise<Exit>;
  /** SIGKILL; resolves when it has ended. */
  kill(): Promise<Exit>;
}

interface Started {
  readonly child: ChildProcess;
  readonly output: { stdout: string; stderr: string };
  readonly ended: Promise<Exit>;
}

const running = new Set<ChildProcess>();
process.once("exit", killRunning);
// Vitest ends its workers with this signal, which is no exit. Playwright, where it runs, ends its browser and then exits.
process.once("SIGTERM", () => {
  killRunning();
  if (process.listenerCount("SIGTERM") === 0) process.exit();
});

function killRunning(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** Runs the program to its end. */
export async function runProgram(args: readonly string[], options: ProgramOptions = {}): Promise<Finished> {
  const { child, output, ended } = start(args, options);
  try {
    const exit = await within(`the end of netlog ${args.join(" ")}`, ended);
    return { ...exit, ...output };
  } finally {
    child.kill("SIGKILL");
  }
}

/** Starts the program, and leaves it running; killed when the running test is over. */
export function programForTest(args: readonly string[], options: ProgramOptions = {}): RunningProgram {
  const { child, output, ended } = start(args, options);
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const printed = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = pattern.exec(output.stdout) ?? pattern.exec(output.stderr);
        if (found !== null) resolve(found);
      };
      look();
      for (const stream of [child.stdout, child.stderr]) stream?.on("data", look);
    });
  const name = `netlog ${args.join(" ")}`;
  return {
    pid: child.pid!,
    signal: (signal) => child.kill(signal),
    printed: (pattern) => within(`${pattern} of ${name}`, printed(pattern)),
    ended: async () => ({
      ...(await within(`the end of ${name}`, ended)),
      ...output,
    }),
  };
}

/** Serves `folder` on a free port of 127.0.0.1; the caller stops it. */
export async function startBuiltServer(
  folder: string,
  args: readonly string[] = [],
  options: ProgramOptions = {},
): Promise<BuiltServer> {
  return await startServing(["serve", "-listen", "127.0.0.1:0", "-dir", folder, ...args], options);
}

/** Runs the program with these arguments until it listens; the caller stops it. */
export async function startServing(
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<BuiltServer> {
  const started = start(args, options);
  const { child, output, ended } = started;
  const { url, port } = await within("the server's listening line", listening(started));
  const end = async (signal: NodeJS.Signals): Promise<Exit> => {
    child.kill(signal);
    return await within(`the server's end after ${signal}`, ended);
  };
  return {
    url,
    port,
    pid: child.pid!,
    ended,
    logLines: () => parseLines(output.stderr),
    logged: (message) => within(`the log line "${message}"`, line(started, message)),
    metric: (name) => within(`the metric ${name}`, metric(url, name)),
    signal: (name) => child.kill(name),
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
  };
}

/** The same, and killed when the running test is over. */
export async function builtServerForTest(
  ...given: Parameters<typeof startBuiltServer>
): Promise<BuiltServer> {
  const server = await startBuiltServer(...given);
  onTestFinished(async () => {
    await server.kill();
  });
  return server;
}

function start(args: readonly string[], options: ProgramOptions): Started {
  const { environment = {}, uid, under = [], program = SHIM } = options;
  const [command, ...rest] = [...under, process.execPath, program, ...args];
  const child = spawn(command!, rest, {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    ...(uid === undefined ? {} : { uid }),
  });
  running.add(child);
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output.stderr += text;
  });
  const ended = new Promise<Exit>((resolve, reject) => {
    child.once("error", reject);
    // Not "exit": by "close" all that was written has been read.
    child.once("close", (status, signal) => {
      running.delete(child);
      resolve({ status, signal });
    });
  });
  return { child, output, ended };
}

async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/-/metrics`)).text();
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${name} `));
  if (line === undefined) throw new Error(`no metric ${name}`);
  return Number(line.slice(name.length + 1));
}

async function listening(started: Started): Promise<{ url: string; port: number }> {
  const { url, port } = await line(started, "listening on ");
  return { url: String(url), port: Number(port) };
}

/** Rejects when the program ends without such a line. */
function line({ child, output, ended }: Started, message: string): Promise<LogLine> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const found = parseLines(output.stderr).find(({ msg }) => String(msg).startsWith(message));
      if (found !== undefined) resolve(found);
    };
    look();
    child.stderr?.on("data", look);
    ended.then(({ status }) => reject(new Error(`ended with ${status}: ${output.stderr}`)), reject);
  });
}

/** The whole lines of JSON in `text`; others are left out. */
function parseLines(text: string): LogLine[] {
  const lines = text.split("\n").slice(0, -1);
  return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as LogLine);
}
