import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { runCommand } from "../../support/run-command.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

/** Keeps what it was asked with; refuses as a server of netlog's does that knows no token. */
async function deafServer(): Promise<{ url: string; authorizations: (string | undefined)[] }> {
  const authorizations: (string | undefined)[] = [];
  const server = createServer(({ headers }, response) => {
    authorizations.push(headers.authorization);
    const error = { ok: false, status: 401, error: "netlog: unauthorized", reason: "no token" };
    response.writeHead(401, { "X-Netlog-Error": "unauthorized" }).end(JSON.stringify(error));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as { port: number };
  return { url: `http://127.0.0.1:${port}`, authorizations };
}

describe("the token", () => {
  test.each([
    ["is none by default", [], {}, undefined],
    ["is in the environment", [], { NETLOG_TOKEN: "abc" }, "Bearer abc"],
    ["is the first line of a file", ["--token-from", "FILE"], {}, "Bearer from-file"],
    ["of a file wins", [], { NETLOG_TOKEN: "abc", NETLOG_TOKEN_FROM: "FILE" }, "Bearer from-file"],
    ["is not the server's own list of tokens", [], { NETLOG_TOKEN_FILE: "FILE" }, undefined],
  ])("%s", async (_what, flags, variables, sent) => {
    const { url, authorizations } = await deafServer();
    const file = join(temporaryFolder(), "token");
    writeFileSync(file, "from-file\nnothing of this\n");
    const here = (text: string): string => text.replace("FILE", file);
    const environment = Object.fromEntries(
      Object.entries(variables).map(([name, text]) => [name, here(text)]),
    );
    const ran = await runCommand(["topics", "--server", url, ...flags.map(here)], { environment });
    const hint = "give a token in NETLOG_TOKEN, or a file that has it with --token-from";
    expect(ran).toEqual({
      status: 7,
      out: "",
      err: `netlog: GET ${url}/: unauthorized, no token; ${hint}\n`,
    });
    expect(authorizations).toEqual([sent]);
  });
});
