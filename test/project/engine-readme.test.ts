import { posix } from "node:path";
import { expect, test } from "vitest";
import { projectText } from "../support/project-files.ts";

const readme = projectText("lib/README.md");

test("the files that the engine's README links to exist", () => {
  const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path = ""]) => posix.join("lib", path));
  const files = links.filter((path) => !path.endsWith("/"));
  expect(files.length).toBeGreaterThan(15);
  for (const path of files) expect(projectText(path), path).not.toBe("");
});

test("each layout that the engine's README points at is drawn there", () => {
  const table = readme.slice(readme.indexOf("| what | drawn in |"), readme.indexOf("All integers"));
  const files = [...table.matchAll(/\]\(([^)]+)\)/g)].map(([, path = ""]) => posix.join("lib", path));
  expect(files.length).toBeGreaterThan(5);
  for (const path of files) {
    if (path.endsWith("message-set.ts")) continue;
    expect(projectText(path), path).toMatch(/^ \*\s+\|.*\|/m);
  }
});
