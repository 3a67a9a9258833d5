/** What server/README.md says of streams in a browser, in one. */
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { browse, findBrowser, Page } from "../support/browser.ts";
import { type BuiltServer, startServing } from "../support/built-program.ts";
import { codeBlocks, projectText, section } from "../support/project-files.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const browser = findBrowser("server/README.md's streams");
const MAX_CONNECTIONS = 6;

/** A server with a topic `mixed` of a text and of bytes, which pages of `origin` may use. */
async function serveMixed(origin: string): Promise<BuiltServer> {
  const folder = temporaryFolder();
  const server = await startServing(["-listen", "127.0.0.1:0", "-dir", folder, "--cors-origin", origin]);
  onTestFinished(async () => {
    await server.kill();
  });
  for (const [path, body] of [["/mixed"], ["/mixed/payload", "a text"], ["/mixed/payload", "\0\xff"]]) {
    const bytes = body === undefined ? {} : { body: Buffer.from(body, "latin1") };
    expect((await fetch(`${server.url}${path}`, { method: "POST", ...bytes })).status).toBe(201);
  }
  return server;
}

/** Opens a page with this script, whose \`tell\` tells the test, in order. */
function open(page: Page, origin: string, script: string): void {
  page.html = `<!doctype html><title>streams</title><script type="module">
    let told = Promise.resolve();
    const tell = (...texts) => {
      const body = JSON.stringify(texts.map(String));
      told = told.then(() => fetch("/told", { method: "POST", body }));
    };
    ${script}
  </script>`;
  browse(browser!, origin, join(temporaryFolder(), "profile"));
}

describe.skipIf(browser === undefined)("a stream in a browser", () => {
  it("brings text and bytes to the listeners that are shown", async () => {
    const page = new Page();
    const origin = await page.listen();
    const { port } = await serveMixed(origin);
    const [shown = ""] = codeBlocks(section(projectText("server/README.md"), "What a stream brings"), "js");
    const script = shown.replace("localhost:7200", `localhost:${port}`);
    open(page, origin, `console.log = (id, data) => tell("seen", id, data);\n${script}`);
    await page.toldOf("seen", 2);
    expect(page.of("seen")).toEqual([
      ["0", "a text"],
      ["1", "0,255"],
    ]);
  });

  it("waits when the browser has six of the server", async () => {
    const page = new Page();
    const origin = await page.listen();
    const { url } = await serveMixed(origin);
    const script = `
      let openCount = 0;
      const streams = Array.from({ length: ${MAX_CONNECTIONS + 1} }, () => new EventSource("${url}/mixed/stream"));
      for (const stream of streams) stream.onopen = () => {
        tell("open");
        if (++openCount !== ${MAX_CONNECTIONS}) return;
        tell("close");
        streams.find(({ readyState }) => readyState === EventSource.OPEN).close();
      };`;
    open(page, origin, script);
    await page.toldOf("open", MAX_CONNECTIONS + 1);
    expect(page.told.findIndex(([kind]) => kind === "close")).toBe(MAX_CONNECTIONS);
  });
});
