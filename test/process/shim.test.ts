import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { PROJECT_ROOT } from "../support/project-files.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** A program that uses the thread pool, and then tells how it was started. */
const PROGRAM = `
import { readdirSync } from "node:fs";
import { stat } from "node:fs/promises";
export async function runProgram(version) {
  await stat(".");
  const threads = process.platform === "linux" ? readdirSync("/proc/self/task").length : 0;
  console.log(JSON.stringify({ version, size: process.env.UV_THREADPOOL_SIZE, threads }));
}
`;

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the shim in a project of its own, through a link as npm makes it. */
function runShim(
  files: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>> = {},
): Ran {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "cmd"));
  cpSync(`${PROJECT_ROOT}cmd/netlog.cjs`, join(folder, "cmd/netlog.cjs"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  symlinkSync("cmd/netlog.cjs", join(folder, "netlog"));
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, "netlog")], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, ...environment },
  });
  return { status, stdout, stderr };
}

function packageOf(node: string): string {
  return JSON.stringify({ version: "1.2.3", type: "module", engines: { node } });
}

test("says what to do when the program is not built", () => {
  expect(runShim({ "package.json": packageOf(">=20.19") })).toEqual({
    status: 1,
    stdout: "",
    stderr: "netlog: the program is not built yet: run `npm run build`\n",
  });
});

test("says which Node it needs when this one is too old", () => {
  expect(runShim({ "package.json": packageOf(">=99.1"), "dist/cmd/main.js": PROGRAM })).toEqual({
    status: 1,
    stdout: "",
    stderr: `netlog: needs Node >=99.1, and this is ${process.versions.node}\n`,
  });
});

test("gives the program a larger thread pool before it can use it, or the one asked for", () => {
  const files = { "package.json": packageOf(">=20.19"), "dist/cmd/main.js": PROGRAM };
  const ours = JSON.parse(runShim(files).stdout) as { version: string; size: string; threads: number };
  const four = JSON.parse(runShim(files, { UV_THREADPOOL_SIZE: "4" }).stdout) as typeof ours;
  expect(ours).toMatchObject({ version: "1.2.3", size: "16" });
  expect(four).toMatchObject({ size: "4" });
  if (process.platform === "linux") expect(ours.threads - four.threads).toBe(12);
});
