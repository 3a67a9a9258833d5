/** Links between the documents lead to files that exist, and to headings that are there. */
import { existsSync, readdirSync } from "node:fs";
import { posix } from "node:path";
import { expect, test } from "vitest";
import { PROJECT_ROOT, projectText } from "../support/project-files.ts";

/** The paths of all documents of the project. */
const DOCUMENTS = ["", "cmd/", "lib/", "server/", "test/"].flatMap(documentsIn);

function documentsIn(folder: string): string[] {
  const isDeep = folder !== "";
  return readdirSync(`${PROJECT_ROOT}${folder}`, { recursive: isDeep, encoding: "utf8" })
    .filter((path) => path.endsWith(".md"))
    .map((path) => `${folder}${path}`);
}

test("the documents are found", () => {
  expect(DOCUMENTS).toEqual(
    expect.arrayContaining(["README.md", "CONTRIBUTING.md", "lib/client/README.md", "test/bench/README.md"]),
  );
});

test.each(DOCUMENTS)("the links of %s lead to files and headings that are there", (document) => {
  for (const [, target = ""] of projectText(document).matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
    const [file = "", anchor] = target.split("#");
    const path = file === "" ? document : posix.join(posix.dirname(document), file);
    expect(existsSync(`${PROJECT_ROOT}${path}`), target).toBe(true);
    if (anchor !== undefined) expect(anchorsOf(projectText(path)), target).toContain(anchor);
  }
});

test("the README leads to every other document, and CONTRIBUTING.md names those of the tests", () => {
  for (const document of DOCUMENTS.filter((path) => path !== "README.md")) {
    if (!document.startsWith("test/")) expect(projectText("README.md")).toContain(`](${document}`);
    // The package has CONTRIBUTING.md and no tests: a link would lead nowhere there.
    else expect(projectText("CONTRIBUTING.md")).toContain(`\`${document}\``);
  }
});

/** The anchors of headings, as GitHub makes them. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#{1,6} (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}
