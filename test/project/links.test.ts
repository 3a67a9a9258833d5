/** Links between the documents lead to files that exist, and to headings that are there. */
import { existsSync } from "node:fs";
import { posix } from "node:path";
import { expect, test } from "vitest";
import { PROJECT_ROOT, projectText } from "../support/project-files.ts";

const DOCUMENTS = [
  "README.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "cmd/README.md",
  "lib/README.md",
  "lib/client/README.md",
  "server/README.md",
];

test.each(DOCUMENTS)("the links of %s lead to files and headings that are there", (document) => {
  for (const [, target = ""] of projectText(document).matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
    const [file = "", anchor] = target.split("#");
    const path = file === "" ? document : posix.join(posix.dirname(document), file);
    expect(existsSync(`${PROJECT_ROOT}${path}`), target).toBe(true);
    if (anchor !== undefined) expect(anchorsOf(projectText(path)), target).toContain(anchor);
  }
});

test("the README leads to every other document", () => {
  const readme = projectText("README.md");
  for (const document of DOCUMENTS.slice(1)) expect(readme).toContain(`](${document}`);
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
