import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type BuiltServer, builtServerForTest } from "../support/built-program.ts";
import { codeBlocks, projectText, section } from "../support/project-files.ts";
import { Shell } from "../support/shell.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const readme = projectText("server/README.md");

/** The commands of a section, for a server that listens elsewhere. */
function commandsOf(title: string, { port }: BuiltServer): string[] {
  const [block = "", ...none] = codeBlocks(section(readme, title), "bash");
  expect(none).toEqual([]);
  const lines = block.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines.map((line) => line.replaceAll("localhost:7200", `localhost:${port}`));
}

test("the commands of server/README.md bring messages in, and give them out", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "app.log"), "first\nsecond\n");
  const server = await builtServerForTest(join(folder, "data"));
  await fetch(`${server.url}/logs`, { method: "POST" });
  const shell = new Shell();
  await shell.run(`cd ${folder}`);

  const [file = "", json = "", pipe = "", ...more] = commandsOf("Many messages in", server);
  expect(await shell.run(file)).toBe('{"ok":true,"offset":0,"count":2}\n');
  expect(await shell.run(json)).toBe('{"ok":true,"offset":2,"count":2}\n');
  const [batch = "", stream = "", ...others] = commandsOf("Many messages out", server);
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
  expect(sectionsWithCommands(readme)).toEqual(["Many messages in", "Many messages out"]);
  expect(sectionsWithCommands(projectText("lib/README.md"))).toEqual([]);
});

function sectionsWithCommands(markdown: string): string[] {
  const titles = [...markdown.matchAll(/^## (.*)$/gm)].map(([, title = ""]) => title);
  return titles.filter((title) => codeBlocks(section(markdown, title), "bash").length > 0);
}
