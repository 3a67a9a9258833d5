import { expect, test } from "vitest";
import { builtServerForTest } from "../support/built-program.ts";
import { bashCommands, projectText } from "../support/project-files.ts";
import { Shell } from "../support/shell.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("server/README.md's message comes back with its fields, and is read by its key", async () => {
  const server = await builtServerForTest(temporaryFolder());
  const shell = new Shell();
  const commandsOf = (title: string) => bashCommands(projectText("server/README.md"), title, server.port);

  const [create = "", publish = "", read = "", list = ""] = commandsOf("Fields of a message");
  await shell.run(create);
  expect(await shell.run(publish)).toBe("");
  const answer = await shell.run(read);
  for (const line of ["X-Key: user-17", "Content-Type: application/json", "x-meta-page: start"]) {
    expect(answer.split(/\r?\n/)).toContain(line);
  }
  expect(answer.endsWith('{"ms":41}')).toBe(true);
  const fields = { key: "user-17", content_type: "application/json", headers: { "x-meta-page": "start" } };
  expect(JSON.parse(await shell.run(list))).toMatchObject(fields);

  await fetch(`${server.url}/visits/payload?key=user-18`, { method: "POST", body: "other" });
  await fetch(`${server.url}/visits/payload`, { method: "POST", body: "keyless" });
  const [batch = "", stream = "", scanner = ""] = commandsOf("Reading by key");
  expect((await shell.run(batch)).trimEnd().split("\n")).toHaveLength(2);
  expect(await shell.run(stream)).toBe('{"ms":41}\n');
  expect(JSON.parse(await shell.run(scanner))).toMatchObject({ id: "user-17", persistent: true });
});
