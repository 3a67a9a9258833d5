import { expect, test } from "vitest";
import { builtServerForTest } from "../support/built-program.ts";
import { bashCommands, projectText } from "../support/project-files.ts";
import { Shell } from "../support/shell.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("server/README.md's stream holds what both doors brought, and ends", async () => {
  const server = await builtServerForTest(temporaryFolder());
  const shell = new Shell();
  const outputs: string[] = [];
  for (const command of bashCommands(projectText("server/README.md"), "Durable Streams", server.port)) {
    outputs.push(await shell.run(command));
  }
  const [, , , array = "", lines = "", end, events = ""] = outputs;
  expect(array).toBe('["hello",{"to":"you"},"good bye"]');
  const messages = lines
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { payload: string });
  expect(messages.map(({ payload }) => payload)).toEqual(['"hello"', '{"to":"you"}', '"good bye"']);
  expect(end).toBe("");
  expect(events).toMatch(
    /^event: data\ndata:\["hello",{"to":"you"},"good bye","the end"\]\n\nevent: control\n/,
  );
  expect(events).toContain('"streamClosed":true');
});
