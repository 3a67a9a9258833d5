import { expect, test } from "vitest";
import { builtServerForTest } from "../support/built-program.ts";
import { bashCommands, projectText } from "../support/project-files.ts";
import { Shell } from "../support/shell.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("the README's commands for following do what their comments say", async () => {
  const server = await builtServerForTest(temporaryFolder());
  const commands = bashCommands(projectText("README.md"), "Following a topic", server.port);
  const next = (): string => commands.shift() ?? "false";
  const post = async (path: string, body = ""): Promise<void> => {
    const reply = await fetch(`${server.url}${path}`, { method: "POST", body });
    expect(reply.status).toBe(201);
  };
  await post("/demo");
  for (const payload of ["one", "two", "three"]) await post("/demo/payload", payload);

  const shell = new Shell();
  expect(await shell.run(next())).toBe("one\ntwo\n");
  const objects = (await shell.run(next())).trimEnd().split("\n");
  expect(objects.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { offset: 0, payload: "one" },
    { offset: 1, payload: "two" },
    { offset: 2, payload: "three" },
  ]);
  expect(await shell.run(next())).toBe("");
  expect(await shell.run(next())).toBe("onetwothreemessage number six");
  shell.type(next());
  await shell.read(/^one\ntwo\nthree\nmessage number six\n/, "what is there");
  await post("/demo/payload", "seven");
  await shell.read(/^seven\n/, "what comes");
  expect(commands).toEqual([]);
});
