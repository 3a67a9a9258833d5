import { expect, onTestFinished, test } from "vitest";
import { startServing } from "../support/built-program.ts";
import { fillPgliteFolder } from "../support/pglite.ts";
import { codeBlocks, PROJECT_ROOT, projectText, section } from "../support/project-files.ts";
import { Shell } from "../support/shell.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("server/README.md's journal shows a user of a domain what happened to a client of it", async () => {
  const folder = temporaryFolder();
  const [block = "", ...none] = codeBlocks(section(projectText("server/README.md"), "Views"), "bash");
  expect(none).toEqual([]);
  const lines = block.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const next = (): string =>
    (lines.shift() ?? "false").replace("cmd/netlog.cjs", `${PROJECT_ROOT}cmd/netlog.cjs`);
  const shell = new Shell();
  await shell.run(`cd ${folder}`);
  for (let made = 0; made < 2; made++) await shell.run(next());

  const [, flags = ""] = next().split("npm start -- ");
  const named = flags.replace("tokens.json", `${folder}/tokens.json`).split(" ");
  const free = ["--listen", "127.0.0.1:0", "--view-set", "journal.HTTP_PORT=0"];
  await fillPgliteFolder(`${folder}/data/.views`);
  const server = await startServing(["serve", "--dir", `${folder}/data`, ...named, ...free]);
  onTestFinished(async () => {
    await server.kill();
  });
  const { port } = await server.logged("the api of journal listens");
  const call = (): string =>
    next()
      .replace("localhost:7200", `localhost:${server.port}`)
      .replace("localhost:9021", `localhost:${String(port)}`);
  expect(await shell.run(call())).toContain("topic created");
  expect(await shell.run(call())).toBe("");
  const ask = call();
  expect(lines).toEqual([]);
  const journals = async (): Promise<unknown> => JSON.parse(await shell.run(ask));
  await expect.poll(journals).toMatchObject({
    total: 1,
    journals: [{ operation: "client.create", attributes: { id: "c1" } }],
  });
});
