import { spawnSync } from "node:child_process";
import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
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

/** What .ci/run takes from any machine. */
const TOOLS = ["bash", "sh", "dirname", "mktemp", "rm", "timeout"];
/** What it installs where a machine has none, with the package of each. */
const PARTS = { nginx: "nginx-light", chromium: "chromium" };
/** Further packages, which it asks the system for. */
const PACKAGES = ["postgresql", "nats-server", "python3-grpcio", "python3-protobuf"];

function pathOf(tool: string): string {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const folder = folders.find((each) => existsSync(join(each, tool)));
  if (folder === undefined) throw new Error(`${tool} is not on the PATH`);
  return join(folder, tool);
}

/**
 * Runs .ci/run with an `npm` that writes `results` as the test runner's figures and ends with `status`, and as root on a
 * Debian with or without the parts that tests run.
 */
function runCi(results: object | undefined, status: number, hasParts = true, aptStatus = 0): Ran {
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
  if (hasParts) for (const name of [...Object.keys(PARTS), "dpkg-query"]) replace(name, "");
  for (const tool of TOOLS) symlinkSync(pathOf(tool), join(folder, "bin", tool));
  symlinkSync(process.execPath, join(folder, "bin", "node"));
  const ran = spawnSync(join(folder, "bin/bash"), [join(folder, ".ci/run")], {
    encoding: "utf8",
    env: { PATH: join(folder, "bin") },
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

test("what tests run is installed where the machine has none, and CI goes on where that fails", () => {
  const installed = ({ calls }: Ran): (string | undefined)[] =>
    calls.filter((call) => call.startsWith("apt-get install ")).map((call) => call.split(" ").at(-1));
  const passed = { numPassedTests: 12, numFailedTests: 0 };
  expect(installed(runCi(passed, 0))).toEqual([]);
  expect(installed(runCi(passed, 0, false))).toEqual([...Object.values(PARTS), ...PACKAGES]);
  const without = runCi(passed, 0, false, 1);
  expect(without).toMatchObject({ status: 0, calls: expect.arrayContaining(["npm ci", "npm run check"]) });
});

test("CONTRIBUTING.md says how long CI gives the tests", () => {
  const [, seconds] = /^timeout --kill-after=10 (\d+) /m.exec(projectText(".ci/run")) ?? [];
  expect(section(projectText("CONTRIBUTING.md"), "Tests")).toContain(
    `ends them after ${Number(seconds) / 60} minutes`,
  );
});
