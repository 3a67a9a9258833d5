import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { builtServerForTest } from "../support/built-program.ts";
import { codeBlocks, projectText, section } from "../support/project-files.ts";
import { Shell } from "../support/shell.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("the README's commands for many messages do what their comments say", async () => {
  const server = await builtServerForTest(temporaryFolder());
  const [block = "", ...none] = codeBlocks(
    section(projectText("README.md"), "Many messages at once"),
    "bash",
  );
  expect(none).toEqual([]);
  const commands = block.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const next = (): string =>
    (commands.shift() ?? "false").replaceAll("localhost:7200", `localhost:${server.port}`);

  const folder = temporaryFolder();
  const appLog = join(folder, "app.log");
  const lines = Array.from({ length: 25_000 }, (_, i) => `line ${i} of a large file`);
  writeFileSync(appLog, "first\nsecond\n");
  writeFileSync(join(folder, "big.log"), `${lines.join("\n")}\n`);
  const shell = new Shell();
  await shell.run(`cd ${folder}`);

  expect(await shell.run(next())).toBe('{"ok":true,"message":"topic created"}\n');
  expect(await shell.run(next())).toBe('{"ok":true,"offset":0,"count":2}\n');
  expect(await shell.run(next())).toBe('{"ok":true,"offset":2,"count":3}\n');
  const batches = await shell.run(next());
  expect(
    batches
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([
    { ok: true, offset: 5, count: 10_000 },
    { ok: true, offset: 10_005, count: 10_000 },
    { ok: true, offset: 20_005, count: 5000 },
  ]);
  expect(await shell.run(next())).toBe('{"ok":true,"offset":25005,"count":25000}\n');

  const read = async (offset: number): Promise<string> =>
    await (await fetch(`${server.url}/logs/payload/${offset}`)).text();
  expect(await read(4)).toBe("\0\x01\x02");
  for (const line of [0, 9999, 10_000, 24_999]) {
    expect(await read(5 + line)).toBe(lines[line]);
    expect(await read(25_005 + line)).toBe(lines[line]);
  }

  const created = await fetch(`${server.url}/logs/scanner?from=end`, { method: "POST" });
  const { id } = (await created.json()) as { id: string };
  const scan = async (): Promise<string> =>
    await (await fetch(`${server.url}/logs/scan?id=${id}&wait=1m`)).text();
  shell.type(next());
  expect([await scan(), await scan()]).toEqual(["first", "second"]);
  for (const line of ["third", "fourth"]) {
    appendFileSync(appLog, `${line}\n`);
    expect(await scan()).toBe(line);
  }
  expect(commands).toEqual([]);
});
