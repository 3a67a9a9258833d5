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

test("no sentence hides who acts", () => {
  const top = readdirSync(PROJECT_ROOT);
  const paths = [...top, ...["lib", "server", "cmd", "test", ".ci"].flatMap(filesUnder)].filter(
    (path) => TEXTS.test(path) && path !== OWN_PATH,
  );
  expect(paths.length).toBeGreaterThan(700);
  const vague = paths.flatMap((path) =>
    projectText(path)
      .split("\n")
      .flatMap((line, index) => (VAGUE.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  );
  expect(vague).toEqual([]);
});

const OWN_PATH = "test/project/plain-words.test.ts";
