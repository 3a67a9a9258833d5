import { expect, test } from "vitest";
import { SERVE_OPTIONS } from "../../cmd/options.ts";
import { packageJson, projectText, section, tableRows } from "../support/project-files.ts";

const readme = projectText("README.md");

test("the README's options are those of the program, with their defaults", () => {
  const options = Object.values(SERVE_OPTIONS).map(({ name, fallback, description }) => [
    `--${name.replaceAll("_", "-")}`,
    fallback,
    description,
  ]);
  expect(tableRows(section(readme, "Options"))).toEqual(options);
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
