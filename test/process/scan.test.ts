import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  type BuiltServer,
  builtServerForTest,
  type Finished,
  programForTest,
  type RunningProgram,
  runProgram,
} from "../support/built-program.ts";
import { within } from "../support/deadline.ts";
import { PROJECT_ROOT } from "../support/project-files.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

interface Ground {
  readonly server: BuiltServer;
  readonly environment: Readonly<Record<string, string>>;
  run(...args: string[]): Promise<Finished>;
  /** `netlog scan jobs --id w1 --exec <command>` and these. */
  worker(command: string, ...args: string[]): RunningProgram;
}

/** A topic `jobs` with these messages, and a scanner for work. */
async function ground(...jobs: string[]): Promise<Ground> {
  const server = await builtServerForTest(temporaryFolder());
  const environment = { NETLOG_URL: server.url };
  const run = (...args: string[]): Promise<Finished> => runProgram(args, { environment });
  const worker = (command: string, ...args: string[]): RunningProgram =>
    programForTest(["scan", "jobs", "--id", "w1", "--exec", command, ...args], { environment });
  await run("create", "jobs");
  await run("publish", "jobs", ...jobs);
  return { server, environment, run, worker };
}

async function scanner({ run }: Ground): Promise<unknown> {
  return JSON.parse((await run("scanners", "jobs", "--json")).stdout);
}

test("a command works on each message; what fails comes again, and goes to the dead letter in the end", async () => {
  const all = await ground("one", "poison", "two words");
  const show = `read -r job; echo "$NETLOG_TOPIC $NETLOG_SCANNER $NETLOG_OFFSET $NETLOG_DELIVERY $job"; [ "$job" != poison ]`;
  const flags = ["--max-deliver", "2", "--dead-letter", "failed", "--retry-delay", "0s", "--count", "4"];
  const { status, stdout, stderr } = await all.worker(show, ...flags).ended();
  // Its lease is over: what is due is given before what is new.
  expect(stdout).toBe("jobs w1 0 1 one\njobs w1 1 1 poison\njobs w1 1 2 poison\njobs w1 2 1 two words\n");
  expect(stderr).toContain("the command for offset 1, delivery 2, ended with status 1\n");
  expect(status).toBe(1);
  // The copy is made in the background.
  const buried = async (): Promise<void> => {
    while (!JSON.stringify(await scanner(all)).includes('"dead_lettered":1')) await new Promise(setImmediate);
  };
  await within("the dead letter", buried());
  expect(await scanner(all)).toMatchObject({ pending: 0, lag: 0 });
  expect((await all.run("tail", "failed", "--no-follow")).stdout).toBe("poison\n");
});

test("payloads go to the command to the byte, whether it reads them or not", async () => {
  const { worker, environment } = await ground();
  const big = join(temporaryFolder(), "big");
  writeFileSync(big, Buffer.alloc(300_000, "\0\xff\n", "latin1"));
  await runProgram(["publish", "jobs", "--file", big, big], { environment });
  const { status, stdout } = await worker("cksum", "--count", "1").ended();
  expect({ status, stdout }).toEqual({
    status: 0,
    stdout: execFileSync("sh", ["-c", `cksum < ${big}`], { encoding: "utf8" }),
  });
  expect(await worker("true", "--count", "1").ended()).toMatchObject({ status: 0, stdout: "" });
});

test("SIGTERM lets the running command end, and takes no further message", async () => {
  const all = await ground("one", "two");
  const gate = join(temporaryFolder(), "gate");
  execFileSync("mkfifo", [gate]);
  const worker = all.worker(`echo begun; timeout 60 cat ${gate}`);
  await worker.printed(/begun/);
  worker.signal("SIGTERM");
  writeFileSync(gate, "done\n");
  expect(await worker.ended()).toMatchObject({ status: 0, stdout: "begun\ndone\n" });
  expect(await scanner(all)).toMatchObject({ next: 1, pending: 0 });
});

test("a second signal ends at once, and the command with it", async () => {
  const { worker } = await ground("one");
  // Begun is said by what is to be stopped: a shell that is about to start it may lose the signal.
  const program = worker(`trap 'echo stopped; exit 1' TERM; (echo begun; exec sleep 60) & wait`);
  await program.printed(/begun/);
  program.signal("SIGINT");
  program.signal("SIGTERM");
  await program.printed(/stopped/);
  expect(await program.ended()).toMatchObject({ status: expect.any(Number) });
});

test("SIGINT ends it while it waits", async () => {
  const { worker, run } = await ground("one");
  const program = worker("cat");
  await program.printed(/one/);
  // By the next message it waits again.
  await run("publish", "jobs", "two");
  await program.printed(/onetwo/);
  program.signal("SIGINT");
  expect(await program.ended()).toMatchObject({ status: 0, signal: null });
});

test("a command that cannot be run ends it, and the message is given back", async () => {
  const all = await ground("one");
  const { status, stderr } = await all.worker("/nowhere/work.sh").ended();
  expect(status).toBe(1);
  expect(stderr).toMatch(/the command for offset 0, delivery 1, ended with status 127\n$/);
  expect(await all.worker("cat", "--count", "1").ended()).toMatchObject({ status: 0, stdout: "one" });
});

test("commands run side by side where that is asked for, and no message is taken for none", async () => {
  const all = await ground("one", "two", "three");
  const gate = join(temporaryFolder(), "gate");
  execFileSync("mkfifo", [gate]);
  // Each waits for the other one: one at a time would never end.
  const meet = `if [ "$NETLOG_OFFSET" = 0 ]; then echo hello > ${gate}; else timeout 60 cat ${gate}; fi`;
  const { status, stdout } = await all.worker(meet, "--jobs", "2", "--count", "2", "--json").ended();
  expect(status).toBe(0);
  expect(stdout).toContain("hello\n");
  expect(stdout).toContain('{"offset":0,"delivery":1,"ok":true,"status":0,"signal":null}\n');
  expect(await scanner(all)).toMatchObject({ next: 2, pending: 0 });
});

test("commands go on when nobody reads any more what is said about them", async () => {
  const { environment } = await ground("one", "two");
  const netlog = `node ${PROJECT_ROOT}cmd/netlog.cjs scan jobs --id w1 --exec 'cat; exit 3' --retry-delay 1h --count 2`;
  const script = `
    mkfifo gone
    { read -r _ < gone; ${netlog} 2>&1 > seen; echo ", $?" > status; } | { exec <&-; echo > gone; }
    cat seen status`;
  const options = { cwd: temporaryFolder(), env: { ...process.env, ...environment }, timeout: 60_000 };
  expect(execFileSync("bash", ["-c", script], { ...options, encoding: "utf8" })).toBe("onetwo, 1\n");
});
