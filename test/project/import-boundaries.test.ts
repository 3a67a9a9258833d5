/** biome.imports.json says what each folder may import. These tests show that each rule bites, and what the rules are. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join, posix } from "node:path";
import { expect, test } from "vitest";
import { PROJECT_ROOT, projectText, section, tableRows } from "../support/project-files.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

interface Config {
  readonly overrides: readonly {
    readonly includes: readonly string[];
    readonly linter: {
      readonly rules: {
        readonly style: {
          readonly noRestrictedImports: {
            readonly options: { readonly patterns: readonly [{ readonly group: readonly string[] }] };
          };
        };
      };
    };
  }[];
}

interface Report {
  readonly diagnostics: readonly {
    readonly category: string;
    readonly location: { readonly path: string; readonly start: { readonly line: number } };
  }[];
}

/** A rule for all files of a folder. */
const OF_FOLDER = /\/\*\.(?:ts|\{ts,tsx\})$/;

/** The folders with sources that people write. */
const FOLDERS = ["lib", "server", "cmd"]
  .flatMap((top) =>
    readdirSync(`${PROJECT_ROOT}${top}`, { recursive: true, encoding: "utf8" }).map(
      (path) => `${top}/${path}`,
    ),
  )
  .filter((path) => /\.tsx?$/.test(path) && !path.includes("/generated/"))
  .map((path) => posix.dirname(path))
  .filter((folder, index, all) => all.indexOf(folder) === index)
  .toSorted();

/** Folder to what its files may import, as they spell it; rules of single files are left out. */
const RULES: ReadonlyMap<string, readonly string[]> = new Map(
  (JSON.parse(projectText("biome.imports.json")) as Config).overrides.flatMap(({ includes, linter }) => {
    const [{ group }] = linter.rules.style.noRestrictedImports.options.patterns;
    const [all, ...allowed] = group;
    expect(all).toBe("**");
    for (const each of allowed) expect(each).toMatch(/^!/);
    return includes
      .filter((path) => OF_FOLDER.test(path))
      .map((path) => [posix.dirname(path), allowed.map((each) => each.slice(1))] as const);
  }),
);

/** `../../lib/{index,values}.ts` as the two that it means. */
function spelledOut(pattern: string): string[] {
  const [, before = "", names, after = ""] = /^(.*)\{(.*)\}(.*)$/.exec(pattern) ?? [];
  return names === undefined ? [pattern] : names.split(",").map((name) => `${before}${name}${after}`);
}

/** The files that a folder may import, by their path or as `folder/*`; and packages and modules of Node. */
function allowedTo(folder: string): string[] {
  return (RULES.get(folder) ?? [])
    .flatMap(spelledOut)
    .map((pattern) => (pattern.startsWith(".") ? posix.join(folder, pattern) : pattern));
}

/** The folders that a folder may import from, itself left out. */
function foldersBelow(folder: string): string[] {
  return FOLDERS.filter(
    (other) =>
      other !== folder &&
      allowedTo(folder).some((path) => FOLDERS.includes(other) && posix.dirname(path) === other),
  );
}

interface Attempt {
  readonly line: string;
  readonly isAllowed: boolean;
}

/** A line of a file of `folder` for each thing that there is to import anywhere, which imports it. */
function attempts(folder: string): Attempt[] {
  const allowed = allowedTo(folder);
  const found: Attempt[] = [];
  const add = (specifier: string, isAllowed: boolean): void => {
    // A dynamic import is one, too.
    const line = found.length % 2 === 0 ? `export * from "${specifier}";` : `await import("${specifier}");`;
    found.push({ line, isAllowed });
  };
  for (const other of FOLDERS) {
    for (const name of ["index.ts", "values.ts", "some-file.ts"]) {
      const specifier = posix.relative(folder, `${other}/${name}`);
      const isAllowed = allowed.includes(`${other}/*`) || allowed.includes(`${other}/${name}`);
      add(specifier.startsWith(".") ? specifier : `./${specifier}`, isAllowed);
    }
  }
  const elsewhere = [...new Set(FOLDERS.flatMap(allowedTo))].filter((name) => !name.includes("*"));
  const external = elsewhere.filter((name) => !/^(lib|server|cmd)\//.test(name));
  for (const name of [...external, "node:worker_threads", "undici"]) add(name, allowed.includes(name));
  return found;
}

/** The lines that the linter refuses for what they import, each behind the path of its file. */
function refusedIn(files: ReadonlyMap<string, readonly string[]>): string[] {
  const folder = temporaryFolder();
  for (const name of ["biome.json", "biome.imports.json", ".gitignore"]) {
    cpSync(`${PROJECT_ROOT}${name}`, join(folder, name));
  }
  for (const each of FOLDERS) mkdirSync(join(folder, each), { recursive: true });
  for (const [path, lines] of files) writeFileSync(join(folder, path), `${lines.join("\n")}\n`);
  const biome = `${PROJECT_ROOT}node_modules/@biomejs/biome/bin/biome`;
  const flags = ["--only=style/noRestrictedImports", "--reporter=json", "--max-diagnostics=none"];
  const { stdout } = spawnSync(process.execPath, [biome, "lint", ...flags, "."], {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: Number.POSITIVE_INFINITY,
  });
  const { diagnostics } = JSON.parse(stdout) as Report;
  const refused = diagnostics.filter(({ category }) => category === "lint/style/noRestrictedImports");
  return refused
    .map(({ location: { path, start } }) => `${path}: ${files.get(path)?.[start.line - 1]}`)
    .toSorted();
}

test("each folder of lib, server and cmd has a rule, and each rule a folder", () => {
  expect([...RULES.keys()].toSorted()).toEqual(FOLDERS);
});

test("the linter refuses each import that no rule allows, and no other", () => {
  const tried = FOLDERS.map((folder) => [`${folder}/attempts.ts`, attempts(folder)] as const);
  const expected = tried.flatMap(([path, lines]) =>
    lines.filter(({ isAllowed }) => !isAllowed).map(({ line }) => `${path}: ${line}`),
  );
  expect(expected.length).toBeGreaterThan(1000);
  const files = new Map(tried.map(([path, lines]) => [path, lines.map(({ line }) => line)]));
  expect(refusedIn(files)).toEqual(expected.toSorted());
});

test("a detour does not get around a rule", () => {
  const lines = ['export * from "../base/../topic/topic.ts";', 'export * from "./../topic/topic.ts";'];
  expect(refusedIn(new Map([["lib/log/a.ts", lines]]))).toEqual(lines.map((line) => `lib/log/a.ts: ${line}`));
});

test("two files may import what their folder may not: the file store and the acting user, which are for Node", () => {
  const { overrides } = JSON.parse(projectText("biome.imports.json")) as Config;
  const files = overrides.flatMap(({ includes }) => includes).filter((path) => !OF_FOLDER.test(path));
  expect(files).toEqual(["lib/client/events/file-store.ts", "lib/client/events/identity.ts"]);
});

test("no rules allow a circle between folders", () => {
  const floors: string[][] = [];
  let above = FOLDERS;
  while (above.length > 0) {
    const floor = above.filter((folder) => !foldersBelow(folder).some((other) => above.includes(other)));
    expect(floor, `these folders form a circle: ${above.join(", ")}`).not.toEqual([]);
    floors.push(floor);
    above = above.filter((folder) => !floor.includes(folder));
  }
  expect(floors[0]).toContain("lib/base");
});

test("CONTRIBUTING.md has each folder, above those that may import it, with what it may import", () => {
  const rows = tableRows(section(projectText("CONTRIBUTING.md"), "Floors"));
  const names = rows.map(([name = ""]) => name);
  expect(names.toSorted()).toEqual(FOLDERS);
  for (const [place, [folder = "", , allowed = ""]] of rows.entries()) {
    const paths = allowedTo(folder).filter((name) => !name.startsWith("node:"));
    const spelled = paths.map((path) => path.replace(/\/\*$/, "")).filter((path) => path !== folder);
    expect(allowed, folder).toBe(spelled.join(", ") || "nothing");
    expect(names.slice(0, place), folder).toEqual(expect.arrayContaining(foldersBelow(folder)));
  }
});

test("in the server, requests are Node's own two objects for server/http alone", () => {
  const folders = FOLDERS.filter((folder) => folder.startsWith("server"));
  expect(folders.filter((folder) => allowedTo(folder).includes("node:http"))).toEqual([
    "server",
    "server/http",
  ]);
});

test("the rules keep to the layers", () => {
  const top = (folder: string): string => folder.split("/")[0] ?? "";
  for (const folder of FOLDERS) {
    const allowed = allowedTo(folder);
    if (top(folder) === "lib" && folder !== "lib/disk") {
      expect(
        allowed.filter((name) => /^node:(fs|net|http|timers)/.test(name)),
        folder,
      ).toEqual([]);
    }
    if (top(folder) !== "server")
      expect(
        allowed.filter((name) => /hono/.test(name)),
        folder,
      ).toEqual([]);
    const others = allowed.filter((path) => /^(lib|server|cmd)\//.test(path) && top(path) !== top(folder));
    const doors = { lib: [], server: SERVER_DOORS, cmd: CMD_DOORS }[top(folder)];
    // Pages are clients of the server like any other.
    const possible = APPS.some((app) => folder.startsWith(app)) ? ["lib/client/index.ts"] : doors;
    expect(possible, folder).toEqual(expect.arrayContaining(others));
  }
  expect(allowedTo("lib/client").filter((path) => !path.startsWith("lib/client/"))).toEqual([
    "crc-32",
    "fflate",
  ]);
});

const APPS = ["server/console/app", "server/views/journal/app", "server/views/payloads/app"];
/** What server may import of lib. */
const SERVER_DOORS = [
  "lib/index.ts",
  "lib/views/index.ts",
  "lib/views/journal/index.ts",
  "lib/views/messages/index.ts",
  "lib/views/payloads/index.ts",
];

const CMD_DOORS = [
  "lib/index.ts",
  "lib/jetstream/index.ts",
  "lib/values.ts",
  "lib/jetstream/index.ts",
  "lib/client/index.ts",
  "lib/views/index.ts",
  "server/index.ts",
  "server/views/journal/program.ts",
  "server/views/messages/program.ts",
  "server/views/payloads/program.ts",
  "server/views/view-program.ts",
];
