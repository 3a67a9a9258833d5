/** The parts declare their limits where their code is; here they are looked at together. */
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { LIMITS } from "../../cmd/options/limits.ts";
import { PROJECT_ROOT, projectText } from "../support/project-files.ts";

/** As each part declares them, under one line or more of text. */
const DECLARED = ["lib", "server", "cmd"]
  .flatMap((top) =>
    readdirSync(`${PROJECT_ROOT}${top}`, { recursive: true, encoding: "utf8" }).map(
      (path) => `${top}/${path}`,
    ),
  )
  .filter((path) => path.endsWith("/limits.ts"))
  .flatMap((path) =>
    [...projectText(path).matchAll(/^ {2}readonly (\w+): number = /gm)].map(([, name = ""]) => name),
  );

test("each limit is declared by one part, and the list of all has it", () => {
  expect(DECLARED.toSorted()).toEqual(Object.keys(LIMITS).toSorted());
});

test("each limit is a positive whole number", () => {
  for (const [name, value] of Object.entries(LIMITS)) {
    expect(Number.isSafeInteger(value) && value > 0, name).toBe(true);
  }
});
