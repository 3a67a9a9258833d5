import { writeFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { startServing } from "../support/built-program.ts";
import { testCertificate } from "../support/certificate.ts";
import { codeBlocks, PROJECT_ROOT, projectText, section } from "../support/project-files.ts";
import { Shell } from "../support/shell.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("server/README.md's tokens open what they are for, until they are taken back", async () => {
  const folder = temporaryFolder();
  const { cert, key } = await testCertificate();
  writeFileSync(`${folder}/cert.pem`, cert);
  writeFileSync(`${folder}/key.pem`, key);
  const [block = "", ...none] = codeBlocks(
    section(projectText("server/README.md"), "Who may connect"),
    "bash",
  );
  expect(none).toEqual([]);
  const lines = block.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const next = (): string =>
    (lines.shift() ?? "false").replaceAll("cmd/netlog.cjs", `${PROJECT_ROOT}cmd/netlog.cjs`);
  const shell = new Shell();
  await shell.run(`cd ${folder}`);
  for (let made = 0; made < 2; made++) await shell.run(next());

  const [, flags = ""] = next().split("npm start -- ");
  const named = flags
    .replace(":7200", ":0")
    .replaceAll(/\b(\w+\.(?:json|pem))/g, `${folder}/$1`)
    .split(" ");
  const server = await startServing(["serve", "-dir", `${folder}/data`, ...named]);
  onTestFinished(async () => {
    await server.kill();
  });
  const call = (): string =>
    next()
      .replace("queue.example:7200", `localhost:${server.port}`)
      .replace("curl", "curl -sS --cacert cert.pem");
  expect(await shell.run(call())).toContain("topic created");
  const publish = call();
  expect(await shell.run(publish)).toBe("");
  expect(await shell.run(next())).toMatch(/^NAME .*\nadmin +\* .*\nci +logs-\* +read,write .*\n$/);
  await shell.run(next());
  expect(lines).toEqual([]);
  expect(await shell.run(publish)).toBe("");
  server.signal("SIGHUP");
  const refused = await shell.run(`until ${publish} | grep unauthorized; do sleep 0.1; done`);
  expect(refused).toContain('"netlog: unauthorized"');
});
