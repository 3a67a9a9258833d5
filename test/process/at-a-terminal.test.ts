import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, type TestContext, test } from "vitest";
import { builtServerForTest, runProgram } from "../support/built-program.ts";
import { within } from "../support/deadline.ts";
import { endWithTest } from "../support/process-group.ts";
import { PROJECT_ROOT } from "../support/project-files.ts";
import { Shell } from "../support/shell.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** A command on a terminal of its own, and what it shows there. */
interface Terminal {
  /** Resolves when what is shown from now on holds `pattern`. */
  shows(pattern: RegExp): Promise<RegExpExecArray>;
  /** As when its window is closed. */
  close(): void;
}

function needTerminal(context: TestContext): void {
  if (spawnSync("script", ["--version"]).status !== 0)
    context.skip("script, of util-linux, is not installed");
}

/** Killed with all it started when the running test is over. */
function onTerminal(args: string, environment: Readonly<Record<string, string>>): Terminal {
  const command = `node cmd/netlog.cjs ${args}`;
  const child: ChildProcess = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
    cwd: PROJECT_ROOT,
    detached: true,
    stdio: ["pipe", "pipe", "ignore"],
    env: { PATH: process.env.PATH, TERM: "xterm", ...environment },
  });
  endWithTest(child);
  let text = "";
  let look = (): void => {};
  child.stdout?.setEncoding("utf8").on("data", (piece: string) => {
    text += piece;
    look();
  });
  const shows = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve) => {
      look = () => {
        const found = pattern.exec(text);
        if (found === null) return;
        text = text.slice(found.index + found[0].length);
        look = () => {};
        resolve(found);
      };
      look();
    });
  return {
    shows: (pattern) => within(`${pattern} of ${args}`, shows(pattern)),
    close: () => process.kill(child.pid!, "SIGKILL"),
  };
}

test("netlog topics --watch draws its table anew in place", async (context) => {
  needTerminal(context);
  const server = await builtServerForTest(temporaryFolder());
  const environment = { NETLOG_URL: server.url };
  await runProgram(["publish", "--create", "demo", "one"], { environment });
  const terminal = onTerminal("topics --watch --interval 100ms", environment);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  await terminal.shows(/\x1b\[2J\x1b\[H\x1b\[1mTOPIC .*\x1b\[22m\x1b\[K\r\ndemo +1 /);
  await runProgram(["publish", "demo", "two"], { environment });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  await terminal.shows(/\x1b\[J\x1b\[H\x1b\[1mTOPIC .*\x1b\[22m\x1b\[K\r\ndemo +2 /);
});

test("a long publish and a long copy show bar, rate and messages", async (context) => {
  needTerminal(context);
  const server = await builtServerForTest(temporaryFolder());
  const environment = { NETLOG_URL: server.url };
  const path = join(temporaryFolder(), "lines");
  writeFileSync(path, "a line of text\n".repeat(200_000));
  const publish = onTerminal(`publish --create demo --lines --file ${path}`, environment);
  await publish.shows(/publish +\d+% \[[#.]{24}\] [\d.]+ \w+ \/ 2\.9 MiB/);
  await publish.shows(/demo: 200,000 messages, offsets 0 to 199999\r\n/);
  const copy = onTerminal("copy demo demo2", environment);
  await copy.shows(/copy +\d+% \[[#.]{24}\] [\d,]+ \/ 200,000 messages {2}[\d,]+\/s/);
  await copy.shows(/copied 200,000 messages\r\n/);
});

test("a server without tokens ends with its terminal", async (context) => {
  needTerminal(context);
  const terminal = onTerminal(`serve --listen 127.0.0.1:0 --dir ${temporaryFolder()}`, {});
  const [, url] = await terminal.shows(/listening on (http:\S+), /);
  terminal.close();
  const isThere = () =>
    fetch(`${url}/-/health`).then(
      () => true,
      () => false,
    );
  await expect.poll(isThere, { interval: 20 }).toBe(false);
});

test("a publish that is asked to end stores what it has read of whole lines, and tells", async () => {
  const server = await builtServerForTest(temporaryFolder());
  await runProgram(["create", "demo"], { environment: { NETLOG_URL: server.url } });
  const shell = new Shell();
  await shell.run(`cd ${temporaryFolder()}; export NETLOG_URL=${server.url}; mkfifo input`);
  await shell.run(`node ${PROJECT_ROOT}cmd/netlog.cjs publish demo --lines < input > told & exec 3> input`);
  await shell.run("printf 'one\\ntwo\\nbegun' >&3");
  await shell.run(`until curl -sf ${server.url}/demo/payload/1; do :; done`);
  await shell.run("kill -TERM $!; wait $!; [ $? = 143 ]");
  expect(await shell.run("cat told")).toBe("demo: 2 messages, offsets 0 to 1\n");
});

test("a tail that is killed lets go of its pipe, also where its end is not asked for", async () => {
  const server = await builtServerForTest(temporaryFolder());
  const environment = { NETLOG_URL: server.url };
  await runProgram(["publish", "--create", "demo", "hello"], { environment });
  const shell = new Shell();
  await shell.run(`cd ${temporaryFolder()}; export NETLOG_URL=${server.url}; mkfifo pipe`);
  // The parent becomes sleep, which waits for no child.
  const tail = `echo $$ > tail; exec node ${PROJECT_ROOT}cmd/netlog.cjs tail demo > pipe`;
  await shell.run(`sh -c "sh -c '${tail.replace("$$", "\\$\\$")}' & exec sleep 600" & exec 4< pipe`);
  expect(await shell.run("read -r line <&4; echo $line")).toBe("hello\n");
  expect(await shell.run("kill -KILL $(cat tail); cat <&4; kill $!")).toBe("");
});
