/** A command that is run for one message: the payload on its standard input, what else is known in its environment. */
import { spawn } from "node:child_process";
import type { Delivery } from "../../lib/client/index.ts";
import { JOB_HEADER_PREFIX, JOB_VARIABLES } from "../cli/variables.ts";

export interface JobPlace {
  /** For the shell. */
  readonly command: string;
  readonly topic: string;
  readonly scanner: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** How it ended. */
export interface JobEnd {
  /** `null` when a signal ended it. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Running ones, by process group. */
const running = new Set<number>();

/** Statuses of a shell that cannot run the command at all; another message would fare no better. */
export const NOT_RUN: readonly (number | null)[] = [126, 127];

/**
 * Resolves when the command has ended; its output goes where this process writes. It has a process group of its own, so
 * that ^C at the terminal asks this process alone, which lets the job end. When this process exits, so does it.
 */
export function runJob(place: JobPlace, message: Delivery): Promise<JobEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(place.command, {
      shell: true,
      detached: true,
      stdio: ["pipe", "inherit", "inherit"],
      env: { ...withoutFields(place.environment), ...variablesOf(place, message) },
    });
    const { pid } = child;
    if (pid !== undefined) running.add(pid);
    // A command need not read its input.
    child.stdin.on("error", () => {});
    child.stdin.end(message.payload);
    child.once("error", reject);
    child.once("exit", (status, signal) => {
      if (pid !== undefined) running.delete(pid);
      resolve({ status, signal });
    });
  });
}

function variablesOf({ topic, scanner }: JobPlace, message: Delivery): Record<string, string> {
  return {
    [JOB_VARIABLES.topic]: topic,
    [JOB_VARIABLES.scanner]: scanner,
    [JOB_VARIABLES.offset]: String(message.offset),
    [JOB_VARIABLES.timestamp]: message.timestamp,
    [JOB_VARIABLES.delivery]: String(message.delivery ?? 1),
    ...fieldVariables(message),
  };
}

function fieldVariables({ key, contentType, headers }: Delivery): Record<string, string> {
  const variables: Record<string, string> = {};
  // The environment holds no NUL, and a key may.
  if (key !== undefined) variables[JOB_VARIABLES.key] = key.replaceAll("\0", "\ufffd");
  if (contentType !== undefined) variables[JOB_VARIABLES.contentType] = contentType;
  for (const [name, value] of Object.entries(headers)) {
    variables[`${JOB_HEADER_PREFIX}${name.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`] = value;
  }
  return variables;
}

/** A job that runs `netlog scan` itself passes on no field of its own message. */
function withoutFields(environment: JobPlace["environment"]): JobPlace["environment"] {
  const isField = (name: string): boolean =>
    name === JOB_VARIABLES.key || name === JOB_VARIABLES.contentType || name.startsWith(JOB_HEADER_PREFIX);
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !isField(name)));
}

/** `status 3`, `signal SIGKILL`. */
export function endText({ status, signal }: JobEnd): string {
  return signal === null ? `status ${status}` : `signal ${signal}`;
}

process.on("exit", () => {
  for (const group of running) {
    try {
      process.kill(-group, "SIGTERM");
    } catch {
      // It has just ended.
    }
  }
});
