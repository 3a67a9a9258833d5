/** The built server whose own log cannot be written, or is not read: it serves all the same. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { expect, onTestFinished, type TestContext, test } from "vitest";
import { LIMITS } from "../../cmd/options/limits.ts";
import { within } from "../support/deadline.ts";
import { listeningPort } from "../support/listening-port.ts";
import { endWithTest } from "../support/process-group.ts";
import { PROJECT_ROOT } from "../support/project-files.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const isLinux = process.platform === "linux";

/** A target of this length makes a line of the log at least as long. */
const LONG_PATH = "x".repeat(8000);
/** More lines like that than wait in the server and in any pipe. */
const FLOOD = (4 * LIMITS.logWaitingBytes) / LONG_PATH.length;

interface LoggedServer {
  readonly url: string;
  readonly child: ChildProcess;
  /** Logs more than is held back where nothing can be written. */
  flood(): Promise<void>;
  droppedCount(): Promise<number>;
  /** SIGTERM; the exit status. */
  stop(): Promise<number | null>;
}

/** `redirect` is the shell's, and `before` stands in front of the command. */
function startLogging(redirect: string, { before = "", folder = temporaryFolder() } = {}): ChildProcess {
  const serve = `node cmd/netlog.cjs serve --debug --listen 127.0.0.1:0 --dir '${folder}'`;
  const child = spawn("sh", ["-c", `${before} exec ${serve} ${redirect}`], {
    cwd: PROJECT_ROOT,
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
  });
  endWithTest(child);
  return child;
}

async function served(child: ChildProcess, pid: number = child.pid!): Promise<LoggedServer> {
  const url = `http://127.0.0.1:${await listeningPort(pid)}`;
  const ended = once(child, "exit") as Promise<[number | null]>;
  return {
    url,
    child,
    flood: async () => {
      for (let line = 0; line < FLOOD; line += 1) await (await fetch(`${url}/-/${LONG_PATH}`)).arrayBuffer();
    },
    droppedCount: async () => {
      const text = await (await fetch(`${url}/-/metrics`)).text();
      return Number(/^netlog_log_lines_dropped_total (\d+)$/m.exec(text)?.[1]);
    },
    stop: async () => {
      process.kill(pid, "SIGTERM");
      const [status] = await within("the server's end", ended);
      return status;
    },
  };
}

async function expectServing({ url }: LoggedServer, status = 201): Promise<void> {
  expect((await within("health", fetch(`${url}/-/health`))).status).toBe(200);
  await fetch(`${url}/t`, { method: "POST" });
  const published = fetch(`${url}/t/payload`, { method: "POST", body: "a message" });
  expect((await within("a publish", published)).status).toBe(status);
}

/** Each line is whole, and the gap lines tell of all that are missing. */
function expectGap(text: string, droppedCount: number): void {
  const lines = text.trimEnd().split("\n");
  const gaps = lines.map((line) => (JSON.parse(line) as { droppedCount?: number }).droppedCount ?? 0);
  expect(gaps.reduce((sum, count) => sum + count, 0)).toBe(droppedCount);
  expect(droppedCount).toBeGreaterThan(0);
}

/** A folder on a small disk of its own. */
function smallDisk(context: TestContext): string {
  const folder = temporaryFolder();
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], { stdio: "ignore" });
  } catch {
    context.skip("mounting a tmpfs is not allowed here");
  }
  onTestFinished(() => void execFileSync("umount", ["-l", folder]));
  return folder;
}

test.runIf(isLinux)("a log that was full from the start costs log lines alone", async () => {
  const server = await served(startLogging("2> /dev/full"));
  await expectServing(server);
  await server.flood();
  await expectServing(server);
  expect(await server.droppedCount()).toBeGreaterThan(0);
  expect(await server.stop()).toBe(0);
});

test.runIf(isLinux)("a log file at the file-size limit costs log lines alone", async () => {
  const path = `${temporaryFolder()}/log`;
  const server = await served(startLogging(`2>> '${path}'`, { before: "ulimit -f 200;" }));
  await expectServing(server);
  await server.flood();
  await expectServing(server);
  expect(await server.droppedCount()).toBeGreaterThan(0);
  expect(await server.stop()).toBe(0);
});

test.runIf(isLinux)(
  "a log on a full disk goes on when there is room, and says how many lines are missing",
  async (context) => {
    const disk = smallDisk(context);
    const path = `${disk}/log`;
    const filler = `${disk}/filler`;
    const server = await served(startLogging(`2>> '${path}'`));
    spawnSync("dd", ["if=/dev/zero", `of=${filler}`, "bs=4096"]);
    await server.flood();
    await expectServing(server);
    rmSync(filler);
    await expect.poll(() => readFileSync(path, "utf8")).toContain("lines are missing here");
    const droppedCount = await server.droppedCount();
    expect(await server.stop()).toBe(0);
    expectGap(readFileSync(path, "utf8"), droppedCount);
    expect(readFileSync(path, "utf8")).toMatch(/"msg":"stopped"}\n$/);
  },
);

test.runIf(isLinux)("a pipe that nobody reads blocks neither health nor publishing nor the end", async () => {
  const fifo = `${temporaryFolder()}/fifo`;
  execFileSync("mkfifo", [fifo]);
  const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  onTestFinished(() => closeSync(reader));
  const server = await served(startLogging(`2> '${fifo}'`));
  await server.flood();
  await expectServing(server);
  expect(await server.droppedCount()).toBeGreaterThan(0);
  expect(await server.stop()).toBe(0);
});

test.runIf(isLinux)(
  "a pipe that is read again brings what waited, and how many lines are missing",
  async () => {
    const fifo = `${temporaryFolder()}/fifo`;
    execFileSync("mkfifo", [fifo]);
    const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    onTestFinished(() => closeSync(reader));
    const server = await served(startLogging(`2> '${fifo}'`));
    await server.flood();
    let text = "";
    const readOn = (): string => {
      text += readSome(reader);
      return text;
    };
    await expect.poll(readOn, { interval: 1 }).toContain("lines are missing here");
    const droppedCount = await server.droppedCount();
    const ended = server.stop();
    await expect.poll(readOn, { interval: 1 }).toMatch(/"msg":"stopped"}\n$/);
    expect(await ended).toBe(0);
    expectGap(text, droppedCount);
  },
);

/** What can be read now. */
function readSome(descriptor: number): string {
  const buffer = Buffer.alloc(LIMITS.logWaitingBytes);
  try {
    return buffer.toString("utf8", 0, readSync(descriptor, buffer));
  } catch {
    return "";
  }
}

test.runIf(isLinux)("a socket that nobody reads, as the journal may be, does not block", async () => {
  const server = await served(startLogging(""));
  await server.flood();
  await expectServing(server);
  expect(await server.droppedCount()).toBeGreaterThan(0);
  expect(await server.stop()).toBe(0);
});

test.runIf(isLinux)("a terminal that takes nothing does not block", async (context) => {
  if (spawnSync("script", ["--version"]).status !== 0)
    context.skip("script, of util-linux, is not installed");
  const folder = temporaryFolder();
  const serve = `echo $$ > '${folder}/pid'; exec node cmd/netlog.cjs serve --debug --listen 127.0.0.1:0 --dir '${folder}/data'`;
  const child = spawn("script", ["--quiet", "--return", "--command", serve, "/dev/null"], {
    cwd: PROJECT_ROOT,
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
  });
  endWithTest(child);
  await expect.poll(() => readFileSync(`${folder}/pid`, "utf8")).toMatch(/\n$/);
  const server = await served(child, Number(readFileSync(`${folder}/pid`, "utf8")));
  await server.flood();
  await expectServing(server);
  expect(await server.droppedCount()).toBeGreaterThan(0);
  child.stdout.resume();
  expect(await server.stop()).toBe(0);
});
