import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { PROJECT_ROOT, packageJson, projectText } from "../support/project-files.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** The oldest Node that the project promises to run on. */
const OLDEST = [20, 19, 0] as const;

interface LockedPackage {
  readonly dev?: boolean;
  readonly engines?: { readonly node?: string };
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

test("what package.json names is there after the build", () => {
  const { bin, files } = packageJson();
  const included = files.filter((path) => !path.startsWith("!"));
  for (const path of [...Object.values(bin), ...included, "dist/cmd/main.js"]) {
    expect(existsSync(`${PROJECT_ROOT}${path}`), path).toBe(true);
  }
});

test("npm ci leaves the build to npm run build, and so does npm install where there is no compiler", () => {
  const { prepare = "" } = packageJson().scripts;
  const builds = (command: string, folder: string): boolean => {
    // In the place of npm, for the build itself.
    const script = `npm() { echo "builds"; }; ${prepare}`;
    const env = { ...process.env, npm_command: command };
    return execFileSync("sh", ["-c", script], { cwd: folder, env, encoding: "utf8" }) === "builds\n";
  };
  expect(builds("ci", PROJECT_ROOT)).toBe(false);
  for (const command of ["install", "pack", ""]) expect(builds(command, PROJECT_ROOT), command).toBe(true);
  expect(builds("install", temporaryFolder())).toBe(false);
});

test("every package that runs in production runs on the oldest Node of engines", () => {
  expect(packageJson().engines.node).toBe(">=20.19");
  const { packages } = JSON.parse(projectText("package-lock.json")) as Lock;
  const refusing = Object.entries(packages)
    .filter(([, { dev, engines }]) => dev !== true && !admits(engines?.node ?? "*"))
    .map(([name, { engines }]) => `${name} ${engines?.node}`);
  expect(refusing).toEqual([]);
});

test("the lock file has what other platforms need, or npm ci refuses it", () => {
  const { packages } = JSON.parse(projectText("package-lock.json")) as Lock;
  const wanted = Object.values(packages).flatMap((locked) => Object.keys(locked.optionalDependencies ?? {}));
  const missing = wanted.filter((name) => packages[`node_modules/${name}`] === undefined);
  expect(missing).toEqual([]);
});

test("the range check of this file refuses what Node 20.19 cannot run", () => {
  for (const range of [">=22", "^22.12.0 || >=24", ">=20.19.1", "18 || >=21", "^18.0.0"]) {
    expect(admits(range), range).toBe(false);
  }
  for (const range of ["*", ">=20", "20 || >=22", "^20.19.0", ">= 10", ">=10.x", "^18 || ^20 || >=22"]) {
    expect(admits(range), range).toBe(true);
  }
});

/** Whether a range admits OLDEST. Knows the forms that packages use: `*`, `20`, `^20.1`, `>=20.1`, `<23`, and `||`. */
function admits(range: string): boolean {
  return range.split("||").some((alternative) => {
    const comparators = alternative
      .trim()
      .replace(/([<>=^~]) +/g, "$1")
      .split(/ +/);
    return comparators.every(admitsComparator);
  });
}

function admitsComparator(comparator: string): boolean {
  if (comparator === "*" || comparator === "") return true;
  const [, operator, version] = /^(>=|<|\^|~|)v?(\d[\d.x*]*)(?:-.*)?$/.exec(comparator) ?? [];
  if (version === undefined) throw new Error(`a range of an unknown form: ${comparator}`);
  const parts = version.split(".").map((part) => Number(part.replace(/[x*]/, "0")));
  const order = compareWithOldest(parts);
  if (operator === "<") return order < 0;
  if (operator === ">=") return order >= 0;
  return order >= 0 && parts[0] === OLDEST[0] && (operator !== "~" || parts[1] === OLDEST[1]);
}

/** Negative when OLDEST comes before `parts`. */
function compareWithOldest(parts: readonly number[]): number {
  const place = OLDEST.findIndex((part, index) => part !== (parts[index] ?? 0));
  return place < 0 ? 0 : OLDEST[place]! - (parts[place] ?? 0);
}
