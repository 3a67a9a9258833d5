import { expect, test } from "vitest";
import { builtServerForTest } from "../support/built-program.ts";
import { bashCommands, projectText } from "../support/project-files.ts";
import { Shell } from "../support/shell.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("server/README.md's lists of topics begin with what they are asked for", async () => {
  const { url, port } = await builtServerForTest(temporaryFolder());
  const post = (path: string, body = "") => fetch(`${url}${path}`, { method: "POST", body });
  for (const topic of ["few", "many"]) await post(`/${topic}`);
  await post("/many/batch?format=lines", "one\ntwo\n");
  await post("/few/payload", "one");
  await post("/few/scanner?from=0");
  const [byMessages = "", byLag = "", ...more] = bashCommands(
    projectText("server/README.md"),
    "Topics with their figures",
    port,
  );
  expect(more).toEqual([]);
  const shell = new Shell();
  const names = async (command: string): Promise<string[]> => {
    const { topics } = JSON.parse(await shell.run(command)) as { topics: { name: string }[] };
    return topics.map(({ name }) => name);
  };
  expect(await names(byMessages)).toEqual(["many", "few"]);
  expect(await names(byLag)).toEqual(["few", "many"]);
});
