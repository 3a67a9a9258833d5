import { spawnSync } from "node:child_process";
import { accessSync, constants, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { expect, test } from "vitest";
import { codeBlocks, PROJECT_ROOT, projectText, section } from "../support/project-files.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

interface Ran {
  readonly status: number | null;
  readonly lines: string[];
  /** The commands that it ran, of those that are replaced. */
  readonly calls: string[];
}

/**
 * Runs .ci/run with an `npm` that writes `results` as the test runner's figures and ends with `status`, and as root on a
 * Debian with or without nginx.
 */
function runCi(results: object | undefined, status: number, hasNginx = true, aptStatus = 0): Ran {
  const folder = temporaryFolder();
  mkdirSync(join(folder, ".ci"));
  mkdirSync(join(folder, "bin"));
  cpSync(`${PROJECT_ROOT}.ci/run`, join(folder, ".ci/run"));
  const replace = (name: string, script: string): void =>
    writeFileSync(join(folder, "bin", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const write =
    results === undefined ? "" : `printf '%s' '${JSON.stringify(results)}' >"$TEST_RESULTS_FILE"\n`;
  replace("npm", `echo "npm $*" >>calls\n[ "$1" = ci ] && exit 0\n${write}exit ${status}`);
  replace("apt-get", `echo "apt-get $*" >>calls\nexit ${aptStatus}`);
  replace("id", "echo 0");
  if (hasNginx) replace("nginx", "");
  const others = (process.env.PATH ?? "").split(delimiter).filter((path) => !existsSync(join(path, "nginx")));
  const ran = spawnSync(join(folder, ".ci/run"), [], {
    encoding: "utf8",
    env: { PATH: [join(folder, "bin"), ...others].join(delimiter) },
  });
  return {
    status: ran.status,
    lines: ran.stdout.trimEnd().split("\n"),
    calls: readFileSync(join(folder, "calls"), "utf8").trimEnd().split("\n"),
  };
}

test("CI runs the README's own test command", () => {
  const commands = codeBlocks(projectText("README.md"), "bash").map((block) => block.trim());
  const command = commands.find((block) => block.includes("npm run check"));
  expect(projectText(".ci/run")).toContain(`bash -c '${command}'`);
  accessSync(`${PROJECT_ROOT}.ci/run`, constants.X_OK);
});

test.each([
  ["all tests pass", { numPassedTests: 12, numFailedTests: 0 }, 0, 0, "12 passed, 0 failed"],
  ["tests fail", { numPassedTests: 10, numFailedTests: 2 }, 1, 1, "10 passed, 2 failed"],
  ["a test file does not load", { numPassedTests: 12, numFailedTests: 0 }, 1, 1, "12 passed, 1 failed"],
  ["a step before the tests fails", undefined, 2, 1, "0 passed, 1 failed"],
  ["no test ran", { numPassedTests: 0, numFailedTests: 0 }, 0, 1, "0 passed, 0 failed"],
])("when %s, the last line and the status say so", (_when, results, npmStatus, status, line) => {
  const ran = runCi(results, npmStatus);
  expect(ran.lines.at(-1)).toBe(line);
  expect(ran.status).toBe(status);
});

test("nginx is installed where the machine has none, and CI goes on where that fails", () => {
  const installs = (calls: readonly string[]): boolean =>
    calls.some((call) => /apt-get install .*nginx/.test(call));
  const passed = { numPassedTests: 12, numFailedTests: 0 };
  expect(installs(runCi(passed, 0).calls)).toBe(false);
  expect(installs(runCi(passed, 0, false).calls)).toBe(true);
  const without = runCi(passed, 0, false, 1);
  expect(without).toMatchObject({ status: 0, calls: expect.arrayContaining(["npm ci", "npm run check"]) });
});

test("CONTRIBUTING.md says how long CI gives the tests", () => {
  const [, seconds] = /^timeout --kill-after=10 (\d+) /m.exec(projectText(".ci/run")) ?? [];
  expect(section(projectText("CONTRIBUTING.md"), "Tests")).toContain(
    `ends them after ${Number(seconds) / 60} minutes`,
  );
});
