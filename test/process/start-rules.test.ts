/** The program where others can reach it, and where they cannot. */
import { writeFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { formatTokenFile } from "../../server/auth/token-record.ts";
import { runProgram, startServing } from "../support/built-program.ts";
import { HAS_IPV6_LOOPBACK } from "../support/ipv6-loopback.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

if (!HAS_IPV6_LOOPBACK) console.warn("SKIPPED: starting on [::1] needs IPv6 on loopback, and there is none");

/** What it logs when it is started so; it answers, too. */
async function startsOn(listen: string, ...args: readonly string[]): Promise<string> {
  const server = await startServing(["serve", "-dir", temporaryFolder(), "-listen", listen, ...args]);
  onTestFinished(async () => {
    await server.kill();
  });
  const url = server.url.replace("[::]", "127.0.0.1");
  expect((await fetch(`${url}/-/health`)).status).toBe(200);
  // By its end all that it logged has been read.
  await server.stop();
  return server
    .logLines()
    .map(({ level, msg }) => `${String(level)}: ${String(msg)}`)
    .join("\n");
}

test("it starts on loopback as it is", async () => {
  const addresses = ["127.0.0.1:0", "localhost:0", ...(HAS_IPV6_LOOPBACK ? ["[::1]:0"] : [])];
  for (const listen of addresses) expect(await startsOn(listen), listen).not.toContain("warn");
});

test("it needs tokens, or --insecure by name, where others can reach it", async () => {
  const dir = `${temporaryFolder()}/data`;
  const { status, stdout, stderr } = await runProgram(["serve", "-dir", dir, "-listen", ":0"]);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toMatch(/^netlog: others can reach :0, and there are no tokens: [^\n]+--insecure[^\n]*\n$/);
  expect(await startsOn(":0", "--insecure")).toContain("warn: no tokens: everybody who reaches the server");

  const path = `${temporaryFolder()}/tokens.json`;
  writeFileSync(path, formatTokenFile([]), { mode: 0o600 });
  const log = await startsOn(":0", "--token-file", path);
  expect(log).toContain("warn: the token file holds no tokens: no client may use the server");
  expect(log).toContain("warn: no TLS: tokens and messages can be read on their way");
});

test("it ends with status 1 and one line when a file cannot be used", async () => {
  const path = `${temporaryFolder()}/tokens.json`;
  const args = ["serve", "-dir", temporaryFolder(), "-listen", "127.0.0.1:0", "--token-file", path];
  const { status, stdout, stderr } = await runProgram(args);
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toBe(`netlog: the token file ${path} does not exist\n`);
});
