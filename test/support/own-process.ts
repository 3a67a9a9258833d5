/** Runs a file of test/support that imports nothing but Node in a process of its own, until the running test is over. */
import { type ChildProcess, execFileSync, fork } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "./temporary-folder.ts";

const COMPILER = join(import.meta.dirname, "../../node_modules/.bin/tsc");
/** The types were checked elsewhere, which is what takes the time. */
const OPTIONS = ["--module", "nodenext", "--target", "es2023", "--ignoreConfig", "--noCheck", "--types", ""];

export function runInOwnProcess(name: string, args: readonly string[]): ChildProcess {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  execFileSync(COMPILER, [join(import.meta.dirname, `${name}.ts`), ...OPTIONS, "--outDir", folder]);
  const child = fork(join(folder, `${name}.js`), args, { execArgv: [] });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}
