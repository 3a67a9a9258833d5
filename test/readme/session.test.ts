import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { type BuiltServer, builtServerForTest } from "../support/built-program.ts";
import { codeBlocks, projectText } from "../support/project-files.ts";
import { Shell } from "../support/shell.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
const UUID_PLACE = "...UUID RETURNED...";

const blocks = codeBlocks(projectText("README.md"), "bash");

/** The commands of the README's block that holds `text`, without comments, for a server that listens elsewhere. */
function commandsOf(text: string, { port }: BuiltServer): string[] {
  const found = blocks.filter((block) => block.includes(text));
  expect(found, text).toHaveLength(1);
  const lines = found[0]!.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines.map((line) => line.replaceAll("localhost:7200", `localhost:${port}`));
}

/** Runs a command that asks for JSON. */
async function json(shell: Shell, command: string | undefined): Promise<unknown> {
  return JSON.parse(await shell.run(command ?? "false"));
}

test("the README's curl session does what its comments say", async () => {
  const server = await builtServerForTest(temporaryFolder());
  const commands = commandsOf(UUID_PLACE, server);
  const shell = new Shell();
  const next = (): string => commands.shift() ?? "false";

  expect(await json(shell, next())).toEqual({ ok: true, message: "topic created" });
  for (let count = 1; count <= 3; count++) expect(await shell.run(next())).toBe("");
  expect(await json(shell, next())).toMatchObject({ name: "demo", first_offset: 0, latest_offset: 2 });

  const scanner = (await json(shell, next())) as { id: string };
  expect(scanner).toEqual({ id: expect.stringMatching(UUID), next: 0, from: 0, persistent: false });
  expect(await shell.run(next().replace(UUID_PLACE, scanner.id))).toBe("");

  const scan = next();
  for (const text of ["one", "two", "three"]) expect(await shell.run(scan)).toBe(`message number ${text}`);
  const endOfTopic = { ok: false, status: 404, error: "netlog: end of topic" };
  const startedAtMs = performance.now();
  expect(await json(shell, next())).toEqual(endOfTopic);
  expect(performance.now() - startedAtMs).toBeGreaterThan(4900);

  const fourth = shell.run(next());
  const otherWindow = new Shell();
  expect(await otherWindow.run(next())).toBe("");
  expect(await fourth).toBe("message number four");
  expect(await otherWindow.run(next())).toBe("");
  expect(await shell.run(scan)).toBe("message number five");

  expect(await json(shell, next())).toMatchObject({ next: 0, from: 0, persistent: false });
  expect(commands).toEqual([]);
});

test("the README's one-line subscriber prints what its one-line publisher is given", async (context) => {
  if (spawnSync("jq", ["--version"]).status !== 0) context.skip("jq is not installed");
  const server = await builtServerForTest(temporaryFolder());
  const [create, takeId, subscribe, ...none] = commandsOf("jq -r .id", server);
  const [publish, ...nor] = commandsOf("read -r data", server);
  expect([...none, ...nor]).toEqual([]);

  const subscriber = new Shell();
  expect(await json(subscriber, create)).toEqual({ ok: true, message: "topic created" });
  await subscriber.run(takeId ?? "false");
  expect((await subscriber.run("echo $SCANNER")).trim()).toMatch(UUID);
  subscriber.type(subscribe ?? "false");

  const publisher = new Shell();
  publisher.type(publish ?? "false");
  for (const line of ["hello", "two words and a 'quote'", "ümläut \\n $HOME *"]) {
    publisher.type(line);
    const [printed] = await subscriber.read(/^.*\n/, `"${line}" to come out`);
    expect(printed).toBe(`${line}\n`);
  }
});

test("the scanner's ID is found without jq, too", async () => {
  const server = await builtServerForTest(temporaryFolder());
  const shell = new Shell();
  await shell.run(commandsOf("jq -r .id", server)[0] ?? "false");
  const [takeId] = commandsOf("sed 's/", server);
  await shell.run(takeId ?? "false");
  const id = (await shell.run("echo $SCANNER")).trim();
  expect(id).toMatch(new RegExp(`^${UUID.source}$`));
  const { scanners } = (await json(shell, `curl -s ${server.url}/pubsubdemo`)) as { scanners: object };
  expect(Object.keys(scanners)).toEqual([id]);
});
