/** Processes of their own that take and hold the lock of a folder, told what to do by the test. */
import { type ChildProcess, execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { within } from "./deadline.ts";

/** Runs in the other process: each message asks for the lock, and is answered with the outcome. */
const HOLDER = `
import { lockFolder } from "./folder-lock.js";
process.on("message", (folder) => {
  lockFolder(folder).then(() => process.send("locked"), (error) => process.send(error.code));
});
`;
/** Runs in the other process: takes the lock, and has nothing else to do. */
const PASSER_BY = `
import { lockFolder } from "./folder-lock.js";
await lockFolder(process.argv[2]);
`;

/** Compiles the lock for Node into `folder`, with the programs that use it. */
export function buildLockPrograms(folder: string): void {
  const source = join(import.meta.dirname, "../../lib/disk/folder-lock.ts");
  const compiler = join(import.meta.dirname, "../../node_modules/.bin/tsc");
  const options = ["--module", "nodenext", "--target", "es2023", "--rewriteRelativeImportExtensions"];
  // The types were checked elsewhere, which is what takes the time.
  options.push("--ignoreConfig", "--noCheck", "--types", "", "--outDir", folder);
  execFileSync(compiler, [source, ...options]);
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  writeFileSync(join(folder, "holder.js"), HOLDER);
  writeFileSync(join(folder, "passer-by.js"), PASSER_BY);
}

export class LockHolder {
  readonly #process: ChildProcess;

  constructor(programs: string) {
    this.#process = fork(join(programs, "holder.js"));
    onTestFinished(() => void this.#process.kill("SIGKILL"));
  }

  /** Resolves to "locked", or to the code of the failure. */
  async lock(folder: string): Promise<string> {
    const answer = once(this.#process, "message");
    this.#process.send(folder);
    const [outcome] = await within("an answer of the other process", answer);
    return outcome;
  }

  async kill(): Promise<void> {
    const exit = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await within("the end of the other process", exit);
  }
}
