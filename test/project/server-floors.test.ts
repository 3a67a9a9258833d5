/** The folders of server/ as its README draws them: each imports only folders above it in the table. */
import { readdirSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";
import { PROJECT_ROOT, projectText, tableRows } from "../support/project-files.ts";

const readme = projectText("server/README.md");
const FLOORS = tableRows(readme.slice(readme.indexOf("| folder |"))).map(([name = ""]) =>
  name.replace("/", ""),
);
const FILES = readdirSync(`${PROJECT_ROOT}server`, { recursive: true, encoding: "utf8" }).filter((path) =>
  path.endsWith(".ts"),
);

/** What a file of server/ imports of server/. */
function importsOf(file: string): string[] {
  const text = projectText(`server/${file}`);
  return [...text.matchAll(/^(?:import|export) [^"]*"(\.[^"]*)";/gms)]
    .map(([, path = ""]) => normalize(join(dirname(file), path)))
    .filter((path) => !path.startsWith(".."));
}

function floorOf(file: string): string {
  return file.includes("/") ? dirname(file) : file;
}

test("a folder of the server imports no folder below it", () => {
  const floors = FLOORS.slice(0, FLOORS.indexOf("index.ts") + 1);
  const found = new Set(FILES.map(floorOf));
  expect(floors.toSorted()).toEqual([...found].toSorted());
  const wrong = FILES.flatMap((file) =>
    importsOf(file)
      .filter((path) => floors.indexOf(floorOf(path)) > floors.indexOf(floorOf(file)))
      .map((path) => `${file} imports ${path}`),
  );
  expect(wrong).toEqual([]);
});

test("no files of the server import each other in a circle, types included", () => {
  const left = new Map(FILES.map((file) => [file, importsOf(file)]));
  for (;;) {
    const free = [...left].filter(([, paths]) => !paths.some((path) => left.has(path))).map(([file]) => file);
    if (free.length === 0) break;
    for (const file of free) left.delete(file);
  }
  expect([...left.keys()]).toEqual([]);
});
