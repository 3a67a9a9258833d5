/** Files that import each other in a circle cannot be understood one after the other. Types count as well. */
import { readdirSync } from "node:fs";
import { posix } from "node:path";
import { expect, test } from "vitest";
import { PROJECT_ROOT, projectText } from "../support/project-files.ts";

function filesOf(top: string): string[] {
  const paths = readdirSync(`${PROJECT_ROOT}${top}`, { recursive: true, encoding: "utf8" });
  return paths.filter((path) => path.endsWith(".ts")).map((path) => `${top}/${path}`);
}

/** The project's own files that a file imports. */
function importsOf(file: string): string[] {
  const text = projectText(file);
  return [...text.matchAll(/^(?:import|export) [^"]*"(\.[^"]*)";/gms)].map(([, path = ""]) =>
    posix.join(posix.dirname(file), path),
  );
}

test.each(["lib", "server", "cmd"])("no files of %s import each other in a circle", (top) => {
  const left = new Map(filesOf(top).map((file) => [file, importsOf(file)]));
  expect(left.size).toBeGreaterThan(50);
  for (;;) {
    const free = [...left].filter(([, paths]) => !paths.some((path) => left.has(path))).map(([file]) => file);
    if (free.length === 0) break;
    for (const file of free) left.delete(file);
  }
  expect([...left.keys()]).toEqual([]);
});
