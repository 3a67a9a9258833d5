import { expect, test } from "vitest";
import { builtServerForTest } from "../support/built-program.ts";
import { bashCommands, codeBlocks, projectText, section } from "../support/project-files.ts";
import { Shell } from "../support/shell.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const readme = projectText("server/README.md");

test("a stream brings what server/README.md shows", async () => {
  const { port } = await builtServerForTest(temporaryFolder());
  const shell = new Shell();
  const title = "What a stream brings";
  const [create = "", text = "", bytes = "", ...streams] = bashCommands(readme, title, port);
  for (const command of [create, text, bytes]) await shell.run(command);
  let printed = "";
  for (const command of streams) printed += await shell.run(command);
  const [shown] = codeBlocks(section(readme, title), "text");
  expect(printed.replace(/(?<="timestamp":")[^"]*/g, "…")).toBe(shown);
});

test("a message that is given back with a delay counts for max_pending, as server/README.md says", async () => {
  const { port } = await builtServerForTest(temporaryFolder());
  const shell = new Shell();
  const [create = "", publish = "", scanner = "", scan = "", nack = "", again = "", pending = "", ...more] =
    bashCommands(readme, "Workers", port);
  expect(more).toEqual([]);
  for (const command of [create, publish, scanner]) await shell.run(command);
  expect(await shell.run(scan)).toBe("one");
  expect(await shell.run(nack)).toBe('{"ok":true,"settled":1,"refused":[]}\n');
  expect(await shell.run(again)).toContain('"netlog: end of topic"');
  expect(await shell.run(pending)).toMatch(
    /^\[\{"offset":0,"deliveries":1,"state":"delayed","due":"[^"]+"\}\]\n$/,
  );
});
