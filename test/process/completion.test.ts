import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { builtServerForTest, runProgram } from "../support/built-program.ts";
import { PROJECT_ROOT } from "../support/project-files.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

interface Ground {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A folder with `netlog` in its `bin`, a file, and a server with the topic `orders`. */
async function ground(): Promise<Ground> {
  const server = await builtServerForTest(temporaryFolder());
  const environment = { NETLOG_URL: server.url };
  await runProgram(["create", "orders"], { environment });
  const cwd = temporaryFolder();
  mkdirSync(join(cwd, "bin"));
  symlinkSync(join(PROJECT_ROOT, "cmd/netlog.cjs"), join(cwd, "bin/netlog"));
  writeFileSync(join(cwd, "two words.ndjson"), "");
  return { cwd, env: { PATH: `${join(cwd, "bin")}:${process.env.PATH}`, HOME: cwd, ...environment } };
}

function has(shell: string): boolean {
  return spawnSync(shell, ["--version"]).status === 0;
}

function run(shell: string, args: readonly string[], script: string, { cwd, env }: Ground): string {
  const { stdout, stderr, status } = spawnSync(shell, [...args, script], {
    cwd,
    env,
    encoding: "utf8",
    timeout: 60_000,
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}

/** Asks bash's own machinery what it would offer; `compopt` speaks only within a real TAB. Words as bash cuts them. */
const BASH = `
source <(netlog completion bash)
compopt() { :; }
offer() {
  COMP_LINE=$1 COMP_POINT=\${#1}
  shift
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
  $(complete -p netlog | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
  printf '%s|' "\${COMPREPLY[@]}"
  echo
}
offer "netlog expo" netlog expo
offer "netlog  export ord" netlog export ord
offer "netlog export orders --format " netlog export orders --format ''
offer "netlog export orders --format=nd" netlog export orders --format = nd
offer "netlog export orders --format=" netlog export orders --format =
offer "netlog copy two" netlog copy two
offer "netlog copy --to-token-from=two" netlog copy --to-token-from = two
offer "netlog scan orders " netlog scan orders ''
offer "netlog info --server $NETLOG_URL o" netlog info --server http : //127.0.0.1 : "\${NETLOG_URL##*:}" o
`;

test("bash completes commands, topics, choices and files", async () => {
  expect(run("bash", ["--norc", "-c"], BASH, await ground())).toBe(
    [
      "export|",
      "orders|",
      "ndjson|lines|frames|",
      "ndjson|",
      "ndjson|lines|frames|",
      "two words.ndjson|",
      "two words.ndjson|",
      "|",
      "orders|",
      "",
    ].join("\n"),
  );
});

test("fish completes commands, topics, choices and files", async (context) => {
  if (!has("fish")) context.skip("fish is not installed");
  const script = `
netlog completion fish | source
for line in "netlog expo" "netlog export ord" "netlog export orders --format " "netlog copy two"
    complete -C $line
end
`;
  expect(run("fish", ["--no-config", "-c"], script, await ground())).toBe(
    [
      "export\tWrite the messages of a topic to standard output or a file",
      "orders",
      "lines",
      "ndjson",
      "two words.ndjson",
      "",
    ].join("\n"),
  );
});

test("zsh takes the script, and offers the candidates", async (context) => {
  if (!has("zsh")) context.skip("zsh is not installed");
  // _describe and _files need a real TAB: what they are given is printed.
  const script = `
compdef() { :; }
source <(netlog completion zsh)
_describe() { print -l -- "\${found[@]}"; }
_files() { print FILES; }
offer() { words=("$@"); CURRENT=$#; _netlog; }
offer netlog expo
offer netlog export ord
offer netlog export orders --format ''
offer netlog copy two
true
`;
  expect(run("zsh", ["-f", "-c"], script, await ground())).toBe(
    [
      "export:Write the messages of a topic to standard output or a file",
      "orders:",
      "ndjson:",
      "lines:",
      "FILES",
      "",
    ].join("\n"),
  );
});
