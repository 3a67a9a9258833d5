import { expect, test } from "vitest";
import { builtServerForTest } from "../support/built-program.ts";
import { bashCommands, projectText } from "../support/project-files.ts";
import { Shell } from "../support/shell.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

async function session(title: string): Promise<{ url: string; shell: Shell; commands: string[] }> {
  const server = await builtServerForTest(temporaryFolder());
  const commands = bashCommands(projectText("server/README.md"), title, server.port);
  return { url: server.url, shell: new Shell(), commands };
}

const latestOffset = async (topicUrl: string): Promise<unknown> =>
  ((await (await fetch(topicUrl)).json()) as { latest_offset: number }).latest_offset;

test("server/README.md's order is there once, however often it is sent", async () => {
  const { url, shell, commands } = await session("Publishing once");
  const [create = "", publish = ""] = commands;
  await shell.run(create);
  for (let i = 0; i < 3; i++) expect(await shell.run(publish)).toBe("");
  expect(await latestOffset(`${url}/orders`)).toBe(0);
  expect(await shell.run(`${publish} -i`)).toMatch(/^X-Duplicate: true\r$/m);
});

test("server/README.md's second writer learns that it is late", async () => {
  const { url, shell, commands } = await session("Publishing on condition");
  const [create = "", first = "", second = ""] = commands;
  await shell.run(create);
  await shell.run(first);
  const refusal = await shell.run(second);
  expect(refusal).toMatch(/^HTTP\/1.1 409 /);
  expect(refusal).toMatch(/^X-Next-Offset: 1\r$/m);
  expect(await latestOffset(`${url}/counter`)).toBe(0);
});

test("server/README.md's report ends, and so does its stream", async () => {
  const { shell, commands } = await session("Topics that end");
  const [create = "", close = "", read = ""] = commands;
  await shell.run(create);
  expect(await shell.run(close)).toBe("");
  const lines = (await shell.run(read)).trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { offset: 0, payload: "the last page" },
    { closed: true, next: 1 },
  ]);
  expect(await shell.run(close)).toContain("netlog: topic closed");
});
