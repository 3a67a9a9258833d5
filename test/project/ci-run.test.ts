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
const TOOLS = "bash sh dirname mktemp rm timeout mkdir chmod cat grep sed sort".split(" ");
/** What it installs where a machine has none, with the package of each. */
const PARTS = { nginx: "nginx-light", chromium: "chromium" };
/** Further packages, which it asks the system for. */
const PACKAGES = ["postgresql", "nats-server", "python3-grpcio", "python3-protobuf"];

interface Machine {
  /** The parts that tests run. */
  readonly hasParts?: boolean;
  /** The version of its NATS, where it has the parts. */
  readonly nats?: string;
  readonly aptStatus?: number;
}

function pathOf(tool: string): string {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const folder = folders.find((each) => existsSync(join(each, tool)));
  if (folder === undefined) throw new Error(`${tool} is not on the PATH`);
  return join(folder, tool);
}

/**
 * Runs .ci/run with an `npm` that writes `results` as the test runner's figures and ends with `status`, and as root on a
 * Debian.
 */
function runCi(results: object | undefined, status: number, machine: Machine = {}): Ran {
  const { hasParts = true, nats = "2.10.27", aptStatus = 0 } = machine;
  const folder = temporaryFolder();
  const calls = join(folder, "calls");
  mkdirSync(join(folder, "bin"));
  cpSync(`${PROJECT_ROOT}.ci`, join(folder, ".ci"), { recursive: true });
  const replace = (name: string, script: string): void =>
    writeFileSync(join(folder, "bin", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const write =
    results === undefined ? "" : `printf '%s' '${JSON.stringify(results)}' >"$TEST_RESULTS_FILE"\n`;
  replace("npm", `echo "npm $*" >>"$CALLS"\n[ "$1" = ci ] && exit 0\n${write}${SAY_NATS}\nexit ${status}`);
  replace("apt-get", `echo "apt-get $*" >>"$CALLS"\n${APT}\nexit ${aptStatus}`);
  replace("dpkg", UNPACK);
  replace("id", "echo 0");
  if (hasParts) {
    for (const name of [...Object.keys(PARTS), "dpkg-query"]) replace(name, "");
    replace("nats-server", `echo "nats-server: v${nats}"`);
  }
  for (const tool of TOOLS) symlinkSync(pathOf(tool), join(folder, "bin", tool));
  symlinkSync(process.execPath, join(folder, "bin", "node"));
  const ran = spawnSync(join(folder, "bin/bash"), [join(folder, ".ci/run")], {
    encoding: "utf8",
    env: { PATH: join(folder, "bin"), CALLS: calls },
  });
  return {
    status: ran.status,
    lines: ran.stdout.trimEnd().split("\n"),
    calls: readFileSync(calls, "utf8").trimEnd().split("\n"),
  };
}

/** The NATS that the tests would take. */
const SAY_NATS = `[ -z "$NETLOG_TEST_NATS" ] || echo "tests take $("$NETLOG_TEST_NATS")" >>"$CALLS"`;
/** It knows a mirror, says of what it is to read the lists, and gives a package. */
const APT = `case "$*" in
--print-uris*) . /etc/os-release; echo "'http://mirror/debian/dists/$VERSION_CODENAME/InRelease' a 0" ;;
*SourceList*update) cat debian.list >>"$CALLS" ;;
*download*) echo package >nats-server_1_all.deb ;;
esac`;
/** `dpkg -x package folder`. */
const UNPACK = `[ "$1" = -x ] && [ "$(cat "$2")" = package ] && mkdir -p "$3/usr/sbin" &&
echo 'echo "the newer one"' >"$3/usr/sbin/nats-server" && chmod +x "$3/usr/sbin/nats-server"`;

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
  expect(installed(runCi(passed, 0, { hasParts: false }))).toEqual([...Object.values(PARTS), ...PACKAGES]);
  const without = runCi(passed, 0, { hasParts: false, aptStatus: 1 });
  expect(without).toMatchObject({ status: 0, calls: expect.arrayContaining(["npm ci", "npm run check"]) });
});

test("tests take a newer NATS where the machine has an old one, and CI goes on where there is none", () => {
  const passed = { numPassedTests: 12, numFailedTests: 0 };
  expect(runCi(passed, 0, { nats: "2.10.23" }).calls).toEqual(["npm ci", "npm run check"]);
  const { calls } = runCi(passed, 0, { nats: "2.10.22" });
  const source =
    "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror/debian trixie main";
  expect(calls).toContain(`deb ${source}`);
  expect(calls.slice(-3)).toEqual(["npm ci", "npm run check", "tests take the newer one"]);
  const without = runCi(passed, 0, { nats: "2.9.10", aptStatus: 1 });
  expect(without.status).toBe(0);
  expect(without.lines[0]).toMatch("a newer nats-server could not be had");
  expect(without.calls.slice(-2)).toEqual(["npm ci", "npm run check"]);
});

test("CONTRIBUTING.md says how long CI gives the tests", () => {
  const [, seconds] = /^timeout --kill-after=10 (\d+) /m.exec(projectText(".ci/run")) ?? [];
  expect(section(projectText("CONTRIBUTING.md"), "Tests")).toContain(
    `ends them after ${Number(seconds) / 60} minutes`,
  );
});
