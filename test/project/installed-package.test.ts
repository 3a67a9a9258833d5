/** The package as `npm i` gives it to others: made from a fresh clone, installed into an empty project, used there. */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { builtServerForTest, runProgram } from "../support/built-program.ts";
import { PROJECT_ROOT, packageJson, projectText } from "../support/project-files.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
}

const INSTALLED_MODULES = join(PROJECT_ROOT, "node_modules");

let folder: string;
let project: string;
let installed: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "netlog-test-"));
  const clone = join(folder, "clone");
  run(folder, "git", "clone", "--quiet", PROJECT_ROOT, clone);
  // In the place of npm ci, which needs the network.
  symlinkSync(INSTALLED_MODULES, join(clone, "node_modules"));
  run(clone, "npm", "pack", "--pack-destination", folder);
  project = emptyProject(join(folder, "project"));
  const archive = join(folder, `netlog-${packageJson().version}.tgz`);
  run(project, "npm", "install", "--offline", "--no-audit", "--no-fund", archive);
  installed = join(project, "node_modules/netlog");
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** With no dependency, though those of the package lie there already: npm then needs no network for them. */
function emptyProject(folder: string): string {
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "empty", type: "module" }));
  const { packages } = JSON.parse(projectText("package-lock.json")) as Lock;
  for (const [path, { dev }] of Object.entries(packages)) {
    const isThere = path !== "" && existsSync(join(PROJECT_ROOT, path));
    if (dev !== true && isThere) cpSync(join(PROJECT_ROOT, path), join(folder, path), { recursive: true });
  }
  const links = "node_modules/.bin";
  cpSync(join(PROJECT_ROOT, links), join(folder, links), { recursive: true, verbatimSymlinks: true });
  return folder;
}

/** What it prints. */
function run(folder: string, command: string, ...args: string[]): string {
  // The npm that runs these tests tells its children which of its commands is at work.
  const { npm_command: _, ...env } = process.env;
  return execFileSync(command, args, {
    cwd: folder,
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** What `package.json` and npm itself bring, and the parts of the program and its sources. */
const HELD =
  /^(package\.json|README\.md|CHANGELOG\.md|CONTRIBUTING\.md|LICENSE|(dist\/)?(cmd|lib|server)\/.+)$/;
/** Sources of pages serve nobody without the build; scripts of the build belong to a checkout. */
const NOT_HELD = /(^|\/)tsconfig\.json$|^(cmd|server)\/.*\b(app|build)\//;

test("it holds the program, its sources and documents, and nothing else", () => {
  const paths = filesOf("");
  expect(paths).toEqual(
    expect.arrayContaining([
      "cmd/netlog.cjs",
      "dist/cmd/main.js",
      "dist/server/console/files/index.html",
      "dist/server/views/payloads/files/index.html",
      "lib/README.md",
      "server/console/door.ts",
      "server/console/topics.png",
    ]),
  );
  expect(paths.filter((path) => !HELD.test(path) || NOT_HELD.test(path))).toEqual([]);
});

test("its server shows the console", async () => {
  const program = join(installed, packageJson().bin.netlog!);
  const { url } = await builtServerForTest(temporaryFolder(), [], { program });
  const page = await (await fetch(`${url}/-/console/`)).text();
  const [script = ""] = /main-[\w-]+\.js/.exec(page) ?? [];
  for (const coding of ["br", "gzip"]) {
    const headers = { "accept-encoding": coding };
    const reply = await fetch(`${url}/-/console/${script}`, { headers, method: "HEAD" });
    expect([reply.status, reply.headers.get("content-encoding")]).toEqual([200, coding]);
  }
});

test("without the optional package it serves, and a view says what is missing", async () => {
  const program = join(installed, packageJson().bin.netlog!);
  const optional = join(project, "node_modules/@electric-sql");
  renameSync(optional, join(folder, "optional"));
  onTestFinished(() => renameSync(join(folder, "optional"), optional));
  await builtServerForTest(temporaryFolder(), [], { program });
  const serve = ["serve", "-listen", "127.0.0.1:0", "-dir", temporaryFolder()];
  const { status, stderr } = await runProgram([...serve, "--view", "payloads"], { program });
  expect({ status, lines: stderr.split("\n").filter((line) => !line.startsWith("{")) }).toEqual({
    status: 1,
    lines: [
      "netlog: a view without --db needs the package @electric-sql/pglite, which is not installed; " +
        "install it with npm install @electric-sql/pglite, or name a PostgreSQL server with --db",
      "",
    ],
  });
});

test("npx runs the program", () => {
  expect(run(project, "npx", "--offline", "netlog", "version")).toBe(`netlog ${packageJson().version}\n`);
});

test("its name alone gives the client, as netlog/client does", () => {
  const program =
    'const [whole, client] = [await import("netlog"), await import("netlog/client")];' +
    'console.log(whole === client, typeof whole.NetlogClient, typeof require("netlog").NetlogClient);';
  const source = `import { createRequire } from "node:module"; const require = createRequire(import.meta.url); ${program}`;
  writeFileSync(join(project, "use.js"), source);
  expect(run(project, process.execPath, "--no-warnings", "use.js")).toBe("true function function\n");
});

test("every link in its documents leads to something", () => {
  const documents = filesOf(".md");
  expect(documents).toEqual(expect.arrayContaining(["README.md", "cmd/README.md", "lib/client/README.md"]));
  const dangling = documents.flatMap((document) => {
    const text = readFileSync(join(installed, document), "utf8");
    const links = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, link = ""]) => link);
    return links
      .filter((link) => !/^\w+:/.test(link) && !existsSync(resolve(installed, dirname(document), link)))
      .map((link) => `${document}: ${link}`);
  });
  expect(dangling).toEqual([]);
});

test("every source map leads to its source", () => {
  // Browsers read the scripts of pages.
  const isPage = (path: string): boolean => /^dist\/server\/(console|views\/\w+)\/files\//.test(path);
  const programs = filesOf(".js").filter((path) => path.startsWith("dist/") && !isPage(path));
  expect(programs).toContain("dist/lib/client/index.js");
  const astray = programs.filter((program) => {
    const [, map] =
      /\/\/# sourceMappingURL=(\S+)\s*$/.exec(readFileSync(join(installed, program), "utf8")) ?? [];
    if (map === undefined) return true;
    const path = resolve(installed, dirname(program), map);
    const { sources } = JSON.parse(readFileSync(path, "utf8")) as { sources: string[] };
    return !sources.every((source) => existsSync(resolve(dirname(path), source)));
  });
  expect(astray).toEqual([]);
});

/** Paths in the package that end so. */
function filesOf(ending: string): string[] {
  const paths = readdirSync(installed, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(installed, join(entry.parentPath, entry.name)));
  return paths.filter((path) => path.endsWith(ending) && !path.startsWith("node_modules"));
}
