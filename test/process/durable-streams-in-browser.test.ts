/** The protocol's own TypeScript client, unmodified, in a page of another origin, over a kill of the server. */
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { browse, findBrowser, Page } from "../support/browser.ts";
import { type BuiltServer, startServing } from "../support/built-program.ts";
import { bundle } from "../support/bundle.ts";
import { PROJECT_ROOT } from "../support/project-files.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const browser = findBrowser("the Durable Streams client in a page");
const CLIENT = `${PROJECT_ROOT}node_modules/@durable-streams/client/dist/index.js`;

function scriptOf(url: string): string {
  return `
    import { DurableStream, IdempotentProducer, stream } from ${JSON.stringify(CLIENT)};

    let told = Promise.resolve();
    const tell = (...things) => {
      const body = JSON.stringify(things.map(String));
      told = told.then(() => fetch("/told", { method: "POST", body }));
    };
    addEventListener("unhandledrejection", ({ reason }) => tell("failed", reason?.stack ?? reason));

    const url = ${JSON.stringify(`${url}/-/streams/page/numbers`)};
    const handle = await DurableStream.create({ url, contentType: "application/json" });
    const producer = new IdempotentProducer(handle, "page", { lingerMs: 1 });
    for (const number of [1, 2, 3]) producer.append(String(number));
    await producer.flush();
    const { offset, contentType } = await handle.head();
    tell("head", offset, contentType);

    let next = "-1";
    for (let isClosed = false; !isClosed; ) {
      const reader = await stream({ url, offset: next, live: "sse", json: true });
      reader.subscribeJson(async ({ items, offset }) => {
        for (const item of items) tell("number", item);
        next = offset;
      });
      await reader.closed.catch(() => tell("away"));
      // What came last is given out behind the end.
      while (next !== reader.offset) await new Promise((resolve) => setTimeout(resolve));
      isClosed = reader.streamClosed;
    }
    tell("closed", next);
  `;
}

describe.skipIf(browser === undefined)("the Durable Streams client in a browser", () => {
  it("writes, reads as it comes, comes back after a kill, and sees the end", async () => {
    const folder = temporaryFolder();
    const page = new Page();
    const origin = await page.listen();
    const serve = async (listen: string): Promise<BuiltServer> => {
      const data = join(folder, "data");
      const server = await startServing(["serve", "-listen", listen, "-dir", data, "--cors-origin", origin]);
      onTestFinished(async () => {
        await server.kill();
      });
      return server;
    };
    const first = await serve("127.0.0.1:0");
    page.script = await bundle(scriptOf(first.url));
    page.html = '<!doctype html><title>streams</title><script type="module" src="/script.js"></script>';
    browse(browser!, origin, join(folder, "profile"));
    await page.toldOf("number", 3);
    await first.kill();
    const second = await serve(`127.0.0.1:${first.port}`);
    const append = await fetch(`${second.url}/-/streams/page/numbers`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Stream-Closed": "true" },
      body: "[4, 5]",
    });
    expect(append.status).toBe(204);
    await page.toldOf("closed", 1);
    expect(page.of("failed")).toEqual([]);
    expect(page.of("head")).toEqual([["0000000000000003_0000000000000000", "application/json"]]);
    expect(page.of("number")).toEqual([["1"], ["2"], ["3"], ["4"], ["5"]]);
    expect(page.of("closed")).toEqual([["0000000000000005_0000000000000000"]]);
  });
});
