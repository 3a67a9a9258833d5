/** The section on gRPC, by a client that nobody here wrote: buf, which asks the server by reflection what there is. */
import { expect, test } from "vitest";
import { builtServerForTest } from "../support/built-program.ts";
import { bashCommands, PROJECT_ROOT, projectText } from "../support/project-files.ts";
import { Shell } from "../support/shell.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("server/README.md's calls publish and read a message", async () => {
  const server = await builtServerForTest(temporaryFolder(), ["--grpc-listen", "127.0.0.1:0"]);
  const { grpcPort } = await server.logged("gRPC on ");
  const shell = new Shell();
  await shell.run(`PATH="${PROJECT_ROOT}node_modules/.bin:$PATH"; export HOME="${temporaryFolder()}"`);
  const answers: unknown[] = [];
  for (const command of bashCommands(projectText("server/README.md"), "gRPC", server.port)) {
    const output = await shell.run(command.replace("localhost:7201", `localhost:${String(grpcPort)}`));
    answers.push(JSON.parse(output));
  }
  const [made, published, read] = answers;
  expect(made).toMatchObject({ topic: { name: "demo", settings: { segmentAge: "30day" } } });
  expect(published).toMatchObject({ offset: "0", durability: "DURABILITY_SYNCED" });
  expect(read).toMatchObject({ messages: [{ payload: "aGVsbG8=", key: "a" }], nextOffset: "1" });
});
