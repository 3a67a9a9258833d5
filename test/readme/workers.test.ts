import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type BuiltServer, builtServerForTest } from "../support/built-program.ts";
import { lowerCaseProxy } from "../support/lower-case-proxy.ts";
import { bashCommands, projectText } from "../support/project-files.ts";
import { Shell } from "../support/shell.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** A server with the README's topic and scanner, and how its workers are started and observed. */
class Jobs {
  readonly server: BuiltServer;
  readonly shell = new Shell();
  readonly #done = join(temporaryFolder(), "done");

  private constructor(server: BuiltServer) {
    this.server = server;
  }

  static async create(): Promise<Jobs> {
    const jobs = new Jobs(await builtServerForTest(temporaryFolder()));
    const [createTopic = "", createScanner = ""] = commands(jobs.server.port);
    expect(await jobs.shell.run(createTopic)).toContain("topic created");
    for (let i = 0; i < 2; i++) expect(await jobs.shell.run(createScanner)).toContain('"id":"workers"');
    return jobs;
  }

  /** A folder with a `work.sh` that writes down each job, and fails at the job "poison". */
  folder(): string {
    const folder = temporaryFolder();
    const work = `read -r job; echo "$job" >> ${this.#done}; [ "$job" != poison ]\n`;
    writeFileSync(join(folder, "work.sh"), work);
    return folder;
  }

  /** Types the README's worker into a shell of its own. */
  async startWorker(folder: string, port: number = this.server.port): Promise<void> {
    const [, , , worker = "", ...more] = commands(port);
    expect(more).toEqual([]);
    const shell = new Shell();
    await shell.run(`cd ${folder}`);
    shell.type(worker);
  }

  async publish(jobs: readonly string[]): Promise<void> {
    const reply = await fetch(`${this.server.url}/jobs/batch?format=lines`, {
      method: "POST",
      body: jobs.join("\n"),
    });
    expect(reply.status).toBe(201);
  }

  /** What the workers did, in the order of its names, once every job is settled. */
  async done(): Promise<string[]> {
    const settled = `curl -s "${this.server.url}/jobs/scanner?id=workers" | grep -q '"lag":0,"pending":0,'`;
    await this.shell.run(`until ${settled}; do sleep 0.1; done`);
    return readFileSync(this.#done, "utf8").trimEnd().split("\n").sort();
  }
}

function commands(port: number): string[] {
  return bashCommands(projectText("README.md"), "Workers that share a queue", port);
}

test("the README's worker does its jobs, gives back what failed, and gives up in the end", async () => {
  const jobs = await Jobs.create();
  for (let i = 0; i < 2; i++) await jobs.startWorker(jobs.folder());
  await jobs.publish(["one", "two", "poison", "three"]);
  const dead = `${jobs.server.url}/failed/payload/0`;
  expect(await jobs.shell.run(`until curl -sf ${dead}; do sleep 0.1; done`)).toBe("poison");
  expect(await jobs.done()).toEqual(
    [...Array.from({ length: 5 }, () => "poison"), "one", "three", "two"].sort(),
  );
});

test("three of the README's workers in one folder do each of 200 jobs, once", async () => {
  const jobs = await Jobs.create();
  const folder = jobs.folder();
  for (let i = 0; i < 3; i++) await jobs.startWorker(folder);
  const names = Array.from({ length: 200 }, (_, i) => `job ${i}`);
  // In parts, each of which a slow machine does within the deadline.
  for (let i = 0; i < names.length; i += 20) {
    await jobs.publish(names.slice(i, i + 20));
    expect(await jobs.done()).toEqual(names.slice(0, i + 20).sort());
  }
});

test("the README's worker acknowledges through a proxy that gives header names in lower case", async () => {
  const jobs = await Jobs.create();
  await jobs.startWorker(jobs.folder(), await lowerCaseProxy(jobs.server.port));
  await jobs.publish(["one", "two"]);
  expect(await jobs.done()).toEqual(["one", "two"]);
});

test("the README's `work.sh` is a command that does a job", async () => {
  const [, , make = ""] = commands(0);
  const shell = new Shell();
  await shell.run(`cd ${temporaryFolder()}`);
  await shell.run(make);
  expect(await shell.run("printf 'a job' | sh work.sh")).toBe("5\n");
});
