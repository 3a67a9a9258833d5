import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { builtServerForTest } from "../support/built-program.ts";
import { codeBlocks, projectText, section } from "../support/project-files.ts";
import { Shell } from "../support/shell.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("the README's worker does its jobs, gives back what failed, and gives up in the end", async () => {
  const server = await builtServerForTest(temporaryFolder());
  const [block = "", ...none] = codeBlocks(
    section(projectText("README.md"), "Workers that share a queue"),
    "bash",
  );
  expect(none).toEqual([]);
  const lines = block.replaceAll("localhost:7200", `localhost:${server.port}`).split("\n");
  const [createTopic = "", createScanner = "", ...worker] = lines.filter(
    (line) => line !== "" && !line.startsWith("#"),
  );
  const setUp = new Shell();
  expect(await setUp.run(createTopic)).toContain("topic created");
  for (let i = 0; i < 2; i++) expect(await setUp.run(createScanner)).toContain('"id":"workers"');

  const done = join(temporaryFolder(), "done");
  for (let i = 0; i < 2; i++) {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "work.sh"), `read -r job; echo "$job" >> ${done}; [ "$job" != poison ]\n`);
    const shell = new Shell();
    await shell.run(`cd ${folder}`);
    for (const line of worker) shell.type(line);
  }
  for (const job of ["one", "two", "poison", "three"]) {
    await setUp.run(`curl -sf "localhost:${server.port}/jobs/payload" --data-binary ${job}`);
  }
  const dead = await setUp.run(
    `until curl -sf "localhost:${server.port}/failed/payload/0"; do sleep 0.1; done`,
  );
  expect(dead).toBe("poison");
  const settled = `curl -s "localhost:${server.port}/jobs/scanner?id=workers" | grep -q '"lag":0,"pending":0,'`;
  await setUp.run(`until ${settled}; do sleep 0.1; done`);
  const jobs = readFileSync(done, "utf8").trimEnd().split("\n").sort();
  expect(jobs).toEqual([...Array.from({ length: 5 }, () => "poison"), "one", "three", "two"].sort());
});
