import { expect, test } from "vitest";
import { builtServerForTest } from "../support/built-program.ts";
import { codeBlocks, PROJECT_ROOT, projectText, section } from "../support/project-files.ts";
import { Shell } from "../support/shell.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("the README's commands for operating tell what they say", async () => {
  const server = await builtServerForTest(temporaryFolder(), ["-loglevel", "debug"]);
  const [block = "", ...none] = codeBlocks(section(projectText("README.md"), "Operating"), "bash");
  expect(none).toEqual([]);
  const commands = block.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const next = (): string =>
    (commands.shift() ?? "false").replaceAll("localhost:7200", `localhost:${server.port}`);
  const shell = new Shell();
  // The server that the environment tells of.
  await shell.run(`cd ${PROJECT_ROOT}; export NETLOG_LISTEN=127.0.0.1:${server.port}`);

  expect(await shell.run(next())).toBe('{"ok":true}\n');
  expect(await shell.run(next())).toBe('{"ok":true,"failed":[]}\n');
  expect(await shell.run(next())).toContain("\nnetlog_connections ");
  expect(await shell.run(next())).toBe("[]\n");
  const line = { msg: "request", id: "nightly-job-17", url: "/" };
  await expect.poll(() => server.logLines()).toContainEqual(expect.objectContaining(line));
  expect(commands).toEqual([]);
});
