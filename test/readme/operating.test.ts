import { expect, test } from "vitest";
import { builtServerForTest } from "../support/built-program.ts";
import { bashCommands, PROJECT_ROOT, projectText } from "../support/project-files.ts";
import { Shell } from "../support/shell.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("server/README.md's commands for operating print what they promise", async () => {
  const server = await builtServerForTest(temporaryFolder(), ["-loglevel", "debug"]);
  const commands = bashCommands(projectText("server/README.md"), "Operating", server.port);
  const next = (): string => commands.shift() ?? "false";
  const shell = new Shell();
  // The command finds the server by the environment.
  await shell.run(`cd ${PROJECT_ROOT}; export NETLOG_LISTEN=127.0.0.1:${server.port}`);

  expect(await shell.run(next())).toBe('{"ok":true}\n');
  expect(await shell.run(next())).toBe('{"ok":true,"failed":[]}\n');
  expect(await shell.run(next())).toContain("\nnetlog_connections ");
  expect(await shell.run(next())).toBe("[]\n");
  const line = { msg: "request", id: "nightly-job-17", url: "/" };
  await expect.poll(() => server.logLines()).toContainEqual(expect.objectContaining(line));
  expect(commands).toEqual([]);
});
