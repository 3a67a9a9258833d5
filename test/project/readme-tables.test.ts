import { expect, test } from "vitest";
import { flagOf, type Option, variableOf } from "../../cmd/cli/option.ts";
import { CLIENT_VARIABLES } from "../../cmd/cli/variables.ts";
import { COMMANDS } from "../../cmd/commands.ts";
import { LIMIT_OPTIONS } from "../../cmd/options/limits.ts";
import { SERVE_OPTIONS } from "../../cmd/options/options.ts";
import { LIMITS } from "../../lib/index.ts";
import { FAMILIES } from "../../server/metrics/metric-families.ts";
import { OPERATIONS } from "../../server/openapi/operations.ts";
import { ERROR_TABLE } from "../../server/wire/errors.ts";
import { packageJson, projectText, section, tableRows } from "../support/project-files.ts";

const readme = projectText("README.md");
const serverReadme = projectText("server/README.md");

const limits = Object.values(LIMIT_OPTIONS).map((option): Option<unknown> => option);
const statuses = new Set(Object.values(ERROR_TABLE).map(({ status }) => String(status)));

function row({ name, fallback, description }: Option<unknown>): string[] {
  return [flagOf(name), fallback, description];
}

test("the README's options are those of the program that limit nothing, with their defaults", () => {
  const others = Object.values(SERVE_OPTIONS).filter((option) => !limits.includes(option));
  expect(tableRows(section(readme, "Options"))).toEqual(others.map(row));
});

test("the README's limits are those that are options, with what lies beyond each", () => {
  const rows = tableRows(section(readme, "Limits"));
  expect(rows.map((cells) => cells.slice(0, 3))).toEqual(limits.map(row));
  for (const [flag, , , beyond = ""] of rows) {
    if (beyond !== "the connection ends") expect(statuses, flag).toContain(beyond.slice(0, 3));
  }
});

test("the limits that server/README.md calls fixed have these values, and no option", () => {
  const rows = tableRows(section(serverReadme, "Limits that are fixed"));
  expect(rows.length).toBeGreaterThan(10);
  const values = new Map(Object.entries(LIMITS));
  for (const [name = "", value] of rows) {
    expect(value, name).toBe(values.get(name)?.toLocaleString("en"));
    expect(Object.keys(LIMIT_OPTIONS)).not.toContain(name);
  }
});

test("the metrics in server/README.md are those of the server", () => {
  const families = FAMILIES.filter(({ name }) => name.startsWith("netlog_"));
  expect(tableRows(section(serverReadme, "Metrics"))).toEqual(
    families.map(({ name, type, help }) => [name, type, help]),
  );
});

test("the variables that documents and the image name are known to a command", async () => {
  const commands = await Promise.all(COMMANDS.map(({ load }) => load()));
  const options = commands.flatMap((command) => Object.values(command.options));
  const known = new Set([...CLIENT_VARIABLES, ...options.map(variableOf)]);
  for (const path of [
    "README.md",
    "server/README.md",
    "lib/README.md",
    "cmd/README.md",
    "Dockerfile",
    "cmd/netlog.service",
    "cmd/examples/compose.yaml",
  ]) {
    for (const [name] of projectText(path).matchAll(/NETLOG_[A-Z_]+/g)) expect(known, path).toContain(name);
  }
});

test("the parameters of a scanner in server/README.md are those that the server takes", () => {
  const { query = [] } = OPERATIONS.find(({ id }) => id === "createScanner") ?? {};
  const rows = tableRows(section(serverReadme, "Workers")).map(([name]) => name);
  expect(["from", ...rows].toSorted()).toEqual(query.toSorted());
});

test("the README gives a reason for each dependency, and for no other package", () => {
  const rows = tableRows(section(readme, "Development"));
  expect(rows.map(([name]) => name)).toEqual(Object.keys(packageJson().dependencies));
  for (const [, reason] of rows) expect(reason).toMatch(/\w+ \w+/);
});

test("the README names the license of package.json", () => {
  expect(readme).toContain(`License: ${packageJson().license}.`);
});

test("the files that the README links to exist", () => {
  const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path = ""]) => path);
  expect(links.length).toBeGreaterThan(1);
  for (const path of links) expect(projectText(path)).not.toBe("");
});
