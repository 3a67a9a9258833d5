/** A server in the tests' own process, and the program's commands run against it. */
import { onTestFinished } from "vitest";
import { nodeDisk } from "../../../lib/index.ts";
import { memoryTarget, startOn } from "../../contract/targets.ts";
import { type Ran, runCommand, type Surroundings } from "../../support/run-command.ts";

export interface TestServer {
  readonly url: string;
  /** Runs a command with this server in its environment. */
  run(args: readonly string[], surroundings?: Surroundings): Promise<Ran>;
  /** Resolves to what the command prints; rejects unless it ends with status 0 and says nothing on stderr. */
  out(...args: string[]): Promise<string>;
  /** The same, each line as JSON. */
  json(command: string, ...args: string[]): Promise<unknown[]>;
  stop(): Promise<void>;
}

/** On a disk in memory, or a real folder; stopped when the running test is over. */
export async function serverForTest(folder?: string): Promise<TestServer> {
  const started = folder === undefined ? await memoryTarget.start() : await startOn(nodeDisk, folder);
  const { url } = started;
  let stopped: Promise<unknown> | undefined;
  const stop = async (): Promise<void> => {
    stopped ??= started.stop();
    await stopped;
  };
  onTestFinished(stop);
  const run = (args: readonly string[], { environment = {}, ...rest }: Surroundings = {}): Promise<Ran> =>
    runCommand(args, { ...rest, environment: { NETLOG_URL: url, ...environment } });
  const out = async (...args: string[]): Promise<string> => {
    const ran = await run(args);
    if (ran.status !== 0 || ran.err !== "") throw new Error(`${args.join(" ")}: ${ran.status}, ${ran.err}`);
    return ran.out;
  };
  const json = async (command: string, ...args: string[]): Promise<unknown[]> =>
    parseLines(await out(command, "--json", ...args));
  return { url, run, out, json, stop };
}

/** Each line of a text as JSON. */
export function parseLines(text: string): unknown[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
}
