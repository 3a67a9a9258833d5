import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startServing } from "../support/built-program.ts";
import { codeBlocks, PROJECT_ROOT, projectText, section } from "../support/project-files.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("what `netlog config` in server/README.md prints is a file that the server starts with", async () => {
  const [block = "", ...none] = codeBlocks(section(projectText("server/README.md"), "Options"), "bash");
  const [print = "", serve = "", ...more] = block.split("\n").filter((line) => !/^(#|$)/.test(line));
  expect([...none, ...more]).toEqual([]);

  const place = temporaryFolder();
  const inPlace = print.replace("cmd/netlog.cjs", join(PROJECT_ROOT, "cmd/netlog.cjs"));
  const { status, stderr } = spawnSync("bash", ["-c", inPlace], { cwd: place, encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(readFileSync(join(place, "netlog.toml"), "utf8")).toMatch(
    /^segment_age = "7day" +# --segment-age$/m,
  );

  // What npm start is given behind the two dashes is what the program is given.
  const [flag = "", file = "", ...others] = serve.replace("npm start -- ", "").split(" ");
  expect([flag, ...others]).toEqual(["--config"]);
  const server = await startServing([
    "serve",
    flag,
    join(place, file),
    "-listen",
    "127.0.0.1:0",
    "-dir",
    place,
  ]);
  onTestFinished(async () => {
    await server.kill();
  });
  await fetch(`${server.url}/demo`, { method: "POST" });
  const { settings } = (await (await fetch(`${server.url}/demo`)).json()) as { settings: object };
  expect(settings).toMatchObject({ segment_age: "7day" });
});
