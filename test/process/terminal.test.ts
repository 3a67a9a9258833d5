import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { within } from "../support/deadline.ts";
import { endWithTest } from "../support/process-group.ts";
import { PROJECT_ROOT } from "../support/project-files.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Starts a command in the project's folder, which is killed with all it started when the test is over. */
function start(command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, {
    cwd: PROJECT_ROOT,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  endWithTest(child);
  return child;
}

/** What `pattern` finds in the output of both streams, once it does. */
function printed(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  let text = "";
  const found = new Promise<RegExpExecArray>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
        const match = pattern.exec(text);
        if (match !== null) resolve(match);
      });
    }
  });
  return within(`${pattern} in the output`, found);
}

test("npm start passes SIGTERM on, and flags", async () => {
  const child = start("npm", ["start", "--", "-listen", "127.0.0.1:0", "-dir", temporaryFolder()]);
  const [, url = ""] = await printed(child, /listening on (http:[^,]+),/);
  expect((await fetch(url)).status).toBe(200);
  const ended = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGTERM");
  expect(await within("the end of npm and the server", ended)).toBe(0);
  await expect(fetch(url)).rejects.toThrow();
});

test("on a terminal, logs are lines for people", async (context) => {
  if (spawnSync("script", ["--version"]).status !== 0)
    context.skip("script, of util-linux, is not installed");
  const serve = `node cmd/netlog.cjs -listen 127.0.0.1:0 -dir '${temporaryFolder()}'`;
  const child = start("script", ["--quiet", "--return", "--command", serve, "/dev/null"]);
  const [line] = await printed(child, /.*listening on .*\r\n/);
  expect(line).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] .*INFO.*listening on http/);
});
