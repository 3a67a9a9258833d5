import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type BuiltServer, builtServerForTest } from "../support/built-program.ts";
import { bashCommands, projectText } from "../support/project-files.ts";
import { Shell } from "../support/shell.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** A shell in a folder of its own, for a server of its own, and the commands of server/README.md. */
async function session(): Promise<{
  server: BuiltServer;
  folder: string;
  shell: Shell;
  commands: string[];
}> {
  const server = await builtServerForTest(temporaryFolder());
  const folder = temporaryFolder();
  const shell = new Shell();
  await shell.run(`cd ${folder}`);
  const commands = bashCommands(projectText("server/README.md"), "Many messages in", server.port);
  return { server, folder, shell, commands };
}

/** The answers of batches, of which each is a line. */
function answersIn(printed: string): { offset: number; count: number }[] {
  return printed
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { offset: number; count: number });
}

test("server/README.md's commands for many messages do what their comments say", async () => {
  const { server, folder, shell, commands } = await session();
  const next = (): string => commands.shift() ?? "false";
  const read = async (offset: number): Promise<string> =>
    await (await fetch(`${server.url}/logs/payload/${offset}`)).text();

  expect(await shell.run(next())).toBe("");
  expect(await shell.run(next())).toBe('{"ok":true,"message":"topic created"}\n');
  expect(await shell.run(next())).toBe('{"ok":true,"offset":0,"count":1000}\n');
  expect(await shell.run(next())).toBe('{"ok":true,"offset":1000,"count":3}\n');
  expect(await read(1002)).toBe("\0\x01\x02");

  await shell.run(next());
  const batches = answersIn(await shell.run(next()));
  expect(batches.map(({ count }) => count)).toEqual([...Array<number>(15).fill(65_536), 16_960]);
  expect(await shell.run(next())).toBe('{"ok":true,"offset":1001003,"count":1000000}\n');
  for (const line of [1, 65_536, 65_537, 1_000_000]) {
    expect(await read(1002 + line)).toBe(String(line));
    expect(await read(1_001_002 + line)).toBe(String(line));
  }

  const created = await fetch(`${server.url}/logs/scanner?from=end`, { method: "POST" });
  const { id } = (await created.json()) as { id: string };
  const scan = async (): Promise<string> =>
    await (await fetch(`${server.url}/logs/scan?id=${id}&wait=1m`)).text();
  const appLog = join(folder, "app.log");
  writeFileSync(appLog, "first\nsecond\n");
  shell.type(next());
  expect([await scan(), await scan()]).toEqual(["first", "second"]);
  for (const line of ["third", "fourth"]) {
    appendFileSync(appLog, `${line}\n`);
    expect(await scan()).toBe(line);
  }
  expect(commands).toEqual([]);
});

test("server/README.md's batches of a file hold lines of any length, in order, and none is cut", async () => {
  const { server, folder, shell, commands } = await session();
  const [, create = "", , , define = "", post = ""] = commands;
  // 12 MB of 1,200 bytes each, and one line that nearly fills a batch.
  const lines = Array.from({ length: 10_000 }, (_, i) => `${i} `.padEnd(1200, "x"));
  lines.splice(5000, 0, "y".repeat(8_000_000));
  writeFileSync(join(folder, "big.log"), `${lines.join("\n")}\n`);
  await shell.run(create);
  await shell.run(define);
  const batches = answersIn(await shell.run(post));
  expect(batches.reduce((sum, { count }) => sum + count, 0)).toBe(lines.length);
  for (const place of [0, 4999, 5000, 5001, 10_000]) {
    const stored = await (await fetch(`${server.url}/logs/payload/${place}`)).text();
    expect(stored === lines[place], `line ${place}`).toBe(true);
  }
});

test("server/README.md's batches of a file end with an error when the server refuses one", async () => {
  const { shell, commands } = await session();
  const [makeFiles = "", , , , define = "", post = ""] = commands;
  await shell.run(makeFiles);
  await shell.run(define);
  // There is no such topic.
  await expect(shell.run(post)).rejects.toThrow("status 22");
});
