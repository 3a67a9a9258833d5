import { spawnSync } from "node:child_process";
import { accessSync, constants, cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { codeBlocks, PROJECT_ROOT, projectText } from "../support/project-files.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Runs .ci/run with an `npm` that writes `results` as the test runner's figures and ends with `status`. */
function runCi(results: object | undefined, status: number): { status: number | null; lines: string[] } {
  const folder = temporaryFolder();
  mkdirSync(join(folder, ".ci"));
  cpSync(`${PROJECT_ROOT}.ci/run`, join(folder, ".ci/run"));
  const write =
    results === undefined ? "" : `printf '%s' '${JSON.stringify(results)}' >"$TEST_RESULTS_FILE"\n`;
  const npm = `#!/bin/sh\necho "npm $*" >>calls\n[ "$1" = ci ] && exit 0\n${write}exit ${status}\n`;
  writeFileSync(join(folder, "npm"), npm, { mode: 0o755 });
  const ran = spawnSync(join(folder, ".ci/run"), [], {
    encoding: "utf8",
    env: { PATH: `${folder}:${process.env.PATH}` },
  });
  return { status: ran.status, lines: ran.stdout.trimEnd().split("\n") };
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
