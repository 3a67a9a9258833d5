import { expect, test } from "vitest";
import { builtServerForTest } from "../support/built-program.ts";
import { codeBlocks, projectText, section } from "../support/project-files.ts";
import { Shell } from "../support/shell.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("the README's commands for following do what their comments say", async () => {
  const server = await builtServerForTest(temporaryFolder());
  const [block = ""] = codeBlocks(section(projectText("README.md"), "Following a topic"), "bash");
  const commands = block.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const next = (): string =>
    (commands.shift() ?? "false").replaceAll("localhost:7200", `localhost:${server.port}`);
  const post = async (path: string, body = ""): Promise<void> => {
    const reply = await fetch(`${server.url}${path}`, { method: "POST", body });
    expect(reply.status).toBe(201);
  };
  await post("/logs");
  for (const payload of ["one", "two", "three"]) await post("/logs/payload", payload);

  const shell = new Shell();
  expect(await shell.run(next())).toBe("one\ntwo\n");
  const objects = (await shell.run(next())).trimEnd().split("\n");
  expect(objects.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { offset: 0, payload: "one" },
    { offset: 1, payload: "two" },
    { offset: 2, payload: "three" },
  ]);
  shell.type(next());
  await shell.read(/^one\ntwo\nthree\n/, "what is there");
  await post("/logs/payload", "four");
  await shell.read(/^four\n/, "what comes");
  expect(commands).toEqual([]);
});
