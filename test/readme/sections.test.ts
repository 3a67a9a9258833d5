import { expect, test } from "vitest";
import { codeBlocks, projectText, section } from "../support/project-files.ts";

test.each([
  [
    "README.md",
    [
      "Quick start",
      "Publish and subscribe in one line each",
      "Workers that share a queue",
      "Following a topic",
    ],
  ],
  [
    "server/README.md",
    [
      "Options",
      "Who may connect",
      "Operating",
      "Coming from the Go NetLog",
      "Topics with their figures",
      "Fields of a message",
      "Publishing once",
      "Publishing on condition",
      "Topics that end",
      "Many messages in",
      "Reading by key",
      "What a stream brings",
      "Workers",
      "Views",
      "Durable Streams",
      "gRPC",
    ],
  ],
  ["lib/README.md", []],
  ["cmd/README.md", []],
  ["lib/client/README.md", []],
  ["CONTRIBUTING.md", []],
])("every command that %s shows in bash is in a section whose commands a test runs", (path, titles) => {
  // A new title here needs a test in this folder, in test/process or in test/project.
  const markdown = projectText(path);
  const all = [...markdown.matchAll(/^## (.*)$/gm)].map(([, title = ""]) => title);
  expect(all.filter((title) => codeBlocks(section(markdown, title), "bash").length > 0)).toEqual(titles);
});
