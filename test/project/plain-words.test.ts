/** Words that hide who acts stand in no comment, document, message or name of a test. */
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { PROJECT_ROOT, projectText } from "../support/project-files.ts";

/** Say who acts in their place: "the client", "the operator"; "the answer says", "the log reports". */
const VAGUE = /\b(?:whoever|somebody|likewise|such that|is told|are told|told of)\b/i;

const TEXTS = /(?:\.(?:ts|cjs|md|ya?ml|service|conf)|Dockerfile|\.ci\/run)$/;

function filesUnder(folder: string): string[] {
  const paths = readdirSync(`${PROJECT_ROOT}${folder}`, { recursive: true, encoding: "utf8" });
  return paths.map((path) => `${folder}/${path}`);
}

/** Name the thing first in its place: "the topic's folder", and not the topic that it is "of". */
const OPENS_WITH_OF = /(?:^|[*/.|-] |["'`])Of /;

/** The lines of all texts, each with its place before it, in which `pattern` is found. */
function linesWith(pattern: RegExp): string[] {
  const top = readdirSync(PROJECT_ROOT);
  const paths = [...top, ...["lib", "server", "cmd", "test", ".ci"].flatMap(filesUnder)].filter(
    (path) => TEXTS.test(path) && path !== OWN_PATH,
  );
  expect(paths.length).toBeGreaterThan(700);
  return paths.flatMap((path) =>
    projectText(path)
      .split("\n")
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  );
}

test("no sentence hides who acts", () => {
  expect(linesWith(VAGUE)).toEqual([]);
});

test("no sentence opens with what its subject belongs to", () => {
  expect(linesWith(OPENS_WITH_OF)).toEqual([]);
});

const OWN_PATH = "test/project/plain-words.test.ts";
