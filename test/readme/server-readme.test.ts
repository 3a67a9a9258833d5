import { expect, test } from "vitest";
import { builtServerForTest } from "../support/built-program.ts";
import { bashCommands, codeBlocks, projectText, section } from "../support/project-files.ts";
import { Shell } from "../support/shell.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const readme = projectText("server/README.md");

test("the commands of server/README.md bring messages in, and give them out", async () => {
  const server = await builtServerForTest(temporaryFolder());
  const shell = new Shell();
  await shell.run(`cd ${temporaryFolder()}`);

  const [create = "", write = "", file = "", json = "", pipe = "", ...more] = bashCommands(
    readme,
    "Many messages in",
    server.port,
  );
  expect(await shell.run(create)).toContain("topic created");
  await shell.run(write);
  expect(await shell.run(file)).toBe('{"ok":true,"offset":0,"count":2}\n');
  expect(await shell.run(json)).toBe('{"ok":true,"offset":2,"count":2}\n');
  const [batch = "", stream = "", ...others] = bashCommands(readme, "Many messages out", server.port);
  expect([...more, ...others]).toEqual([]);
  expect(await shell.run(batch)).toBe("first\nsecond\none\ntwo\n");

  const follower = new Shell();
  follower.type(stream);
  await follower.read(/^first\nsecond\none\ntwo\n/, "what is there");
  shell.type(pipe);
  await follower.read(/^first\nsecond\n/, "what comes through the pipe");
});

test("every command that a document shows in bash is in a section whose commands a test runs", () => {
  // Where these are added to, so is a test of this folder, or of test/process or test/project.
  expect(sectionsWithCommands(projectText("README.md"))).toEqual([
    "Quick start",
    "Publish and subscribe in one line each",
    "Many messages at once",
    "Workers that share a queue",
    "Following a topic",
    "Options",
    "Coming from the Go NetLog",
    "Who may connect",
    "Operating",
  ]);
  expect(sectionsWithCommands(readme)).toEqual([
    "Many messages in",
    "Many messages out",
    "What a stream brings",
    "Workers",
  ]);
  for (const path of ["lib/README.md", "cmd/README.md", "lib/client/README.md"]) {
    expect(sectionsWithCommands(projectText(path)), path).toEqual([]);
  }
});

function sectionsWithCommands(markdown: string): string[] {
  const titles = [...markdown.matchAll(/^## (.*)$/gm)].map(([, title = ""]) => title);
  return titles.filter((title) => codeBlocks(section(markdown, title), "bash").length > 0);
}
