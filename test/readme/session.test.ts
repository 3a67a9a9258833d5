import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { type BuiltServer, builtServerForTest } from "../support/built-program.ts";
import { codeBlocks, commandsIn, projectText } from "../support/project-files.ts";
import { Shell } from "../support/shell.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
const UUID_PLACE = "...UUID RETURNED...";

/** Names the README's block with its one-line publisher. */
const PUBLISHER = "read -r data";

const blocks = codeBlocks(projectText("README.md"), "bash");

/** The commands of the README's block that holds `text`, without comments, for a server that listens elsewhere. */
function commandsOf(text: string, { port }: BuiltServer): string[] {
  const found = blocks.filter((block) => block.includes(text));
  expect(found, text).toHaveLength(1);
  return commandsIn(found[0]!, port);
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
  const [publish, ...nor] = commandsOf(PUBLISHER, server);
  expect([...none, ...nor]).toEqual([]);

  const subscriber = new Shell();
  expect(await json(subscriber, create)).toEqual({ ok: true, message: "topic created" });
  await subscriber.run(takeId ?? "false");
  expect((await subscriber.run("echo $SCANNER")).trim()).toMatch(UUID);
  subscriber.type(subscribe ?? "false");

  const publisher = new Shell();
  publisher.type(publish ?? "false");
  for (const line of [
    "hello",
    "two words and a 'quote'",
    "ümläut \\n $HOME *",
    "@/etc/hostname",
    "  \tspaces \t ",
    "-X",
  ]) {
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

test("the README's one-line publisher takes a last line without a line end", async () => {
  const server = await builtServerForTest(temporaryFolder());
  const shell = new Shell();
  await shell.run(`curl -s -XPOST ${server.url}/pubsubdemo`);
  const [publish = "false"] = commandsOf(PUBLISHER, server);
  await shell.run(`printf 'one\ntwo' | ${publish}`);
  expect(await shell.run(`curl -s "${server.url}/pubsubdemo/batch?format=lines"`)).toBe("one\ntwo\n");
});

test("the README's one-line subscriber prints messages alone, and pauses while there is nobody to ask", async () => {
  const server = await builtServerForTest(temporaryFolder());
  const [, , subscribe = "false"] = commandsOf("jq -r .id", server);
  const subscriber = new Shell();
  // The pause ends when this test says so.
  await subscriber.run('sleep() { echo "pause $*"; read -r; }; SCANNER=mine');
  const pause = async (label: string): Promise<void> => {
    await subscriber.read(/^pause 1\n$/, label);
  };

  subscriber.type(subscribe);
  await pause("a pause, for there is no topic");
  await fetch(`${server.url}/pubsubdemo`, { method: "POST" });
  subscriber.type("");
  await pause("a pause, for there is no scanner");

  await fetch(`${server.url}/pubsubdemo/scanner?id=mine`, { method: "POST" });
  await fetch(`${server.url}/pubsubdemo/payload`, { method: "POST", body: "a message" });
  subscriber.type("");
  await subscriber.read(/^a message\n$/, "the message alone");

  await server.stop();
  await pause("a pause, for the server stops");
  subscriber.type("");
  await pause("a pause, for there is no server");
});
